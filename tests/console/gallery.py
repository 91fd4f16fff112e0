"""Every page of the console in every state that somebody meets: what axe looks at, and what the pictures in the docs show.

A new page or state is a line here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Page, expect

from tests.api.doors import NOBODY, asks
from tests.console import (
    alert_states,
    caseload_states,
    centre_states,
    contact_states,
    court_states,
    crime_states,
    editor_states,
    map_states,
    pack_pages,
    queue_states,
    wearer_states,
)
from tests.console.contact_states import EVE, LIV
from tests.console.world import DEE, OLA, SAM, World

Prepare = Callable[[Page, World], Awaitable[None]]


async def _ready(page: Page, world: World) -> None:
    await expect(page.locator("h1").first).to_be_visible()


@dataclass(frozen=True)
class Shot:
    """A page as ``who`` sees it at ``path``, after ``prepare``, which waits for what must be there and may press and type."""

    name: str
    path: str
    who: dict[str, str]
    prepare: Prepare = _ready
    before: Callable[[World], Awaitable[None]] | None = None
    """What is done to the world first."""


GALLERY: Final[list[Shot]] = [
    Shot("sign-in", "/sign-in", NOBODY),
    Shot("password", "/password", OLA),
    Shot("alerts", "/alerts", OLA, queue_states.live),
    Shot(
        "alerts-views",
        "/alerts?held=nobody&severity=critical&severity=serious",
        OLA,
        queue_states.live,
        queue_states.saved,
    ),
    Shot("alerts-selected", "/alerts", OLA, queue_states.selected),
    Shot("alerts-waiting", "/alerts?severity=critical&severity=serious", OLA, queue_states.waiting),
    Shot("alerts-closing", "/alerts", OLA, queue_states.closing),
    Shot("alerts-closing-refused", "/alerts", OLA, queue_states.closing_refused),
    Shot("alerts-undo", "/alerts", OLA, queue_states.undoable),
    Shot("alerts-contact", "/alerts", OLA, queue_states.contact),
    Shot("alerts-naming", "/alerts?severity=critical&text=finch", SAM, queue_states.naming),
    Shot("alerts-stale", "/alerts", OLA, queue_states.stale),
    Shot("alerts-mine", "/alerts?held=me", OLA, queue_states.empty),
    Shot("alerts-of-an-officer", "/alerts", DEE, queue_states.live),
    Shot("alerts-keys", "/alerts", OLA, queue_states.keys),
    Shot("alert-critical", "/alerts/7", OLA),
    Shot("alert-late", "/alerts/4", OLA),
    Shot("alert-of-a-device", "/alerts/5", SAM),
    Shot("alert-claimed", "/alerts/5", OLA, alert_states.with_contact_form, alert_states.claimed),
    Shot("alert-closed", "/alerts/8", OLA, before=alert_states.closed),
    Shot("alert-refused", "/alerts/3", OLA, alert_states.refused),
    Shot("alert-overtaken", "/alerts/4", OLA, alert_states.overtaken),
    Shot("alert-protected", "/alerts/3", OLA, alert_states.protected_place, alert_states.paired),
    Shot("alert-of-an-officer", "/alerts/7", DEE),
    Shot("find", "/find", OLA),
    Shot("find-found", "/find?q=finch", OLA),
    Shot("find-nobody", "/find?q=nobody%20of%20that%20name", OLA),
    Shot("contact", "/contacts/new?wearer=W1001", OLA),
    Shot("contact-refused", "/contacts/new?wearer=W1005", OLA, alert_states.nothing_entered),
    Shot("contact-of-nobody", "/contacts/new", OLA),
    Shot("map", "/map", OLA, map_states.ready),
    Shot("map-picked", "/map", OLA, map_states.picked, map_states.with_streets),
    Shot("map-found", "/map", OLA, map_states.found),
    Shot("map-still", "/map", OLA, map_states.still),
    Shot("map-nobody", "/map", asks("dee", "officer", "nowhere"), map_states.sealed),
    Shot("map-table", "/map/table", OLA),
    Shot("wearer", "/wearers/W1001", OLA),
    Shot("wearer-of-an-officer", "/wearers/W1003", DEE),
    Shot("wearer-eventful", "/wearers/W1005", SAM, before=wearer_states.eventful),
    Shot("track-asked", "/wearers/W1001/track", OLA),
    Shot("track-unsaid", "/wearers/W1001/track", OLA, wearer_states.unsaid),
    Shot("track-wrong-times", "/wearers/W1001/track", OLA, wearer_states.wrong_times),
    Shot("track", "/wearers/W1001/track", OLA, wearer_states.tracked),
    Shot("track-sealed", "/wearers/W1004/track", DEE, wearer_states.tracked, wearer_states.sealed),
    Shot("sheet", "/wearers/W1002/sheet", OLA, wearer_states.mapped),
    Shot("sheet-welsh", "/wearers/W1003/sheet", DEE, wearer_states.mapped),
    Shot("compliance", "/orders/OW1002/compliance?from=2026-10-26&to=2026-11-20", DEE, before=court_states.on_bail),
    Shot("weeks", "/orders/OW1003/weeks", DEE, before=court_states.in_a_programme),
    Shot("chronology", "/wearers/W1002/chronology", DEE, before=court_states.on_bail),
    Shot("figures", "/figures", SAM, before=court_states.a_year),
    Shot("sheet-told-wrongly", "/wearers/W1001/sheet", OLA, wearer_states.told_wrongly),
    Shot("zones", "/zones", SAM),
    Shot("zone-new", "/zones/new", SAM),
    Shot("zone", "/zones/school", SAM, editor_states.drawn),
    Shot("zone-of-an-officer", "/zones/school", DEE),
    Shot("zone-versions", "/zones/school/versions", SAM),
    Shot("zone-warned", "/conditions/ZW1001/edit", SAM, editor_states.zone_warned, editor_states.protected),
    Shot("condition", "/conditions/CW1001/edit", SAM, editor_states.condition_seen, editor_states.long_order),
    Shot("condition-refused", "/conditions/CW1002/edit", SAM, editor_states.condition_refused),
    Shot("condition-kind", "/orders/OW1001/conditions/new", SAM),
    Shot("condition-new", "/orders/OW1001/conditions/new?kind=attendance", SAM),
    Shot("condition-person", "/orders/OW1004/conditions/new?kind=proximity", SAM, editor_states.person_seen),
    Shot("absences", "/conditions/CW1001/absences", SAM, before=editor_states.an_absence),
    Shot("absence-new", "/conditions/CW1003/absences/new", SAM, editor_states.absence_seen),
    Shot("suspension-new", "/orders/OW1003/suspensions/new", SAM, editor_states.suspension_seen),
    Shot("mutes", "/mutes", SAM, before=editor_states.a_mute),
    Shot("mute-new", "/wearers/W1005/mutes/new", SAM, editor_states.muted),
    Shot("mute-refused", "/wearers/W1005/mutes/new", SAM, editor_states.mute_refused),
    Shot("protocols", "/protocols", SAM),
    Shot("protocols-refused", "/protocols/new", SAM, editor_states.file_refused),
    Shot("rota", "/rota", SAM, before=editor_states.a_rota),
    Shot("rota-shift", "/rota/shifts/new", SAM),
    Shot("handover", "/handover", SAM),
    Shot("wallboard", "/wallboard", SAM),
    Shot("caseload", "/caseload", caseload_states.DEE, before=caseload_states.under_way),
    Shot("caseload-order", "/caseload/OW1001", caseload_states.DEE, before=caseload_states.under_way),
    Shot("breach", "/breaches/1", caseload_states.DEE, before=caseload_states.under_way),
    Shot("annex", "/breaches/1/packs/1/annex", pack_pages.DOM, before=pack_pages.opened_once),
    Shot("annex-refused", "/breaches/1/packs/1/annex", pack_pages.DOM, pack_pages.refused, pack_pages.made_by_hand),
    Shot("packs", "/breaches/1/packs", pack_pages.DOM, before=pack_pages.made_by_hand),
    Shot("pack", "/breaches/1/packs/1", pack_pages.DOM, before=pack_pages.made_by_hand),
    Shot("lots", "/lots?q=2026-03", asks("dan", "device_manager"), before=caseload_states.under_way),
    Shot("incidents", "/incidents", SAM),
    Shot("more", "/more", SAM),
    Shot("not-there", "/wearers/nobody-of-that-name", OLA),
    Shot("not-yours", "/handover", DEE),
    Shot("sign-in-refused", "/sign-in", NOBODY, centre_states.wrong_password),
    Shot("signed-out", "/sign-in", NOBODY, centre_states.form_without_session),
    Shot("devices", "/", asks("dan", "device_manager")),
    Shot("dead-letters", "/dead-letters", asks("dan", "device_manager"), before=centre_states.parked),
    Shot("field", "/", asks("fin", "field"), before=centre_states.visited),
    Shot("handover-waiting", "/handover", SAM, before=centre_states.handed_over),
    Shot("handover-to-take", "/handover", SAM, centre_states.newest_handover, centre_states.handed_over),
    Shot("handover-taken", "/handover", OLA, centre_states.newest_handover, centre_states.taken_over),
    Shot("incidents-standing", "/incidents", SAM, before=centre_states.silent),
    Shot("incident", "/incidents/outage-1", OLA, before=centre_states.silent),
    Shot("patrol-links", "/alerts/7/patrol", OLA, centre_states.link_made),
    Shot("patrol-refused", "/alerts/7/patrol", OLA, centre_states.link_refused),
    Shot("patrol", "/patrol/none", NOBODY, centre_states.link_opened),
    Shot("patrol-over", "/patrol/none", NOBODY),
    Shot("wallboard-of-an-auditor", "/wallboard", asks("ann", "auditor")),
    Shot("no-such-page", "/no/such/page", OLA),
    Shot("warrants", "/warrants", EVE, before=contact_states.warrants),
    Shot("warrant", "/warrants/1", EVE, before=contact_states.warrants),
    Shot("warrant-whose", "/warrants/new?wearer=W9999", SAM),
    Shot("warrant-new", "/warrants/new?breach=1", caseload_states.DEE, before=caseload_states.under_way),
    Shot("warrant-refused", "/warrants/new?wearer=W1003", SAM, contact_states.warrant_refused),
    Shot("victim-contact", "/victim-contact", LIV, before=contact_states.duties),
    Shot("victim-contact-one", "/victim-contact/1", LIV, before=contact_states.duties),
    Shot("crimes", "/crimes", crime_states.PC, crime_states.refused, crime_states.looked_at),
    Shot("crime", "/crimes/1", SAM, crime_states.drawn, crime_states.looked_at),
    Shot("crime-police", "/crimes/1", crime_states.PC, crime_states.drawn, crime_states.authorised),
]
