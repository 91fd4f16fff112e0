"""What the database cannot hold is told as `Refused`, for whoever writes what people typed: U+0000 in a text, or a check broken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from store.errors import Refused
from store.statements import statement
from store.times import Connection


@contextmanager
def refusing() -> Iterator[None]:
    """About the whole of a transaction, or a statement of one: nothing of it was written then."""
    try:
        yield
    except (psycopg.DataError, psycopg.errors.CheckViolation) as error:
        raise Refused(str(error)) from error


async def rows_or_refused(conn: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What a statement gives. Raises `Refused`; the transaction is then lost."""
    with refusing():
        return await (await conn.execute(statement(name), parameters)).fetchall()
