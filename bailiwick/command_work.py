"""What a command does over the database: opened, done and closed, and what goes wrong told a line each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Final, TypeVar

import typer

from domain.errors import BadInput

BAD_INPUT: Final = 2
"""Exit code of bad usage or input."""
Opened = TypeVar("Opened", bound=AbstractAsyncContextManager[Any])
T = TypeVar("T")


@contextmanager
def told_in_lines() -> Iterator[None]:
    """A database that is away is one line, and so is each fault of an input: then the command ends with `BAD_INPUT`."""
    from bailiwick.caseload_input import tell  # noqa: PLC0415 (a command imports what it runs)
    from bailiwick.commands import database_told_in_one_line  # noqa: PLC0415 (it imports the commands)

    try:
        with database_told_in_one_line():
            yield
    except BadInput as bad:
        tell(bad.faults)
        raise typer.Exit(BAD_INPUT) from None


def done_over(opens: Callable[[str], Awaitable[Opened]], work: Callable[[Opened], Awaitable[T]]) -> T:
    """What ``work`` gives over what ``opens`` opens at the database of the settings."""
    from bailiwick.settings import load_settings  # noqa: PLC0415 (a command imports what it runs)

    url = load_settings().database()

    async def opened() -> T:
        async with await opens(url) as store:
            return await work(store)

    with told_in_lines():
        return asyncio.run(opened())
