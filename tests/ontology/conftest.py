import pytest

from one_mcp.ontology.load import load
from one_mcp.ontology.model import Ontology


@pytest.fixture(scope="session")
def ontology() -> Ontology:
    return load()


@pytest.fixture(scope="session")
def extended() -> Ontology:
    return load(["extended"])
