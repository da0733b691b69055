#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/model/vectors/*.json from the model, or compares with --check.

Usage: generate.py [--check] [DIR]
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import model as m  # noqa: E402


def h(data):
    return data.hex()


def fixed(label, n=32):
    """Input bytes that mean nothing: SHA-256 in counter mode over the label."""
    return m.hkdf_expand(m.sha256(b"vector " + label.encode()), b"", n)


def owner(label, curve="P-384"):
    scalar = m.wide_scalar(curve, fixed("owner " + label, m.SIZE[curve] + 24))
    key = m.ec_key(curve, scalar)
    return {"curve": curve, "scalar": scalar, "spki": m.spki(key), "id": m.key_id(key)}


OWNERS = [owner("alice"), owner("bob", "P-256"), owner("carol")]
DEPLOYMENT = fixed("deployment", 16)
SEED, SALT = fixed("seed", 64), fixed("salt", 32)
ROOT = m.ec_key("P-384", m.derive_ec(SEED, SALT, "P-384", "root-ca", b""))


def vec_genesis():
    rows = []
    for n in (1, 2, 3):
        ids = [o["id"] for o in OWNERS[:n]]
        rows.append({"deployment_id": h(DEPLOYMENT), "root_key_id": h(m.key_id(ROOT)),
                     "genesis_keys": [h(i) for i in ids],
                     "genesis": h(m.genesis(DEPLOYMENT, m.key_id(ROOT), ids))})
    return rows


def vec_owners():
    rows = [{"k": 0, "ids": [], "owners": h(m.owners(0, []))}]
    for n in (1, 2, 3):
        ids = [o["id"] for o in OWNERS[:n]]
        for k in range(1, n + 1):
            rows.append({"k": k, "ids": [h(i) for i in ids], "owners": h(m.owners(k, ids))})
    return rows


def sign(o, t):
    return o["spki"], m.sign_transition(o["curve"], o["scalar"], t)


def vec_chain():
    """Alice's first set; then two of three must sign; then updates end."""
    alice, bob, carol = OWNERS
    g = m.genesis(DEPLOYMENT, m.key_id(ROOT), [alice["id"]])
    steps = [(1, [alice], [alice]), (2, [alice, bob, carol], [alice]), (0, [], [alice, carol])]
    previous, records = g, []
    for generation, (k, owners, signers) in enumerate(steps, 1):
        manifest = fixed("manifest %d" % generation)
        ids = [o["id"] for o in owners]
        digest = m.owners(k, ids)
        t = m.transition(previous, manifest, digest, generation)
        signatures = [sign(o, t) for o in signers]
        records.append({
            "generation": generation, "previous": h(previous), "manifest": h(manifest), "k": k,
            "owners": [h(i) for i in sorted(ids)], "owners_digest": h(digest),
            "transition": h(t), "message": t.hex(),
            "signatures": [{"spki": h(s), "der": h(d)} for s, d in signatures],
            "record": h(m.record(generation, previous, manifest, k, ids, signatures))})
        previous = t
    return {"deployment_id": h(DEPLOYMENT), "genesis_keys": [h(alice["id"])],
            "root_key_id": h(m.key_id(ROOT)), "genesis": h(g), "records": records,
            "keys": [{"name": n, "curve": o["curve"], "spki": h(o["spki"]), "id": h(o["id"]),
                      "scalar": h(o["scalar"].to_bytes(m.SIZE[o["curve"]], "big"))}
                     for n, o in zip(("alice", "bob", "carol"), OWNERS)]}


def vec_state():
    names = ("genesis", "head", "root_key", "mesh_key", "previous_mesh_key", "kem", "answer_key")
    rows = []
    for phase, generation, zero in ((0, 0, ("head", "mesh_key", "previous_mesh_key")),
                                    (1, 0, names[:5]), (2, 7, ("previous_mesh_key",)),
                                    (2, 2**64 - 1, ())):
        f = {n: m.ZERO if n in zero else fixed("state " + n) for n in names}
        size = generation * 3 % 2**64
        root = m.sha256(b"") if size == 0 else fixed("log root")
        rec = m.state_record(phase, generation, *(f[n] for n in names), size, root, 1795499220)
        row = {n: h(v) for n, v in f.items()}
        row.update(phase=phase, generation=str(generation), log_size=str(size), log_root=h(root),
                   time="1795499220", record=h(rec))
        rows.append(row)
    return rows


