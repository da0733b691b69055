# SPDX-License-Identifier: Apache-2.0
"""Every row of the demo's table: refused, by the step and for the reason that the table names."""
import pytest

from attacks import ROWS


@pytest.mark.parametrize("name,attack,want", ROWS, ids=[attack.__name__ for _, attack, _ in ROWS])
def test_attack(name, attack, want, make_deployment):
    by, why = attack(make_deployment)
    assert want in why, f"{name}: {by} says {why}"
