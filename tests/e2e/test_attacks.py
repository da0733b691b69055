# SPDX-License-Identifier: Apache-2.0
"""Every row of the demo's table: refused, by the step and for the reason that the table names, with
evidence of either kind; and what only evidence in the shape of TDX allows to try."""
import pytest

from attacks import ROWS, TDX_ROWS, reason


def rows():
    for tee, table in (("snp", ROWS), ("tdx", ROWS + TDX_ROWS)):
        for name, attack, want in table:
            yield pytest.param(name, attack, reason(want, tee), tee, id=f"{tee}-{attack.__name__}")


@pytest.mark.parametrize("name,attack,want,tee", list(rows()))
def test_attack(name, attack, want, tee, make_deployment):
    by, why = attack(lambda label: make_deployment(label, tee=tee))
    assert want in why, f"{name}: {by} says {why}"
