"""All of what is done to the database, or none of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from duckdb import DuckDBPyConnection as Connection

__all__ = ["transaction"]


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """What is executed meanwhile is committed at the end, or, whatever is raised, not at all."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: Connection) -> None:
    try:
        connection.execute("ROLLBACK")
    except duckdb.TransactionException:
        return  # a COMMIT that failed has done it
