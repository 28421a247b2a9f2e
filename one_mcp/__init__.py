"""A business backend for AI agents: the ONE ontology as an MCP server on one SQLite file."""

__version__ = "0.1.0"
