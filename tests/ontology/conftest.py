import pytest

from one_mcp.ontology.load import in_use, load
from one_mcp.ontology.model import Ontology


@pytest.fixture(scope="session")
def ontology() -> Ontology:
    return load()


@pytest.fixture(scope="session")
def extended() -> Ontology:
    return load(["extended"])


@pytest.fixture(scope="session")
def usual() -> Ontology:
    """The vocabulary as it is where nothing is set."""
    return in_use([])