def vec_binding():
    rows = []
    for purpose, role, name in (("attest", 1, "server"), ("statement", 1, "server"),
                                ("mesh-cert", 2, "client"), ("peer", 2, "client")):
        for tee in (1, 2, 3, 4):
            own = fixed("attester " + purpose)
            peer = m.ZERO if role == 1 else fixed("peer key")
            exporter = m.ZERO if purpose == "statement" else fixed("exporter " + purpose)
            payload = fixed("payload " + purpose, {"attest": 282, "statement": 282,
                                                   "mesh-cert": 32 + 90, "peer": 32}[purpose])
            nonce = fixed("nonce")
            rows.append({"purpose": purpose, "role": role, "tee": tee, "nonce": h(nonce),
                         "attester_key_id": h(own), "peer_key_id": h(peer),
                         "exporter": h(exporter), "payload": h(payload),
                         "exporter_label": m.exporter_label(purpose, name),
                         "leaf": h(m.leaf(purpose, role, tee, nonce, own, peer, exporter,
                                          payload))})
    return rows


def vec_vtpm():
    return [{"report_data": h(data), "extra_data": h(m.vtpm_extra_data(data)),
             "policy": h(policy), "register": h(m.vtpm_policy_register(policy))}
            for data, policy in ((bytes(64), bytes(32)),
                                 (fixed("report data", 64), fixed("policy")))]


def vec_batch():
    rows = []
    for n in (1, 2, 3, 5, 8, 33):
        leaves = [fixed("leaf %d" % i, 64) for i in range(n)]
        root, proofs = m.batch(leaves)
        for index, path in proofs:
            assert m.batch_root(leaves[index], index, path) == root
        rows.append({"leaves": [h(x) for x in leaves], "root": h(root),
                     "proofs": [{"index": i, "path": [h(p) for p in path],
                                 "wire": h(m.u16(i) + b"".join(path))} for i, path in proofs]})
    return rows


def vec_nonce():
    key = fixed("nonce key")
    return [{"key": h(key), "time": str(t), "random": h(fixed("random", 8)),
             "nonce": h(m.keeper_nonce(key, t, fixed("random", 8)))}
            for t in (0, 1795499220, 2**40)]


def vec_keys():
    head = fixed("head")
    ecs = []
    for purpose, curve, ident in (("root-ca", "P-384", b""), ("mesh-ca", "P-256", head),
                                  ("mesh-ca", "P-256", fixed("other head")),
                                  ("log", "P-256", b"")):
        wide = m.derive(SEED, SALT, purpose, ident, m.SIZE[curve] + 24)
        d = m.wide_scalar(curve, wide)
        ecs.append({"purpose": purpose, "curve": curve, "id": h(ident), "wide": h(wide),
                    "scalar": h(d.to_bytes(m.SIZE[curve], "big")),
                    "spki": h(m.spki(m.ec_key(curve, d)))})
    secrets = [{"workload_secret_id": w, "version": v,
                "secret": h(m.workload_secret(SEED, SALT, w.encode(), v))}
               for w, v in (("apps/v1/Deployment/shop/cart", 1), ("0_foo", 1), ("foo", 0),
                            ("\u00e9t\u00e9", 2**32 - 1))]
    branch = m.transit_branch(SEED, SALT)
    transit = [{"name": n, "version": v, "key": h(m.transit_key(branch, n.encode(), v))}
               for n, v in (("vault", 1), ("vault", 2), ("", 1))]
    # Reductions at the edges: all ones, the modulus, one less, zero.
    wides = []
    for curve in ("P-256", "P-384"):
        n, size = m.ORDER[curve], m.SIZE[curve] + 24
        for value in (0, 1, n - 2, n - 1, n, 2**(8 * size) - 1):
            wide = value.to_bytes(size, "big")
            wides.append({"curve": curve, "wide": h(wide),
                          "scalar": h(m.wide_scalar(curve, wide).to_bytes(m.SIZE[curve], "big"))})
    return {"seed": h(SEED), "salt": h(SALT), "prk": h(m.hkdf_extract(SALT, SEED)), "ec": ecs,
            "wide": wides, "workload_secrets": secrets, "transit_branch": h(branch),
            "transit": transit}


def vec_answer():
    rows = []
    scalar = m.wide_scalar("P-256", fixed("answer key", 56))
    spki = m.spki(m.ec_key("P-256", scalar))
    for path, request, answer in (("/v1/manifest", b'{"a":1}', b'{"b":2}'),
                                  ("/v1/mesh/cert", b"", b""), ("/v1/recover", b"x", b"y")):
        msg = m.answer_message(path, fixed("genesis"), fixed("head"), request, answer)
        rows.append({"path": path, "genesis": h(fixed("genesis")), "head": h(fixed("head")),
                     "request": h(request), "answer": h(answer), "message": h(msg),
                     "key": h(spki), "signature": h(m.ecdsa_sha256("P-256", scalar, msg))})
    body = b'{"version":1}'
    return {"answers": rows,
            "bundle": {"body": h(body), "message": h(m.bundle_message(body)), "key": h(spki),
                       "signature": h(m.ecdsa_sha256("P-256", scalar, m.bundle_message(body)))}}


