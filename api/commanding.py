"""Commands to devices as the routes see them: who may ask what of which device, and the command that is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from access.device_messages import Protected, refused
from access.grants import CENTRE, Deed
from alerts.desk import Note
from alerts.desk_errors import Unacceptable
from alerts.machine import Actor
from api.command_shapes import Message, NewDeviceCommand, Resend, SetInterval
from api.desk import Asking, HasDesk, IdempotencyKey, asking_of, no_such
from api.doors import Seen, seeing
from api.problems import Problem
from domain.adapted import is_adapted
from domain.device_commands import EXPIRES_AFTER_US, MOST_RESENT, CommandCause, NewCommand
from domain.instants import SECOND_US
from domain.vocabulary import DeviceKind
from store.audit import entry_of, write
from store.device_commands import CommandRow, DeviceCommands, ToCommand, TooManyOpen, make
from store.reading_types import Subject

CONNECTED: Final = frozenset({DeviceKind.GPS_TAG, DeviceKind.HOME_UNIT, DeviceKind.VICTIM_UNIT, DeviceKind.ALCOHOL_TAG})
"""Kinds that have a connection of their own."""
USUAL_S: Final = 60


@dataclass(frozen=True, slots=True)
class Commanding:
    """A request about commands: who asks, and where they are kept."""

    asking: Asking
    commands: DeviceCommands

    @property
    def seen(self) -> Seen:
        """Who asks, and what they see."""
        return self.asking.seen

    async def device(self, device: str) -> ToCommand:
        """A device in sight, of somebody in sight. 404 for any other: whether there is one is not told."""
        reading = self.seen.reading
        if not await reading.in_sight(Subject.DEVICE, device):
            raise no_such(Subject.DEVICE)
        found = await self.commands.device(device, self.seen.parts.now())
        if found is None or (found.protected and self.seen.caller.role not in CENTRE):
            raise no_such(Subject.DEVICE)
        for what, person in ((Subject.WEARER, found.wearer), (Subject.VICTIM, found.victim)):
            if person is not None and not await reading.in_sight(what, person):
                raise no_such(Subject.DEVICE)
        return found

    async def make(self, to: ToCommand, asked: NewDeviceCommand, note: Note) -> CommandRow:
        """Makes the command, its audit entry beside it. Raises `Unacceptable`; 409 when too many are open."""
        self._check(to, asked)
        if isinstance(asked, Message):
            await self._check_text(to, asked.args.text)
        new = self._command(to, asked)
        try:
            async with self.commands.changing() as conn:
                await note(conn)
                number = await make(conn, new)
                kind, person = ("wearer", to.wearer) if to.wearer is not None else ("victim", to.victim)
                told = {"device": to.id, "command": new.name.value, "number": str(number)}
                seen = self.seen
                await write(
                    conn,
                    entry_of(seen.caller, new.made_us, Deed.WRITE_COMMANDS, kind, [person or ""], seen.why, **told),
                )
        except TooManyOpen as error:
            raise Problem(HTTPStatus.CONFLICT, f"{error}: wait for what becomes of them") from None
        row = await self.commands.command(self.seen.sight, number)
        assert row is not None, "what somebody just made is seen by them"
        return row

    def _command(self, to: ToCommand, asked: NewDeviceCommand) -> NewCommand:
        now_us = self.seen.parts.now()
        lives_us = EXPIRES_AFTER_US[asked.command] if asked.expires_in_s is None else asked.expires_in_s * SECOND_US
        args: dict[str, Any] = asked.args.model_dump(by_alias=True)
        caller = self.seen.caller
        by = (caller.name, caller.role.value)
        return NewCommand(to.id, asked.command, args, CommandCause.PERSON, now_us, now_us + lives_us, *by)

    def _check(self, to: ToCommand, asked: NewDeviceCommand) -> None:
        if DeviceKind(to.body["kind"]) not in CONNECTED:
            raise Unacceptable("device", "has no connection of its own; ask its home unit")
        if is_adapted(to.id):
            raise Unacceptable("device", "takes no commands: it is heard through an adapter")
        if to.wearer is None and to.victim is None:
            raise Unacceptable("device", "nobody wears it now")
        if isinstance(asked, Message) and to.victim is not None:
            raise Unacceptable("command", "a protected person is told by their safe channels alone")
        if isinstance(asked, SetInterval):
            for field in ("interval_s", "upload_s"):
                longest_s = int(to.body.get(field) or USUAL_S)
                if getattr(asked.args, field) > longest_s:
                    cause = f"is over the {longest_s} s of the device's record: the rules would take it for silence"
                    raise Unacceptable(f"args.{field}", cause)
        if isinstance(asked, Resend) and not 0 <= asked.args.to - asked.args.from_ < MOST_RESENT:
            raise Unacceptable("args.to", f"must be `from` or after it, by fewer than {MOST_RESENT}")

    async def _check_text(self, to: ToCommand, text: str) -> None:
        if to.wearer is None:
            return
        rows = await self.commands.protected_from(to.wearer)
        what = refused(text, [Protected(row.victim, row.body, tuple(row.devices)) for row in rows])
        if what is not None:
            raise Unacceptable("args.text", f"holds {what}: somebody is protected from this wearer; put it otherwise")


def _commands_of(desk: HasDesk) -> DeviceCommands:
    if desk.commands is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "commands to devices are not set up in this process")
    return desk.commands


HasCommands = Annotated[DeviceCommands, Depends(_commands_of)]


async def _reads(
    seen: Annotated[Seen, Depends(seeing(Deed.READ_COMMANDS))], desk: HasDesk, commands: HasCommands
) -> Commanding:
    return Commanding(Asking(desk, seen, Actor(seen.caller.name, seen.caller.role), None), commands)


async def _changes(
    request: Request,
    seen: Annotated[Seen, Depends(seeing(Deed.WRITE_COMMANDS))],
    desk: HasDesk,
    commands: HasCommands,
    key: IdempotencyKey = None,
) -> Commanding:
    return Commanding(await asking_of(request, seen=seen, desk=desk, key=key), commands)


Reads = Annotated[Commanding, Depends(_reads)]
Changes = Annotated[Commanding, Depends(_changes)]
