"""One record entered, varied or ended; a device swapped for another: each in one transaction with what it is checked against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from alerts.desk import Note
from api.caseload_asked import AskedOf
from api.caseload_bodies import written_one
from api.caseload_causes import refused
from api.caseload_desk import Rule, check, enter, no_rule, sight_of_written
from api.caseload_resources import OF_TYPE, Resource
from api.caseload_shapes import Swap
from api.etags import revision_seen
from api.problems import Problem
from domain.caseload_checks import Key
from domain.caseload_file import Written, written_objects
from domain.caseload_json import record_as_json
from domain.errors import Fault
from domain.instants import format_instant
from domain.records import Fitting
from store.caseload_entry import Entering, Stood
from store.caseload_seen import EnteredRow

WRITTEN_BY_US = ("by", "at")
"""Keys of an assessment that say who decided and when: whoever asks, and now."""


async def create(
    asked: AskedOf, resource: Resource, found: dict[str, Any], note: Note, holds_from_us: int | None
) -> tuple[EnteredRow, list[Fault]]:
    """Enters a new record. Raises `Problem`: 422 with every fault, 409 when there is one of its id."""
    written = await _written(asked, resource, found)

    async def is_new(entering: Entering, stood: Mapping[Key, Stood]) -> None:
        for key in written.records:
            if key in stood and not stood[key].version.cancelled:
                detail = f"there is a {resource.kind} of this id; a new version is a PUT to it"
                raise Problem(HTTPStatus.CONFLICT, detail, field="id")

    return await _enter_one(asked, written, note, is_new, holds_from_us)


async def change(
    asked: AskedOf,
    resource: Resource,
    name: str,
    found: dict[str, Any],
    if_match: str,
    note: Note,
    holds_from_us: int | None,
) -> tuple[EnteredRow, list[Fault]]:
    """Enters a new version of a record. Raises `Problem`: 404, 422, 412 where another version stands."""
    await _must_see(asked, resource, name)
    written = await _written(asked, resource, found, name)
    # What cannot be read is of no version; its faults are told.
    rule = _is_version((resource.kind, name), if_match) if written.records else no_rule
    return await _enter_one(asked, written, note, rule, holds_from_us)


async def end(
    asked: AskedOf, resource: Resource, name: str, if_match: str, note: Note, holds_from_us: int | None
) -> EnteredRow:
    """Enters the version that ends a record. Raises `Problem`: 404, 412, 409 while others refer to it."""
    await _must_see(asked, resource, name)
    key = (resource.kind, name)
    async with asked.caseload.entering() as entering:
        await note(entering.conn)
        stood = await entering.standing([key])
        await _is_version(key, if_match)(entering, stood)
        others, number = await entering.referring_to(key)
        if number:
            kinds = ", ".join(sorted({kind for kind, _ in others}))
            raise Problem(HTTPStatus.CONFLICT, f"{number} records refer to it, such as {kinds}: end those first")
        now_us = asked.seen.parts.now()
        last = replace(
            stood[key].version, cancelled=True, holds_from_us=now_us if holds_from_us is None else holds_from_us
        )
        entered = await enter(entering, asked.seen, [last], "ended")
        return (await entering.rows([entered[key]]))[0]


async def swap(
    asked: AskedOf, name: str, body: Swap, if_match: str, note: Note
) -> tuple[EnteredRow, EnteredRow, list[Fault]]:
    """Ends a fitting and begins another at the same instant, for the same person. Raises as `change`."""
    resource = OF_TYPE["fitting"]
    await _must_see(asked, resource, name)
    now_us = asked.seen.parts.now()
    at_us = now_us if body.at is None else body.at
    async with asked.caseload.looking() as looking:
        stood = await looking.standing([("fitting", name)])
    before = stood[("fitting", name)].version.record
    assert isinstance(before, Fitting)
    if at_us <= before.from_us or (before.to_us is not None and at_us > before.to_us):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "must lie within the fitting that it ends", field="at")
    after = replace(before, id=body.id, device=body.device, from_us=at_us)
    written = written_objects(
        [record_as_json(replace(before, to_us=at_us)), record_as_json(after)], "body", asked.caseload.zones.names
    )
    sight = await sight_of_written(asked.caseload, asked.seen, written)
    async with asked.caseload.entering() as entering:
        await note(entering.conn)
        rule = _both(_is_version(("fitting", name), if_match), _is_unused(("fitting", body.id)))
        # What was until then stays as it was: the end holds from the swap, should that be past.
        checked = await check(entering, written, asked.seen, sight, lines=False, rule=rule)
        ended = [replace(one, holds_from_us=min(at_us, now_us)) for one in checked.news.changed]
        entered = await enter(entering, asked.seen, [*ended, *checked.news.fresh], "swapped")
        stands = checked.stood | entered
        before_row, after_row = await entering.rows([stands[("fitting", name)], stands[("fitting", body.id)]])
    return before_row, after_row, checked.warnings


async def _enter_one(
    asked: AskedOf, written: Written, note: Note, rule: Rule, holds_from_us: int | None
) -> tuple[EnteredRow, list[Fault]]:
    sight = await sight_of_written(asked.caseload, asked.seen, written)
    async with asked.caseload.entering() as entering:
        await note(entering.conn)
        checked = await check(entering, written, asked.seen, sight, lines=False, rule=rule, holds_from_us=holds_from_us)
        what = "changed" if checked.news.changed else "entered"
        entered = await enter(entering, asked.seen, checked.news.versions, what)
        (key,) = written.records
        (row,) = await entering.rows([(checked.stood | entered)[key]])
    return row, checked.warnings


async def _written(asked: AskedOf, resource: Resource, found: dict[str, Any], name: str | None = None) -> Written:
    if resource.kind == "assessment":
        ours = [key for key in WRITTEN_BY_US if key in found]
        if ours:
            cause = "is written by the service (whoever asks, and now); leave it out"
            raise refused([Fault("body", 1, key, cause) for key in ours], lines=False)
        found = found | {"by": asked.seen.caller.name, "at": format_instant(asked.seen.parts.now())}
    return await written_one(resource.kind, found, asked.caseload.zones.names, name)


async def _must_see(asked: AskedOf, resource: Resource, name: str) -> None:
    row = await asked.caseload.seen(asked.seen.sight).one(resource.kind, name)
    if row is None or row.cancelled:
        raise Problem(HTTPStatus.NOT_FOUND, f"no such {resource.kind}")


def _is_version(key: Key, if_match: str) -> Rule:
    """What the caller saw is what stands; else it is told who changed it, and when."""

    async def rule(entering: Entering, stood: Mapping[Key, Stood]) -> None:
        stands = stood[key]
        if revision_seen(if_match, stands.record_no) != stands.record_no:  # nor `*`: who saw nothing overwrites nobody
            (changed,) = await entering.rows([stands])
            event = "ended" if changed.cancelled else "changed"
            told = {"revision": str(stands.record_no), "event": event, "by": changed.by}
            detail = "the record has changed since you read it: read it again and decide anew"
            more = {"changed": told | {"at": format_instant(changed.entered_us)}}
            raise Problem(HTTPStatus.PRECONDITION_FAILED, detail, more=more)

    return rule


def _is_unused(key: Key) -> Rule:
    async def rule(entering: Entering, stood: Mapping[Key, Stood]) -> None:
        if key in stood:
            raise Problem(HTTPStatus.CONFLICT, "there is a fitting of this id; choose another", field="id")

    return rule


def _both(*rules: Rule) -> Rule:
    async def all_of(entering: Entering, stood: Mapping[Key, Stood]) -> None:
        for rule in rules:
            await rule(entering, stood)

    return all_of
