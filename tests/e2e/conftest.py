"""A gate for the engines of a test module's own stack."""

import pytest

from tests.gated_engines import Gate


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(tmp_path_factory.mktemp("gate"))
