#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Verifies saved evidence with libcontrast: verify.py MANIFEST EVIDENCE REPORT_DATA_HEX [ENDORSEMENT...]"""
import ctypes
import sys
import time


class Blob(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_size_t)]


class Evidence(ctypes.Structure):
    _fields_ = [("evidence", Blob), ("endorsements", ctypes.POINTER(Blob)),
                ("n_endorsements", ctypes.c_size_t), ("report_data", ctypes.c_char_p),
                ("now", ctypes.c_int64)]


class Verdict(ctypes.Structure):
    _fields_ = [("accepted", ctypes.c_int), ("revocation_checked", ctypes.c_int),
                ("reference_set", ctypes.c_int), ("is_tdx", ctypes.c_int),
                ("valid_until", ctypes.c_int64), ("policy", ctypes.c_uint8 * 32),
                ("step", ctypes.c_char * 16), ("reason", ctypes.c_char * 32),
                ("detail", ctypes.c_char * 320), ("expected", ctypes.c_char * 144),
                ("got", ctypes.c_char * 144), ("tcb_status", ctypes.c_char * 48)]


class Error(ctypes.Structure):
    _fields_ = [("id", ctypes.c_char * 24), ("place", ctypes.c_char * 256),
                ("message", ctypes.c_char * 768)]


INSECURE, REVOCATION_OPTIONAL = 1, 2


def load(path="libcontrast.so.0"):
    lib = ctypes.CDLL(path)
    lib.contrast_verifier_new.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint,
                                          ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(Error)]
    lib.contrast_verifier_free.argtypes = [ctypes.c_void_p]
    lib.contrast_verifier_free.restype = None
    lib.contrast_verify.argtypes = [ctypes.c_void_p, ctypes.POINTER(Evidence),
                                    ctypes.POINTER(Verdict), ctypes.POINTER(Error)]
    return lib


def blob(data):
    return Blob(data, len(data))


def verify(lib, manifest, evidence, report_data, endorsements, now, flags=0):
    """A Verdict, or ValueError when nothing could be judged."""
    verifier, error, verdict = ctypes.c_void_p(), Error(), Verdict()
    if lib.contrast_verifier_new(manifest, len(manifest), flags, ctypes.byref(verifier),
                                 ctypes.byref(error)):
        raise ValueError(error.message.decode())
    try:
        blobs = (Blob * max(1, len(endorsements)))(*map(blob, endorsements))
        e = Evidence(blob(evidence), blobs, len(endorsements), report_data, now)
        if lib.contrast_verify(verifier, ctypes.byref(e), ctypes.byref(verdict), ctypes.byref(error)):
            raise ValueError(error.message.decode())
        return verdict
    finally:
        lib.contrast_verifier_free(verifier)


def main():
    def read(path):
        with open(path, "rb") as f:
            return f.read()

    manifest, evidence = read(sys.argv[1]), read(sys.argv[2])
    report_data = bytes.fromhex(sys.argv[3])
    if len(report_data) != 64:
        sys.exit("REPORT_DATA_HEX must be 64 bytes")
    v = verify(load(), manifest, evidence, report_data, [read(p) for p in sys.argv[4:]],
               int(time.time()))
    if v.accepted == 1:
        print("accepted: policy", bytes(v.policy).hex())
        return 0
    print(f"rejected at step {v.step.decode()}: {v.reason.decode()}: {v.detail.decode()}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
