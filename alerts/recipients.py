"""Whom a `Tell` means, by name and address: the rota, the caseload, the forces' boundaries (alerts.md). Pure.

A step resolves to people, or fails over now: operator, supervisor, duty manager, everybody senior who is on duty anywhere, and at
last a platform alert. Somebody without an address is recorded as such (`recipient_gone`), and the next one is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2s
from itertools import groupby
from typing import Any, Final

from alerts.forces import Forces
from alerts.ports import Notification, View
from alerts.protocols import Target
from alerts.rota import anywhere, chain, on_duty
from alerts.safe_contact import SafeContact, read_contact
from alerts.state import Raise, Tell, Told
from domain.instants import HOUR_US, MINUTE_US, format_instant
from domain.records import Area
from domain.rota import Shift
from domain.vocabulary import Channel, Role, Severity, ToldReason
from geofence.wallclock import TimeZones

RATE_OVER_US: Final = 10 * MINUTE_US
MOST_LATELY: Final = 30
"""Notifications that are not critical, for one recipient and channel, in `RATE_OVER_US`."""
NOT_LIMITED: Final = frozenset({Channel.CONSOLE, Channel.CALL})
"""A view is not a message, and a call is a person's own."""
LINE: Final = (Target.OPERATOR, Target.SUPERVISOR, Target.DUTY_MANAGER)
"""Who is told when nobody can be told, one after the other."""
SENIOR: Final = frozenset({Role.SUPERVISOR, Role.DUTY_MANAGER})
NOBODY: Final = "nobody"
FOR_INFORMATION: Final = "for_information"
CANNOT_BE_TOLD: Final = "undelivered"
"""The text, and the kind of the platform alert, of what reached nobody."""
OWN_KINDS: Final = frozenset({"undelivered", "rota_gap"})
"""Alerts of which a failure to tell anybody raises no other: that would never end."""
_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ()./-]{4,30}")


@dataclass(frozen=True, slots=True)
class Hook:
    """Another system that is told: an address of a channel, for a target, in an area (None: everywhere)."""

    target: Target
    channel: Channel
    address: str
    area: str | None = None
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody who may be told, as known now.

    Attributes
    ----------
    shifts : of the rota, those around now at least.
    trusted : channels that may carry names and places.
    channels : those that are set up; by another nobody is told, but by the next of the step. A person can always call.
    lately : notifications of the last `RATE_OVER_US` that were not critical, by recipient and channel.
    """

    shifts: Sequence[Shift]
    areas: Mapping[str, Area]
    forces: Forces
    zones: TimeZones
    hooks: tuple[Hook, ...] = ()
    trusted: frozenset[Channel] = frozenset({Channel.CONSOLE})
    lately: Mapping[tuple[str, Channel], int] = field(default_factory=dict)
    channels: frozenset[Channel] = frozenset(Channel)

    def there(self, channels: Iterable[Channel]) -> tuple[Channel, ...]:
        """Those of ``channels`` that can be used, in their order."""
        always = (Channel.CONSOLE, Channel.CALL)
        return tuple(channel for channel in channels if channel in self.channels or channel in always)


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody with addresses, by channel."""

    recipient: str
    addresses: Mapping[Channel, str]
    language: str = "en"


def resolve(tell: Tell, view: View, directory: Directory, now_us: int) -> tuple[Notification, ...]:
    """The notifications that a `Tell` about an alert means at ``now_us``; never none.

    What is on purpose not told, or reaches nobody, is there with ``sends`` False and its reason.
    """
    at = _Resolving(tell, view, directory, now_us)
    if not tell.sends:
        return (at.unsent(tell.target.value, tell.by[0], tell.reason, tell.detail),)
    found = at.again(tell.again) if tell.again is not None else at.usable().first()
    unique = {one.id: one for one in reversed(found)}
    return tuple(at.limited(one) for one in reversed(unique.values()))


def raises_of(view: View, notifications: Iterable[Notification], now_us: int) -> tuple[Raise, ...]:
    """The platform alert of what reached nobody at all, once an hour and target."""
    if view.alert.kind in OWN_KINDS:
        return ()
    gone = {one.target for one in notifications if one.recipient == NOBODY and not one.sends}
    hour = format_instant(now_us - now_us % HOUR_US)
    body = {"why": "nobody_on_duty", "alert": str(view.alert.no)}
    return tuple(
        Raise(CANNOT_BE_TOLD, f"{CANNOT_BE_TOLD}:{NOBODY}:{target.value}:{hour}", body=body | {"target": target.value})
        for target in sorted(gone)
    )


