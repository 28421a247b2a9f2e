"""Which SQLite library serves: the newest one that is there."""

import sqlite3 as standard
from types import ModuleType

try:
    import pysqlite3.dbapi2 as newer
except ImportError:
    newer = None

WAL_RESET_FIXED = (3, 51, 3)  # https://sqlite.org/wal.html, "the WAL-reset bug"

driver: ModuleType = (
    newer if newer and newer.sqlite_version_info >= standard.sqlite_version_info else standard
)
VERSION: str = driver.sqlite_version
SAFE: bool = driver.sqlite_version_info >= WAL_RESET_FIXED
