"""Find the files that ship with the package: `resources/` and `prompts/`."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_WHEEL = _PACKAGE / "_assets"  # where the build puts both folders
_ROOT = _WHEEL if _WHEEL.is_dir() else _PACKAGE.parent


def resources(*parts: str) -> Path:
    """Return the path of a file or folder under `resources/`, in the wheel or in the checkout."""
    return _ROOT.joinpath("resources", *parts)


def prompts(*parts: str) -> Path:
    """Return the path of a file or folder under `prompts/`, in the wheel or in the checkout."""
    return _ROOT.joinpath("prompts", *parts)