@dataclass(frozen=True, slots=True)
class _Resolving:
    """One `Tell` being resolved."""

    tell: Tell
    view: View
    directory: Directory
    now_us: int

    def usable(self) -> _Resolving:
        """With those of the step's channels that are set up."""
        return replace(self, tell=replace(self.tell, by=self.directory.there(self.tell.by)))

    def first(self) -> list[Notification]:
        """Whoever the target means now."""
        target = self.tell.target
        if target is Target.WEARER:
            return self._of_wearer("wearer", self.view.people.wearer or {})
        if target is Target.RESPONSIBLE_ADULT:
            return self._of_wearer("adult", _adult((self.view.people.wearer or {}).get("responsible_adult")))
        if target is Target.VICTIM:
            return self._victims()
        if target is Target.POLICE:
            return self._police()
        if target is Target.OFFICER:
            return self._officer()
        if target in LINE:
            return self._line(target)
        told = self._hooked(target) + self._people(self._on_duty(Role(target.value)), target)
        return told if _reaches(told) else self._nobody_outside(*told)

    # ---- making one ----

    def make(self, recipient: str, channel: Channel, address: str, **more: Any) -> Notification:
        tell = self.tell
        base = Notification(
            id=f"{self.view.alert.no}:{tell.key}:{recipient}:{channel.value}",
            alert_no=self.view.alert.no,
            target=tell.target,
            recipient=recipient,
            channel=channel,
            address=address,
            text=tell.text,
            language="en",
            urgency=tell.urgency,
            reason=tell.reason,
            detail=tell.detail,
            rank=tell.rank,
            trusted=channel in self.directory.trusted,
        )
        return replace(base, **more)

    def unsent(
        self, recipient: str, channel: Channel, reason: ToldReason, detail: str | None, **more: Any
    ) -> Notification:
        """A record that somebody was not told, and why."""
        return self.make(recipient, channel, "", **(more | {"reason": reason, "detail": detail, "sends": False}))

    def gone(self, recipient: str, **more: Any) -> Notification:
        """Somebody has no address for any of the channels."""
        # Not as a call, for a call may be made all the same, and has the same id.
        channel = next((one for one in self.tell.by if one is not Channel.CALL), Channel.CONSOLE)
        given = {key: value for key, value in more.items() if key not in ("reason", "detail")}
        return self.unsent(recipient, channel, ToldReason.RECIPIENT_GONE, "no_address", **given)

    def limited(self, one: Notification) -> Notification:
        """As it is, or not sent for there were too many of late. What is critical, and a stand-down, always go."""
        exempt = one.urgency is Severity.CRITICAL or self.tell.again is not None or one.channel in NOT_LIMITED
        if exempt or not one.sends or self.directory.lately.get((one.recipient, one.channel), 0) < MOST_LATELY:
            return one
        return replace(one, sends=False, reason=ToldReason.RATE_LIMITED, detail=one.reason.value)

    # ---- the rota ----

    def _on_duty(self, role: Role) -> list[Shift]:
        people, directory = self.view.people, self.directory
        return on_duty(directory.shifts, role, people.area, people.organisation, directory.areas, self.now_us)

    def _by(self) -> list[Channel]:
        return [channel for channel in self.tell.by if channel is not Channel.CONSOLE]

    def _people(self, shifts: Sequence[Shift], target: Target, **more: Any) -> list[Notification]:
        """Those of the first priority of whom one can be told, and who before them could not."""
        found: list[Notification] = []
        for _, same in groupby(shifts, key=lambda shift: shift.priority):
            found += [self._person(_of_shift(shift), target=target, **more) for shift in same]
            if _reaches(found):
                break
        return found

    def _person(self, person: _Person, **more: Any) -> Notification:
        by = more.pop("by", None) or self._by()
        for channel in by:
            address = person.addresses.get(channel)
            if address:
                return self.make(person.recipient, channel, address, **({"language": person.language} | more))
        return self.gone(person.recipient, **more)

    def _line(self, first: Target, own: Sequence[Channel] | None = None, **more: Any) -> list[Notification]:
        """A role of the centre, or who is above it: its view, and whoever is on duty by the channels that are its ``own``."""
        own = self._by() if own is None else own
        found = self._hooked(first)
        up = {"reason": ToldReason.ESCALATION, "detail": f"for:{self.tell.target}"} | more
        for target in LINE[LINE.index(first) :]:
            over = more if target is first else up
            found.append(self.make(target.value, Channel.CONSOLE, target.value, target=target, **over))
            shifts = self._on_duty(Role(target.value))
            by = own if target is first else self._louder()
            told = self._people(shifts, target, by=by, **over) if by else []
            if _reaches(told) or (shifts and not by):
                return found + told
            found += [*told, self._nobody(f"{NOBODY}:{target}", shifts, target=target)]
        return found + self._anybody_senior(up)

    def _louder(self) -> list[Channel]:
        """How those above are told of something critical: by a message too."""
        more = (Channel.SMS, Channel.EMAIL) if self.tell.urgency is Severity.CRITICAL else ()
        return list(dict.fromkeys((*self._by(), *self.directory.there(more))))

    def _nobody(self, recipient: str, shifts: Sequence[Shift], **more: Any) -> Notification:
        why = "no_address" if shifts else "nobody_on_duty"
        return self.unsent(recipient, Channel.CONSOLE, ToldReason.RECIPIENT_GONE, why, **more)

    def _anybody_senior(self, up: Mapping[str, Any]) -> list[Notification]:
        by = self._louder() or [*self.directory.there((Channel.SMS, Channel.EMAIL))]
        shifts = anywhere(self.directory.shifts, SENIOR, self.now_us)
        told = [self._person(_of_shift(one), target=Target(one.role.value), by=by, **up) for one in shifts]
        return told if _reaches(told) else [*told, self._nobody(NOBODY, shifts)]

    def _hooked(self, target: Target) -> list[Notification]:
        """Other systems that are told beside people."""
        return [
            self.make(
                f"system:{_digest(hook.address)}", hook.channel, hook.address, target=target, trusted=hook.trusted
            )
            for hook in self._hooks(target, chain(self.view.people.area, self.directory.areas))
        ]

    def _hooks(self, target: Target, areas: Sequence[str | None]) -> list[Hook]:
        """Of the nearest area that has any, for each channel."""
        found: dict[Channel, list[Hook]] = {}
        for area in areas:
            here = [hook for hook in self.directory.hooks if hook.target is target and hook.area == area]
            for channel in self._by():
                these = [hook for hook in here if hook.channel is channel]
                if these:
                    found.setdefault(channel, these)
        return [hook for hooks in found.values() for hook in hooks]

    # ---- outside the centre ----

    def _nobody_outside(self, *records: Notification) -> list[Notification]:
        """Somebody outside cannot be told: the operators are told that, now."""
        gone = records or (self.gone(f"{NOBODY}:{self.tell.target.value}"),)
        detail = f"for:{self.tell.target}"
        up = {"text": CANNOT_BE_TOLD, "reason": ToldReason.ESCALATION, "detail": detail}
        return [*gone, *self._line(Target.OPERATOR, (), **up)]

    def _officer(self) -> list[Notification]:
        """The responsible officer by name; who is on duty for them when it is urgent, or the officer has no address."""
        named = self.view.people.officer
        told = []
        if named is not None:
            language = str(named.get("language") or "en")
            told = [self._person(_of_body(f"officer:{_digest(str(named))}", named, language))]
        urgent = self.tell.urgency in (Severity.CRITICAL, Severity.SERIOUS)
        if urgent or not _reaches(told):
            there = {(one.channel, one.address) for one in told}
            told += [
                one
                for one in self._people(self._on_duty(Role.OFFICER), Target.OFFICER)
                if not one.sends or (one.channel, one.address) not in there
            ]
        told += self._hooked(Target.OFFICER)
        return told if _reaches(told) else self._nobody_outside(*told)

    def _police(self) -> list[Notification]:
        """The force that holds the last used fix, and the home force for information; a call where neither has an address."""
        people, forces = self.view.people, self.directory.forces
        there = None if people.last is None else forces.force_at(people.last)
        home = forces.home_force(people.area, self.directory.areas, people.home)
        found: list[Notification] = []
        for area in dict.fromkeys(force for force in (there, home) if force is not None):
            responds = not _reaches(found)
            detail = self.tell.detail if responds else FOR_INFORMATION
            found.append(self._force(area, detail))
        if _reaches(found):
            return found
        if Channel.CALL in self.tell.by:  # whoever rings finds the number: an emergency has one
            return [*found, self.make(f"force:{there or home or 'unknown'}", Channel.CALL, "")]
        return self._nobody_outside(*found)

    def _force(self, area: str, detail: str | None) -> Notification:
        shifts = [one for one in self.directory.shifts if one.area == area]
        hooks = {hook.channel: hook for hook in self._hooks(Target.POLICE, [area, None])}
        room: dict[Channel, str] = {}
        for shift in on_duty(shifts, Role.POLICE, area, None, self.directory.areas, self.now_us):
            room = dict(_of_shift(shift).addresses) | room
        person = _Person(f"force:{area}", room | {channel: hook.address for channel, hook in hooks.items()})
        found = self._person(person, detail=detail)
        hook = hooks.get(found.channel)
        return found if hook is None else replace(found, trusted=hook.trusted)

    def _of_wearer(self, kind: str, person: Mapping[str, Any]) -> list[Notification]:
        """The wearer, or for one under 18 the responsible adult, who has a step of their own before the wearer's."""
        wearer = self.view.people.wearer or {}
        body = _of_body(
            f"{kind}:{wearer.get('id') or self.view.alert.wearer}", person, str(wearer.get("language") or "en")
        )
        told = self._person(body, trusted=False)
        return [told] if told.sends else self._nobody_outside(told)

    # ---- protected people ----

    def _victims(self) -> list[Notification]:
        victims = self.view.people.victims
        if not victims:
            return self._nobody_outside()
        return [self._victim(f"victim:{name}", read_contact(body)) for name, body in victims.items()]

    def _victim(self, recipient: str, contact: SafeContact, *, over: bool = False) -> Notification:
        """By the first of the step's channels that is safe, now or when it is; else a person calls."""
        words = contact.over_words if over else contact.words
        opens_us = None if contact.hours is None else self._opens_us(contact)
        waits = opens_us is not None and opens_us > self.now_us
        for channel in self.tell.by:
            if channel is Channel.CALL:
                break
            address = contact.addresses.get(channel)
            if address is None or words is None or opens_us is None:
                continue
            if not waits:
                return self.make(recipient, channel, address, words=words, trusted=False)
            if self.tell.urgency is not Severity.CRITICAL:
                return self.make(recipient, channel, address, words=words, trusted=False, not_before_us=opens_us)
        later = waits and self.tell.urgency is not Severity.CRITICAL
        not_before_us = opens_us if later else None
        return self.make(recipient, Channel.CALL, contact.number, trusted=False, not_before_us=not_before_us)

    def _opens_us(self, contact: SafeContact) -> int | None:
        assert contact.hours is not None
        return contact.hours.opens_us(self.now_us, self.view.people.timezone, self.directory.zones)

    # ---- who was told before ----

    def again(self, told: Told) -> list[Notification]:
        """Whoever was told is told again, by the same channel at the same address, on duty or not.

        A protected person alone is asked for anew: what was safe then may not be now. Then a person calls.
        """
        down = told.no if self.tell.reason is ToldReason.STOOD_DOWN else None
        more: dict[str, Any] = {"target": told.target, "urgency": told.urgency, "stands_down": down}
        if told.target is not Target.VICTIM:
            trusted = told.channel in self.directory.trusted
            hooks = [hook for hook in self.directory.hooks if hook.address == told.address]
            more["trusted"] = trusted or any(hook.trusted for hook in hooks)
            return [self.make(told.recipient, told.channel, told.address, **more)]
        body = self.view.people.victims.get(told.recipient.partition(":")[2])
        contact = read_contact(body or {})
        safe = contact.addresses.get(told.channel) == told.address
        if told.channel is Channel.CALL or not safe:
            number = contact.number or (told.address if told.channel is Channel.CALL else "")
            contact = SafeContact({}, number, contact.hours)
        over = self.tell.reason in (ToldReason.CLEARED, ToldReason.STOOD_DOWN)
        return [replace(self._victim(told.recipient, contact, over=over), **more)]


