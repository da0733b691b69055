# SPDX-License-Identifier: Apache-2.0
"""contrast measure: digests that depend on every input, and a file that generate takes."""
import json

import pytest

from deployment import BUILD, SOURCE, run

FIRMWARE = SOURCE / "tests/fuzz/corpus/firmware/one-page"  # has a reset block and room for kernel hashes


def snp(*more):
    return run(BUILD / "contrast", "measure", "snp", "-f", FIRMWARE, *more)


def digest(*more):
    done = snp("-o", "json", *more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["TrustedMeasurement"]


def test_every_option_is_in_the_digest(tmp_path):
    kernel = tmp_path / "kernel"
    kernel.write_bytes(b"kernel")
    digests = [digest(), digest("-n", "2"), digest("--cpu", "EPYC-Genoa"),
               digest("--sev-features", "0x21"), digest("--vmm", "gce"), digest("-k", kernel),
               digest("-k", kernel, "-a", "quiet"), digest("-k", kernel, "-i", kernel)]
    assert len(set(digests)) == len(digests)
    assert digest() == digests[0]


def test_reference_values_are_a_set_of_a_manifest():
    done = snp("-o", "reference-values", "--product", "Turin", "--platform", "mine")
    values = json.loads(done.stdout)["snp"]
    assert values == [{"Platform": "mine", "ProductName": "Turin", "TrustedMeasurement": digest(),
                       "APEIP": "0080b004"}]


@pytest.mark.parametrize("args,code,text", [
    (["-f", "/nonexistent"], 2, "E-FILE-003"), (["-f", "/dev/null"], 2, "E-MEASURE-001"),
    (["-f", FIRMWARE, "--cpu", "Xeon"], 2, "E-MEASURE-041"), (["-f", FIRMWARE, "-n", "0"], 2, "E-MEASURE-023"),
    (["-f", FIRMWARE, "--sev-features", "one"], 2, "E-MEASURE-040"), ([], 2, "E-USAGE-008")])
def test_bad_input(args, code, text):
    done = run(BUILD / "contrast", "measure", "snp", *args)
    assert done.returncode == code and text in done.stderr and not done.stdout
