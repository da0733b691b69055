#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The local launch layout, from the SNP firmware ABI, the APM and the TDX module's specification alone.

Prints the digest and the registers that tests/unit/node/test_layout.c expects for its sample.
Shares no code with the C.
"""
import hashlib
import struct
import uuid

PAGE = 4096


def sha384(data):
    return hashlib.sha384(data).digest()


def extend(digest, contents, kind, gpa):
    info = digest + contents + struct.pack("<HBBBBBBQ", 0x70, kind, 0, 0, 0, 0, 0, gpa)
    assert len(info) == 112
    return sha384(info)


def hash_table(kernel, initrd, cmdline):
    def entry(guid, digest):
        return uuid.UUID(guid).bytes_le + struct.pack("<H", 50) + digest

    table = uuid.UUID("9438d606-4f22-4cc9-b479-a793d411fd21").bytes_le + struct.pack("<H", 168)
    table += entry("97d02dd8-bd20-4c94-aa78-e7714d36ab2a", cmdline)
    table += entry("44baf731-3a2f-4bd7-9af1-41e29169781d", initrd)
    table += entry("4de79437-abd2-427f-b835-d5b172d2045b", kernel)
    assert len(table) == 168
    return table.ljust(PAGE, b"\0")


def vmsa(signature, features):
    page = bytearray(PAGE)

    def put(at, fmt, *values):
        struct.pack_into(fmt, page, at, *values)

    for at in (0x00, 0x20, 0x30, 0x40, 0x50):
        put(at, "<HHIQ", 0, 0x93, 0xFFFF, 0)
    put(0x10, "<HHIQ", 0xF000, 0x9B, 0xFFFF, 0xFFFF0000)
    put(0x60, "<HHIQ", 0, 0, 0xFFFF, 0)
    put(0x70, "<HHIQ", 0, 0x82, 0xFFFF, 0)
    put(0x80, "<HHIQ", 0, 0, 0xFFFF, 0)
    put(0x90, "<HHIQ", 0, 0x8B, 0xFFFF, 0)
    for at, value in ((0xD0, 0x1000), (0x148, 0x40), (0x158, 0x10), (0x160, 0x400),
                      (0x168, 0xFFFF0FF0), (0x170, 2), (0x178, 0xFFF0),
                      (0x268, 0x0007040600070406), (0x310, signature), (0x3B0, features),
                      (0x3E8, 1)):
        put(at, "<Q", value)
    put(0x408, "<I", 0x1F80)
    put(0x410, "<H", 0x37F)
    return bytes(page)


def measure(firmware, kernel, initrd, cmdline, vcpus, signature, features):
    digest = bytes(48)
    for at in range(0, len(firmware), PAGE):
        digest = extend(digest, sha384(firmware[at:at + PAGE]), 1, 2 ** 32 - len(firmware) + at)
    digest = extend(digest, sha384(hash_table(kernel, initrd, cmdline)), 1, 0x800000)
    for _ in range(vcpus):
        digest = extend(digest, sha384(vmsa(signature, features)), 2, 0xFFFFFFFFF000)
    return digest


def mrtd(firmware):
    """TDH.MEM.PAGE.ADD and TDH.MR.EXTEND of every page, in order; no pages, no records."""
    def record(name, gpa):
        return (name.ljust(16, b"\0") + struct.pack("<Q", gpa)).ljust(128, b"\0")

    records = b""
    for at in range(0, len(firmware), PAGE):
        gpa = 2 ** 32 - len(firmware) + at
        records += record(b"MEM.PAGE.ADD", gpa)
        for chunk in range(0, PAGE, 256):
            records += record(b"MR.EXTEND", gpa + chunk) + firmware[at + chunk:at + chunk + 256]
    return sha384(records)


def registers(firmware, kernel, initrd, cmdline, vcpus):
    def rtmr(*events):
        value = bytes(48)
        for event in events:
            value = sha384(value + sha384(event))
        return value

    return [mrtd(firmware), rtmr(struct.pack("<I", vcpus)), rtmr(kernel), rtmr(cmdline, initrd), bytes(48)]


def sample():
    def sha256(data):
        return hashlib.sha256(data).digest()

    firmware = bytes((i * 7 + i // 256) & 255 for i in range(2 * PAGE))
    return firmware, sha256(b"kernel"), sha256(b"initrd"), sha256(b"a=b\0"), 2


if __name__ == "__main__":
    print(measure(*sample(), 0xA10F11, 1).hex())
    print(*(r.hex() for r in registers(*sample())), sep="\n")
