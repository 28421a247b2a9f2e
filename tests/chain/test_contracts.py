"""The contracts that are deployed are those whose source is here."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from one_mcp import assets
from tests.chain import modules

CONTRACTS = ["CreatorToken", "CreatorNft"]
LARGEST_BYTES = 24_576  # of a deployed contract (https://eips.ethereum.org/EIPS/eip-170)
HERE = Path(__file__).parent


def built(folder: Path, name: str) -> dict[str, object]:
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


@modules.needs_modules
def test_a_build_makes_the_same_bytes(tmp_path: Path) -> None:
    source = assets.resources("contracts")

    subprocess.run(
        [shutil.which("node") or "node", source / "compile.mjs", modules.folder(), tmp_path],
        check=True,
        timeout=120,
    )

    for name in CONTRACTS:
        assert built(tmp_path, name) == built(source, name)


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_has_what_the_specification_names(name: str) -> None:
    contract = built(assets.resources("contracts"), name)
    abi = contract["abi"]
    assert isinstance(abi, list)
    functions = {
        f"{it['name']}({','.join(given['type'] for given in it['inputs'])})"
        for it in abi
        if it["type"] == "function"
    }

    assert {"burn(uint256)", "transferOwnership(address)", "acceptOwnership()"} <= functions
    if name == "CreatorToken":
        assert "mint(address,uint256)" in functions
        assert any(it.startswith("permit(") for it in functions)
        assert any(it.startswith("transferWithAuthorization(") for it in functions)
    assert len(str(contract["bytecode"])) / 2 < LARGEST_BYTES


def test_the_build_and_the_tests_use_the_same_libraries() -> None:
    wanted = built(assets.resources("contracts"), "package")["dependencies"]
    installed = built(HERE, "package")["dependencies"]

    assert isinstance(wanted, dict)
    assert isinstance(installed, dict)
    assert wanted.items() <= installed.items()
