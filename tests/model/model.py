#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second implementation of the protocol's structures, from its text alone.

It shares no code with the C programs. Each function makes one structure of
docs/protocol.md; `generate.py` feeds them fixed inputs and writes the vectors.
"""
import hashlib
import hmac

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ORDER = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": int("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF"
                 "581A0DB248B0A77AECEC196ACCC52973", 16),
}
CURVE = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
SIZE = {"P-256": 32, "P-384": 48}
ZERO = bytes(32)


def sha256(data):
    return hashlib.sha256(data).digest()


def sha512(data):
    return hashlib.sha512(data).digest()


def u16(n):
    return n.to_bytes(2, "big")


def u32(n):
    return n.to_bytes(4, "big")


def u64(n):
    return n.to_bytes(8, "big")


# ---- keys ----

def ec_key(curve, scalar):
    return ec.derive_private_key(scalar, CURVE[curve])


def spki(key):
    public = key.public_key() if hasattr(key, "public_key") else key
    return public.public_bytes(serialization.Encoding.DER,
                               serialization.PublicFormat.SubjectPublicKeyInfo)


def key_id(key):
    return sha256(spki(key))


def der_int(n):
    raw = n.to_bytes(n.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(raw)]) + raw


def ecdsa_sha256(curve, scalar, message):
    """ECDSA with the nonce of RFC 6979, so that vectors are the same on every run."""
    n, size = ORDER[curve], SIZE[curve]
    digest = sha256(message)
    h = int.from_bytes(digest, "big") % n
    x = scalar.to_bytes(size, "big")
    k, v = bytes(32), b"\x01" * 32
    # For P-384 the 32-byte digest is padded on the left to the order's size (bits2octets).
    seed = x + h.to_bytes(size, "big")
    k = hmac.digest(k, v + b"\x00" + seed, "sha256")
    v = hmac.digest(k, v, "sha256")
    k = hmac.digest(k, v + b"\x01" + seed, "sha256")
    v = hmac.digest(k, v, "sha256")
    while True:
        t = b""
        while len(t) < size:
            v = hmac.digest(k, v, "sha256")
            t += v
        nonce = int.from_bytes(t[:size], "big")
        if 1 <= nonce < n:
            r = ec_key(curve, nonce).public_key().public_numbers().x % n
            s = pow(nonce, -1, n) * (h + r * scalar) % n
            if r and s:
                body = der_int(r) + der_int(s)
                return b"\x30" + bytes([len(body)]) + body
        k = hmac.digest(k, v + b"\x00", "sha256")
        v = hmac.digest(k, v, "sha256")


# ---- section 2: genesis, history ----

def genesis(deployment_id, root_key_id, genesis_key_ids):
    return sha256(b"contrast/v1/genesis\0" + deployment_id + root_key_id +
                  sha256(b"".join(sorted(genesis_key_ids))))


def owners(k, ids):
    return sha256(b"contrast/v1/owners\0" + bytes([k]) + b"".join(sorted(ids)))


def transition(previous, manifest_hash, owners_digest, generation):
    return sha256(b"contrast/v1/transition\0" + previous + manifest_hash + owners_digest +
                  u64(generation))


def sign_transition(curve, scalar, t):
    return ecdsa_sha256(curve, scalar, t.hex().encode())


def record(generation, previous, manifest_hash, k, ids, signatures):
    """signatures: pairs of SubjectPublicKeyInfo and DER signature."""
    out = b"\x01" + u64(generation) + previous + manifest_hash + bytes([k, len(ids)])
    out += b"".join(sorted(ids))
    out += bytes([len(signatures)])
    for key, signature in sorted(signatures, key=lambda s: sha256(s[0])):
        out += u16(len(key)) + key + u16(len(signature)) + signature
    return out


# ---- section 3: state record ----

def state_record(phase, generation, genesis_hash, head, root, mesh, previous_mesh, kem, answer,
                 log_size, log_root, time):
    out = (b"\x01" + bytes([phase]) + u64(generation) + genesis_hash + head + root + mesh +
           previous_mesh + kem + answer + u64(log_size) + log_root + u64(time))
    assert len(out) == 282
    return out


# ---- section 4: binding ----

def exporter_label(purpose, attester):
    return "EXPORTER-contrast-" + purpose + "-" + attester


def leaf(purpose, role, tee, nonce, attester_key_id, peer_key_id, exporter, payload):
    return sha512(b"\0" + b"contrast/v1/" + purpose.encode() + b"\0" + bytes([role, tee]) + nonce +
                  attester_key_id + peer_key_id + exporter + sha256(payload))


def vtpm_extra_data(report_data):
    """What a virtual TPM's quote is bound by where the leaf is 64 bytes and its room is not."""
    return sha256(b"contrast/v1/vtpm\0" + report_data)


def vtpm_policy_register(policy):
    """A register that was extended once, from zeros, with a policy hash."""
    return sha256(bytes(32) + policy)


def batch(leaves):
    """Root and proofs of a tree that is padded to a power of two with 64 zero bytes."""
    depth = max(len(leaves) - 1, 0).bit_length()
    level = list(leaves) + [bytes(64)] * ((1 << depth) - len(leaves))
    levels = [level]
    while len(level) > 1:
        level = [sha512(b"\x01" + level[i] + level[i + 1]) for i in range(0, len(level), 2)]
        levels.append(level)
    proofs = []
    for index in range(len(leaves)):
        path, at = [], index
        for lv in levels[:-1]:
            path.append(lv[at ^ 1])
            at >>= 1
        proofs.append((index, path))
    return level[0], proofs


