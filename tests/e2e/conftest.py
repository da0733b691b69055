# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from deployment import Deployment  # noqa: E402


@pytest.fixture(scope="session")
def processor_state(tmp_path_factory):
    """State of the software secure processor: its RSA keys are made once a run."""
    return tmp_path_factory.mktemp("processor") / "state"


@pytest.fixture
def deployment(tmp_path, processor_state):
    made = Deployment(tmp_path / "workspace", processor_state)
    yield made
    made.stop()


@pytest.fixture
def make_deployment(tmp_path, processor_state):
    made = []

    def make(name, **kw):
        made.append(Deployment(tmp_path / name, processor_state, **kw))
        return made[-1]

    yield make
    for one in made:
        one.stop()