def _reaches(found: Iterable[Notification]) -> bool:
    return any(one.sends for one in found)


def _digest(text: str) -> str:
    """A name for who has none of their own, in which nothing about them stands."""
    return blake2s(text.encode(), digest_size=8).hexdigest()


def _of_shift(shift: Shift) -> _Person:
    return _Person(shift.person, _addresses([shift.phone], shift.email))


def _of_body(recipient: str, body: Mapping[str, Any], language: str = "en") -> _Person:
    """A person of the caseload: ``phones`` or ``phone``, and ``email``."""
    phones = body.get("phones") or [body.get("phone")]
    email = body.get("email")
    return _Person(recipient, _addresses(phones, email if isinstance(email, str) else None), language)


def _adult(written: Any) -> Mapping[str, Any]:
    """A responsible adult as the caseload has them: an object, or a text that may be a number."""
    if isinstance(written, dict):
        return written
    return {"phone": written} if isinstance(written, str) and _NUMBER.fullmatch(written.strip()) else {}


def _addresses(phones: Iterable[Any], email: str | None) -> dict[Channel, str]:
    number = next((one for one in phones if isinstance(one, str) and one.strip()), None)
    found = {} if number is None else {Channel.SMS: number, Channel.CALL: number}
    return found if email is None else found | {Channel.EMAIL: email}
