"""What simulated devices do when they are told something (wire.md, Command): each command once, and answered.

A command that has expired, that the device cannot carry out, or that asks for what it no longer holds is answered ``ok``
false. One that comes again was answered before, and is passed over; what cannot be read has no id to answer to.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from domain.instants import SECOND_US
from domain.wire_commands import BadCommand, Command, CommandName, decode_command
from simulators.devices import Devices, Message

IDS_KEPT: Final = 32
"""Commands that a device remembers."""
MOST_HELD: Final = 20_000
"""Messages that a device holds though the network lost them; the oldest give way."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a message: ``found`` is sent again, ``said`` is new. ``obeyed``: it was a command, for the first time."""

    obeyed: bool = False
    found: Sequence[Message] = ()
    said: Sequence[Message] = ()


class Obedience:
    """The devices' memory of what they were told, and of what never arrived."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._ids: dict[int, deque[str]] = defaultdict(partial(deque[str], maxlen=IDS_KEPT))
        self._held: dict[int, deque[Message]] = defaultdict(partial(deque[Message], maxlen=MOST_HELD))

    def hold_back(self, message: Message) -> None:
        """The network loses it; the device holds it until it is asked for."""
        self._held[message.device].append(message)

    def obey(self, device: int, payload: bytes, now_us: int, sent_ms: int) -> Done:
        """What a device does about one message from the centre; `Devices.step` up to ``now_us`` was made before."""
        try:
            command = decode_command(payload)
        except BadCommand:
            return Done()
        if command.id in self._ids[device]:
            return Done()
        self._ids[device].append(command.id)
        found: list[Message] = []
        said: list[Message] = []
        ok = sent_ms < command.expires_ms and self._carry_out(device, command, now_us, sent_ms, found, said)
        said += self._devices.answer(device, command.id, ok, now_us, sent_ms)
        return Done(True, found, said)

    def _carry_out(
        self, device: int, command: Command, now_us: int, sent_ms: int, found: list[Message], said: list[Message]
    ) -> bool:
        args = command.args
        if command.name is CommandName.LOCATE_NOW:
            said += self._devices.locate(device, now_us, sent_ms)
            return bool(said)
        if command.name is CommandName.SET_INTERVAL:
            interval_us, upload_us = (args[name] * SECOND_US for name in ("interval_s", "upload_s"))
            self._devices.set_interval(device, interval_us, upload_us, now_us)
            return True
        if command.name is CommandName.RESEND:
            found += self._held_between(device, args["gen"], args["from"], args["to"])
            return bool(found)
        return True  # it shakes, or shows a text

    def _held_between(self, device: int, gen: int, first: int, last: int) -> list[Message]:
        """What it holds of these seqs; from then on it has arrived."""
        if gen != self._devices.gen:
            return []
        held = self._held[device]
        wanted = [one for one in held if one.first_seq <= last and one.first_seq + one.items > first]
        for one in wanted:
            held.remove(one)
        return wanted
