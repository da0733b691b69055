#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TDX quotes, their certificates and statements, from Intel's documents alone.

Layouts of the DCAP quoting library's API (appendix A), the PCK certificate profile, and the
provisioning certification service's v4 JSON. Shares no code with the C: offsets are written here again,
certificates are read by another library.
"""
import base64
import datetime
import hashlib
import json
import struct

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

INTEL_ROOT = "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"  # SHA-256 of the certificate
INTEL_VENDOR = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
SGX_EXTENSION = x509.ObjectIdentifier("1.2.840.113741.1.13.1")
BODY = (("tee_tcb_svn", 16), ("mrseam", 48), ("mrsignerseam", 48), ("seamattributes", 8), ("tdattributes", 8),
        ("xfam", 8), ("mrtd", 48), ("mrconfigid", 48), ("mrowner", 48), ("mrownerconfig", 48), ("rtmr0", 48),
        ("rtmr1", 48), ("rtmr2", 48), ("rtmr3", 48), ("report_data", 64))
BODY_15 = BODY + (("tee_tcb_svn2", 16), ("mrservicetd", 48))


class Refused(Exception):
    """Says what is wrong."""


def need(condition, what):
    if not condition:
        raise Refused(what)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        need(self.at + n <= len(self.data), "cut short")
        self.at += n
        return self.data[self.at - n:self.at]

    def u16(self):
        return struct.unpack("<H", self.take(2))[0]

    def u32(self):
        return struct.unpack("<I", self.take(4))[0]


def parse(data):
    """Every field of a quote of version 4 or 5; what each signature covers is among them."""
    r, q = Reader(data), {}
    q["version"] = r.u16()
    need(q["version"] in (4, 5), "version")
    need(r.u16() == 2, "attestation key type")
    need(r.u32() == 0x81, "TEE type")
    r.take(4)
    need(r.take(16) == INTEL_VENDOR, "vendor")
    r.take(20)
    kind, size = (2, 584) if q["version"] == 4 else (r.u16(), r.u32())
    need((kind, size) in ((2, 584), (3, 648)), "body")
    for name, n in BODY if kind == 2 else BODY_15:
        q[name] = r.take(n)
    q["signed"] = data[:r.at]
    length = r.u32()
    end = r.at + length
    need(not any(data[end:]), "bytes behind the quote")
    q["signature"], q["key"] = r.take(64), r.take(64)
    need(r.u16() == 6, "certification type")
    need(r.u32() == end - r.at, "size of the certification data")
    q["qe_report"], q["qe_signature"] = r.take(384), r.take(64)
    q["qe_auth"] = r.take(r.u16())
    need(r.u16() == 5, "inner certification type")
    q["pem"] = r.take(r.u32())
    need(r.at == end, "size of the signature data")
    return q


def ecdsa(key, raw, message, what):
    signature = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused(what) from None


def point(raw):
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)
    except ValueError:
        raise Refused("attestation key is no point") from None


def name(certificate, issuer=False):
    entries = (certificate.issuer if issuer else certificate.subject).get_attributes_for_oid(NameOID.COMMON_NAME)
    return entries[0].value if entries else ""


def issued(child, parent, now):
    need(child.issuer == parent.subject, "issuer's name")
    need(child.not_valid_before <= now <= child.not_valid_after, f"time of {name(child)}")
    try:
        parent.public_key().verify(child.signature, child.tbs_certificate_bytes, ec.ECDSA(child.signature_hash_algorithm))
    except InvalidSignature:
        raise Refused(f"signature of {name(child)}") from None


def chain(pem, now):
    """PCK certificate, its CA, and the self-signed root, in that order."""
    text = pem.rstrip(b"\0")
    parts = [b"-----BEGIN" + p for p in text.split(b"-----BEGIN")[1:]]
    need(len(parts) == 3, "three certificates")
    try:
        leaf, middle, root = (x509.load_pem_x509_certificate(p) for p in parts)
    except ValueError:
        raise Refused("certificates") from None
    issued(root, root, now)
    issued(middle, root, now)
    issued(leaf, middle, now)
    need(name(leaf) == "Intel SGX PCK Certificate", "name of the PCK certificate")
    need(name(middle) in ("Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"), "name of the CA")
    return leaf, middle, root


def authentic(q, now):
    """Signatures from the root down to the quote; returns the chain. Whose root it is says the caller."""
    leaf, middle, root = chain(q["pem"], now)
    ecdsa(leaf.public_key(), q["qe_signature"], q["qe_report"], "quoting enclave's signature")
    vouched = hashlib.sha256(q["key"] + q["qe_auth"]).digest() + bytes(32)
    need(q["qe_report"][320:384] == vouched, "attestation key")
    ecdsa(point(q["key"]), q["signature"], q["signed"], "quote's signature")
    return leaf, middle, root


# ---- SGX extension: DER that holds nothing but small sequences ----

def der(data):
    """The elements of a sequence's content as (tag, content)."""
    out, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            n = length & 0x7f
            length, at = int.from_bytes(data[at:at + n], "big"), at + n
        out.append((tag, data[at:at + length]))
        at += length
    return out


