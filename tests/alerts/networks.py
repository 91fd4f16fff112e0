"""Names and networks for the tests of the channels: what is asked of them is noted, and nothing leaves this machine."""

from __future__ import annotations

from collections.abc import Iterable

import httpcore2

from tests.alerts.far_ends import LOOPBACK


class Names:
    """Names with answers told beforehand: one list of addresses a look-up, the last one again and again."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def addresses(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self) -> None:
        """Nothing is open."""


class Loopback(httpcore2.AsyncNetworkBackend):
    """Notes which address is connected to, and leads every connection to one port of loopback; ``dead`` do not answer."""

    def __init__(self, port: int, dead: Iterable[str] = ()) -> None:
        self.port = port
        self.dead = set(dead)
        self.connected: list[tuple[str, int]] = []
        self._real = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.connected.append((host, port))
        if host in self.dead:
            raise httpcore2.ConnectError("dead")
        return await self._real.connect_tcp(LOOPBACK, self.port, timeout)

    async def sleep(self, seconds: float) -> None:
        await self._real.sleep(seconds)
