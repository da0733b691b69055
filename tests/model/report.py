#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SEV-SNP reports and their certificates, from AMD's firmware ABI and VCEK specification alone. Shares no code with the C."""
import base64
import struct

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from quote import Refused, name, need, spki_hash

FIELDS = {"report_data": (0x50, 64), "measurement": (0x90, 48), "host_data": (0xc0, 32), "reported_tcb": (0x180, 8),
          "chip_id": (0x1a0, 64)}
SIZE, SIGNED, INTEGER = 1184, 0x2a0, 72
HARDWARE_ID = x509.ObjectIdentifier("1.3.6.1.4.1.3704.1.4")


def parse(data):
    need(len(data) == SIZE, "size")
    version, _, policy = struct.unpack_from("<IIQ", data)
    need(version in (2, 3, 5), "version")
    need(struct.unpack_from("<I", data, 0x34)[0] == 1, "signature algorithm")
    r, s = (data[SIGNED + i * INTEGER:SIGNED + (i + 1) * INTEGER] for i in (0, 1))
    need(not any(data[SIGNED + 2 * INTEGER:]), "bytes behind the signature")
    return {"version": version, "policy": policy, "signed": data[:SIGNED], "r": int.from_bytes(r, "little"),
            "s": int.from_bytes(s, "little"), **{k: data[at:at + n] for k, (at, n) in FIELDS.items()}}


def pss(child, parent, now):
    need(child.not_valid_before <= now <= child.not_valid_after, f"time of {name(child)}")
    need(child.issuer == parent.subject, "issuer's name")
    try:
        parent.public_key().verify(child.signature, child.tbs_certificate_bytes,
                                   padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384())
    except InvalidSignature:
        raise Refused(f"signature of {name(child)}") from None


def judge(document, root_key, now):
    """An evidence document that chains to this key and is signed; returns the report."""
    need(document["type"] == "snp", "type")
    report = parse(base64.b64decode(document["evidence"]))
    certs = [x509.load_der_x509_certificate(base64.b64decode(c)) for c in document["endorsements"]["certificates"]]
    vcek, ask, ark = sorted(certs, key=lambda c: ("SEV-VCEK", "SEV-", "ARK-").index(
        name(c) if name(c) == "SEV-VCEK" else name(c)[:4]))
    need(spki_hash(ark) == root_key, "root")
    pss(ark, ark, now)
    pss(ask, ark, now)
    pss(vcek, ask, now)
    revoked(document, ark, (ask, vcek), now)
    chip = vcek.extensions.get_extension_for_oid(HARDWARE_ID).value.value
    need(chip == report["chip_id"][:len(chip)], "chip")
    try:
        vcek.public_key().verify(utils.encode_dss_signature(report["r"], report["s"]), report["signed"],
                                 ec.ECDSA(hashes.SHA384()))
    except (InvalidSignature, ValueError):
        raise Refused("report's signature") from None
    return report


def revoked(document, ark, certs, now):
    (text,) = document["endorsements"]["crls"]
    crl = x509.load_der_x509_crl(base64.b64decode(text))
    need(crl.issuer == ark.subject and crl.last_update <= now <= crl.next_update, "revocation list")
    try:
        ark.public_key().verify(crl.signature, crl.tbs_certlist_bytes,
                                padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384())
    except InvalidSignature:
        raise Refused("revocation list's signature") from None
    for c in certs:
        need(crl.get_revoked_certificate_by_serial_number(c.serial_number) is None, f"{name(c)} is revoked")
