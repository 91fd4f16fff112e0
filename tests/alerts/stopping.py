"""Coroutines that stop at named points, and go on or are killed there: processes for tests, without threads or an event loop."""

from __future__ import annotations

import types
from collections.abc import Coroutine, Generator
from typing import Any


class Killed(BaseException):
    """`kill -9`: no ordinary handler sees it, and whatever was not committed is not there."""


@types.coroutine
def stop_here(point: str) -> Generator[str, None, None]:
    """Gives control to whoever drives the coroutine; ``point`` says where it stands."""
    yield point


class Process:
    """A coroutine under way, stopped at `at`. It begins with the first `go_on`."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work
        self.at = "start"
        self.done = False

    def go_on(self) -> None:
        """To its next point, or to its end."""
        try:
            self.at = self._work.send(None)
        except StopIteration:
            self.done, self.at = True, "done"

    def finish(self) -> None:
        """To its end."""
        while not self.done:
            self.go_on()

    def kill(self) -> None:
        """It ends where it stands."""
        if self.at == "start":
            self._work.close()
        elif not self.done:
            try:
                self._work.throw(Killed())
            except Killed:
                pass
            else:
                raise AssertionError("a killed process went on")
        self.done, self.at = True, "killed"