def vec_sealing():
    # The RFC's own vectors for this suite (base mode, sequence number 0).
    rfc = {"skEm": "179d4b53b6365c45b600c4163b61d95cbc2f4d9e36f1695558dce265ab8bab11",
           "skRm": "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d",
           "pkRm": "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c",
           "enc": "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256",
           "info": "4f6465206f6e2061204772656369616e2055726e", "aad": "436f756e742d30",
           "pt": "4265617574792069732074727574682c20747275746820626561757479",
           "ct": "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925"
                 "cdad859d5b7a"}
    sealed = m.hpke_seal(*(bytes.fromhex(rfc[n]) for n in ("skEm", "pkRm", "info", "aad", "pt")))
    assert h(sealed) == rfc["enc"] + rfc["ct"]
    rows = []
    recipient = m.x25519.X25519PrivateKey.from_private_bytes(fixed("recipient"))
    public = recipient.public_key().public_bytes(m.serialization.Encoding.Raw,
                                                 m.serialization.PublicFormat.Raw)
    for what, n in (("workload-secret", 64), ("recover", 129), ("peer-state", 128), ("", 0)):
        info, plain = m.seal_info(what, fixed("genesis")), fixed("plain", n) if n else b""
        rows.append({"what": what, "genesis": h(fixed("genesis")), "info": h(info),
                     "ephemeral": h(fixed("ephemeral")), "recipient": h(fixed("recipient")),
                     "recipient_public": h(public), "plain": h(plain),
                     "sealed": h(m.hpke_seal(fixed("ephemeral"), public, info, b"", plain))})
    return {"rfc9180": rfc, "sealed": rows}


def vec_shares():
    rows = []
    for k, n in ((1, 1), (1, 3), (2, 3), (3, 5), (5, 5)):
        coefficients = fixed("coefficients", (k - 1) * 64) if k > 1 else b""
        shares = m.shamir_split(SEED, coefficients, k, n)
        commitments = [m.share_commitment(i, s) for i, s in enumerate(shares, 1)]
        owner_ids = [fixed("share owner %d" % i) for i in range(n)]
        salt = m.share_commitment(0, SALT)
        rows.append({"k": k, "n": n, "seed": h(SEED), "salt": h(SALT),
                     "coefficients": h(coefficients), "shares": [h(s) for s in shares],
                     "commitments": [h(c) for c in commitments], "salt_commitment": h(salt),
                     "owners": [h(o) for o in owner_ids], "genesis": h(fixed("genesis")),
                     "message": h(m.shares_message(fixed("genesis"), k, commitments, owner_ids,
                                                   salt))})
    return rows


def vec_log():
    entries = [m.log_entry(1795499220 + i, fixed("head"), fixed("policy %d" % (i % 3)),
                           fixed("cert %d" % i)) for i in range(20)]
    leaves = [m.merkle_leaf(e) for e in entries]
    sizes = [{"size": n, "root": h(m.merkle_root(leaves[:n])),
              "inclusion": [[h(x) for x in m.merkle_inclusion(i, leaves[:n])] for i in range(n)],
              "consistency": [[h(x) for x in m.merkle_consistency(o, leaves[:n])]
                              for o in range(1, n + 1)]}
             for n in range(0, 21)]
    scalar = m.derive_ec(SEED, SALT, "P-256", "log", b"")
    msg = m.checkpoint_message(fixed("genesis"), fixed("log id"), 20, m.merkle_root(leaves),
                               1795499300)
    return {"entries": [h(e) for e in entries], "leaves": [h(x) for x in leaves], "trees": sizes,
            "checkpoint": {"genesis": h(fixed("genesis")), "log_id": h(fixed("log id")),
                           "size": 20, "root": h(m.merkle_root(leaves)), "time": "1795499300",
                           "message": h(msg), "key": h(m.spki(m.ec_key("P-256", scalar))),
                           "signature": h(m.ecdsa_sha256("P-256", scalar, msg))}}


VECTORS = {"genesis": vec_genesis, "owners": vec_owners, "chain": vec_chain, "state": vec_state,
           "binding": vec_binding, "vtpm": vec_vtpm, "batch": vec_batch, "nonce": vec_nonce,
           "keys": vec_keys, "answer": vec_answer, "sealing": vec_sealing, "shares": vec_shares, "log": vec_log}


def main(argv):
    check = "--check" in argv
    rest = [a for a in argv if a != "--check"]
    folder = pathlib.Path(rest[0]) if rest else pathlib.Path(__file__).parent / "vectors"
    bad = 0
    print("1..%d" % len(VECTORS) if check else "writing %s" % folder)
    for no, (name, make) in enumerate(VECTORS.items(), 1):
        text = json.dumps(make(), indent=1, sort_keys=True) + "\n"
        path = folder / (name + ".json")
        if not check:
            path.write_text(text)
            continue
        same = path.exists() and path.read_text() == text
        bad += not same
        print("%sok %d - %s" % ("" if same else "not ", no, name))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
