"""Start: `one-mcp`, and `python -m one_mcp`."""

from one_mcp.cli import cli


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
