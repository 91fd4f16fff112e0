"""Passwords to argon2id hashes and back, off the event loop and only so many at once.

A hash costs `MEMORY_KIB` and some tens of milliseconds on purpose. What waits beyond `WAITING` is refused, so that a flood of
sign-ins takes neither the memory nor the loop from whoever is signed in. An account that is not there costs the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from access.passwords import normalised
from api.problems import Problem

TIME_COST: Final = 3
MEMORY_KIB: Final = 64 * 1024
LANES: Final = 4
"""RFC 9106, the second recommended choice."""
AT_ONCE: Final = 2
WAITING: Final = 32
AGAIN_S: Final = 2

T = TypeVar("T")


class Hashing:
    """Hashes and compares. ``time_cost`` and ``memory_kib`` are argon2's."""

    def __init__(self, time_cost: int = TIME_COST, memory_kib: int = MEMORY_KIB, lanes: int = LANES) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=lanes)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hashing")
        self._in_hand = 0
        self._nobodys = self._hasher.hash("nobody has this password")

    def close(self) -> None:
        """Ends its threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place among those that wait, taken before anything is counted; 503 when there is none."""
        if self._in_hand >= AT_ONCE + WAITING:
            detail = "too many sign in at once; try again"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": str(AGAIN_S)})
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1

    async def made(self, password: str) -> str:
        """The hash of a password, with a salt of its own."""
        return await self._off_the_loop(partial(self._hasher.hash, normalised(password)))

    async def fits(self, password_hash: str | None, password: str) -> bool:
        """Whether a password is that of a hash; for None, after the same work, it is not."""
        compare = partial(self._fits, password_hash or self._nobodys, normalised(password))
        fitting = await self._off_the_loop(compare)
        return fitting and password_hash is not None

    def is_weak(self, password_hash: str) -> bool:
        """Whether it was made with less work than now."""
        return self._hasher.check_needs_rehash(password_hash)

    def _fits(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _off_the_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
