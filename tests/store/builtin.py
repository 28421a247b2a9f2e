"""A plugin for pytest that leaves only Python's own SQLite: `-p tests.store.builtin`."""

import sys

assert "one_mcp.store.sqlite.driver" not in sys.modules, "the library is chosen already"
sys.modules["pysqlite3"] = None  # type: ignore[assignment]  # importing it fails, as where there is no wheel
sys.modules["pysqlite3.dbapi2"] = None  # type: ignore[assignment]