def batch_root(own, index, path):
    if index >= 1 << len(path) or len(path) > 12:
        raise ValueError("index out of range")
    for i, sibling in enumerate(path):
        pair = sibling + own if index >> i & 1 else own + sibling
        own = sha512(b"\x01" + pair)
    return own


def keeper_nonce(key, time, random):
    return u64(time) + random + hmac.digest(key, u64(time) + random, "sha256")[:16]


# ---- section 6: answers, bundle, sealing ----

def answer_message(path, genesis_hash, head, request, answer):
    return (b"contrast/v1/answer\0" + path.encode() + b"\0" + genesis_hash + head +
            sha256(request) + sha256(answer))


def bundle_message(body):
    return b"contrast/v1/bundle\0" + body


def seal_info(what, genesis_hash):
    return b"contrast/v1/seal/" + what.encode() + b"\0" + genesis_hash


def hkdf_extract(salt, ikm):
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def hkdf_expand(prk, info, n):
    out, t, i = b"", b"", 1
    while len(out) < n:
        t = hmac.digest(prk, t + info + bytes([i]), "sha256")
        out += t
        i += 1
    return out[:n]


def hpke_seal(ephemeral, recipient_public, info, aad, plain):
    """RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM."""
    kem = b"KEM\x00\x20"
    suite = b"HPKE\x00\x20\x00\x01\x00\x02"

    def extract(s, salt, label, ikm):
        return hkdf_extract(salt, b"HPKE-v1" + s + label + ikm)

    def expand(s, prk, label, context, n):
        return hkdf_expand(prk, u16(n) + b"HPKE-v1" + s + label + context, n)

    mine = x25519.X25519PrivateKey.from_private_bytes(ephemeral)
    raw = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    enc = mine.public_key().public_bytes(*raw)
    dh = mine.exchange(x25519.X25519PublicKey.from_public_bytes(recipient_public))
    shared = expand(kem, extract(kem, b"", b"eae_prk", dh), b"shared_secret",
                    enc + recipient_public, 32)
    context = (b"\x00" + extract(suite, b"", b"psk_id_hash", b"") +
               extract(suite, b"", b"info_hash", info))
    secret = extract(suite, shared, b"secret", b"")
    key = expand(suite, secret, b"key", context, 32)
    nonce = expand(suite, secret, b"base_nonce", context, 12)
    return enc + AESGCM(key).encrypt(nonce, plain, aad)


# ---- section 7: keys from the seed ----

def derive(seed, salt, purpose, ident, n):
    prk = hkdf_extract(salt, seed)
    return hkdf_expand(prk, b"contrast/v1/" + purpose.encode() + b"\0" + u32(len(ident)) + ident, n)


def wide_scalar(curve, wide):
    return int.from_bytes(wide, "big") % (ORDER[curve] - 1) + 1


def derive_ec(seed, salt, curve, purpose, ident):
    return wide_scalar(curve, derive(seed, salt, purpose, ident, SIZE[curve] + 24))


def workload_secret(seed, salt, workload_secret_id, version):
    return derive(seed, salt, "workload-secret", workload_secret_id + b"\0" + u32(version), 64)


def transit_branch(seed, salt):
    return derive(seed, salt, "transit", b"", 32)


def transit_key(branch, name, version):
    return hkdf_expand(branch, b"contrast/v1/transit-key\0" + u32(len(name)) + name + u32(version),
                       32)


# ---- section 9: shares, log ----

def gf_mul(a, b):
    """By long division, on purpose another way than the C code's."""
    product = 0
    for bit in range(8):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << (bit - 8)
    return product


def shamir_split(secret, coefficients, k, n):
    shares = []
    for x in range(1, n + 1):
        share = bytearray()
        for at, byte in enumerate(secret):
            value, power = byte, 1
            for row in range(k - 1):
                power = gf_mul(power, x)
                value ^= gf_mul(coefficients[row * len(secret) + at], power)
            share.append(value)
        shares.append(bytes(share))
    return shares


def share_commitment(index, share):
    return sha256(b"contrast/v1/share\0" + bytes([index]) + share)


def shares_message(genesis_hash, k, commitments, owner_ids, salt_commitment):
    """What the root key signs: index 0 commits to the salt."""
    out = b"contrast/v1/shares\0" + genesis_hash + bytes([k, len(commitments)]) + salt_commitment
    for index, (c, owner) in enumerate(zip(commitments, owner_ids), 1):
        out += bytes([index]) + owner + c
    return out


def merkle_root(leaves):
    """RFC 9162 section 2.1.1, by recursion on the largest power of two below the size."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + merkle_root(leaves[:split]) + merkle_root(leaves[split:]))


def merkle_leaf(entry):
    return sha256(b"\x00" + entry)


def merkle_inclusion(index, leaves):
    if len(leaves) == 1:
        return []
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < split:
        return merkle_inclusion(index, leaves[:split]) + [merkle_root(leaves[split:])]
    return merkle_inclusion(index - split, leaves[split:]) + [merkle_root(leaves[:split])]


def merkle_consistency(size, leaves, whole=True):
    if size == len(leaves):
        return [] if whole else [merkle_root(leaves)]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if size <= split:
        return merkle_consistency(size, leaves[:split], whole) + [merkle_root(leaves[split:])]
    return (merkle_consistency(size - split, leaves[split:], False) +
            [merkle_root(leaves[:split])])


def log_entry(time, head, policy, cert_hash):
    return u64(time) + head + policy + cert_hash


def checkpoint_message(genesis_hash, log_id, size, root, time):
    return b"contrast/v1/checkpoint\0" + genesis_hash + log_id + u64(size) + root + u64(time)