def pck_facts(leaf):
    ((tag, content),) = der(leaf.extensions.get_extension_for_oid(SGX_EXTENSION).value.value)
    need(tag == 0x30, "SGX extension")
    facts = {}
    prefix = bytes.fromhex("2a864886f84d010d01")  # 1.2.840.113741.1.13.1
    for _, item in der(content):
        (_, oid), (_, value) = der(item)
        need(oid.startswith(prefix) and len(oid) == len(prefix) + 1, "SGX extension's OID")
        facts[oid[-1]] = value
    tcb = {der(item)[0][1][-1]: int.from_bytes(der(item)[1][1], "big") for _, item in der(facts[2])}
    return {"comp": [tcb[i] for i in range(1, 17)], "pcesvn": tcb[17], "pceid": facts[3], "fmspc": facts[4],
            "type": facts[5][0], "piid": facts.get(6)}


# ---- statements and lists ----

def moment(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def statement(text, member, signer, now):
    """The JSON object under this member, if the signature covers its bytes as they stand."""
    outer = json.loads(text)
    need(set(outer) == {member, "signature"}, f"members beside {member}")
    start = text.index(b"{", text.index(f'"{member}"'.encode()))
    _, end = json.JSONDecoder().raw_decode(text[start:].decode())
    ecdsa(signer.public_key(), bytes.fromhex(outer["signature"]), text[start:start + end], f"signature of {member}")
    inner = outer[member]
    need(moment(inner["issueDate"]) <= now <= moment(inner["nextUpdate"]), f"time of {member}")
    return inner


def revocation(lists, issuer, now, *certificates):
    for der_bytes in lists:
        crl = x509.load_der_x509_crl(der_bytes)
        if crl.issuer != issuer.subject or not crl.is_signature_valid(issuer.public_key()):
            continue
        need(crl.last_update <= now <= crl.next_update, "time of a revocation list")
        for c in certificates:
            need(crl.get_revoked_certificate_by_serial_number(c.serial_number) is None, f"{name(c)} is revoked")
        return
    raise Refused(f"no revocation list of {name(issuer)}")


def tcb_status(info, facts, q):
    for level in info["tcbLevels"]:
        tcb = level["tcb"]
        if all(have >= c["svn"] for have, c in zip(facts["comp"], tcb["sgxtcbcomponents"])) and \
                facts["pcesvn"] >= tcb["pcesvn"] and \
                all(have >= c["svn"] for have, c in list(zip(q["tee_tcb_svn"], tcb["tdxtcbcomponents"]))[
                    2 if q["tee_tcb_svn"][1] else 0:]):
            return level["tcbStatus"]
    return "NotSupported"


def isv_status(levels, svn):
    return next((level["tcbStatus"] for level in levels if svn >= level["tcb"]["isvsvn"]), "NotSupported")


def judge(document, root_key, now):
    """An evidence document whose platform is entirely up to date; returns the quote and the PCK's facts."""
    need(document["type"] == "tdx", "type")
    e = document["endorsements"]
    b64 = base64.b64decode
    q = parse(b64(document["evidence"]))
    leaf, middle, root = authentic(q, now)
    need(spki_hash(root) == root_key, "root")
    lists = [b64(c) for c in e["crls"]]
    signers = [c for c in map(x509.load_der_x509_certificate, map(b64, e["certificates"]))
               if name(c) == "Intel SGX TCB Signing"]
    need(len(signers) == 1, "one TCB signer")
    issued(signers[0], root, now)
    revocation(lists, root, now, middle, signers[0])
    revocation(lists, middle, now, leaf)
    info = statement(b64(e["tcbInfo"]), "tcbInfo", signers[0], now)
    enclave = statement(b64(e["qeIdentity"]), "enclaveIdentity", signers[0], now)
    facts = pck_facts(leaf)
    need((info["id"], info["version"], enclave["id"], enclave["version"]) == ("TDX", 3, "TD_QE", 2), "kind of statement")
    need(info["tcbEvaluationDataNumber"] == enclave["tcbEvaluationDataNumber"], "evaluations")
    need((bytes.fromhex(info["fmspc"]), bytes.fromhex(info["pceId"])) == (facts["fmspc"], facts["pceid"]), "platform")
    check_enclave(q["qe_report"], enclave)
    check_module(q, info)
    need(tcb_status(info, facts, q) == "UpToDate", "TCB of the platform")
    return q, facts


def spki_hash(certificate):
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()


def masked(value, mask):
    return bytes(a & b for a, b in zip(value, bytes.fromhex(mask)))


def check_enclave(report, identity):
    need(report[128:160].hex() == identity["mrsigner"].lower(), "enclave's signer")
    need(masked(report[48:64], identity["attributesMask"]).hex() == identity["attributes"].lower(), "enclave's attributes")
    need(masked(report[16:20], identity["miscselectMask"]).hex() == identity["miscselect"].lower(), "MISCSELECT")
    product, svn = struct.unpack("<HH", report[256:260])
    need(product == identity["isvprodid"], "enclave's product")
    need(isv_status(identity["tcbLevels"], svn) == "UpToDate", "TCB of the enclave")


def check_module(q, info):
    svn, version = q["tee_tcb_svn"][:2]
    module = info["tdxModule"]
    if version:
        found = [m for m in info["tdxModuleIdentities"] if m["id"].upper() == f"TDX_{version:02X}"]
        need(len(found) == 1, "module's version")
        module = found[0]
        need(isv_status(module["tcbLevels"], svn) == "UpToDate", "TCB of the module")
    need(q["mrsignerseam"].hex() == module["mrsigner"].lower(), "module's signer")
    need(masked(q["seamattributes"], module["attributesMask"]).hex() == module["attributes"].lower(), "module's attributes")
