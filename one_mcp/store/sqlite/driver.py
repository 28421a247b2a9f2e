"""Which SQLite library serves: the newest one that is there.

Nothing else in the process may open the same file with another library: POSIX locks belong to the
process, so the two would not see each other's (https://sqlite.org/howtocorrupt.html, 2.2.1).
"""

import sqlite3 as standard
from importlib import import_module
from types import ModuleType

from one_mcp import jsons

try:
    newer: ModuleType | None = import_module("pysqlite3.dbapi2")
except ImportError:
    newer = None

WAL_RESET_FIXED = (3, 51, 3)  # https://sqlite.org/wal.html, "the WAL-reset bug"

driver: ModuleType = standard
if newer is not None and newer.sqlite_version_info > standard.sqlite_version_info:
    driver = newer
VERSION: str = driver.sqlite_version
SAFE: bool = driver.sqlite_version_info >= WAL_RESET_FIXED

for kind in (list, tuple):
    driver.register_adapter(kind, jsons.dumps)  # what store/dialect.py takes apart again
