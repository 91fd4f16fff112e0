"""Work on many alerts by whoever is limited to areas: a filter finds what is in sight, and names nothing else."""

from __future__ import annotations

from domain.instants import DAY_US
from domain.records import Area, Order, Version, Wearer
from domain.vocabulary import AreaKind, OrderKind
from tests.api.doors import asks
from tests.api.working import working
from tests.store.made import NOON


async def test_bulk_work_by_a_filter_tells_of_no_alert_out_of_sight(database_url: str) -> None:
    areas = [Version(Area(name, AreaKind.POLICE_FORCE)) for name in ("kent", "essex")]
    orders = [
        version
        for name, area in (("W2", "kent"), ("W3", "essex"))
        for version in (
            Version(Wearer(name, f"Invented {name}")),
            Version(Order(f"O-{name}", name, OrderKind.COMMUNITY, NOON - DAY_US, NOON + DAY_US, area=area)),
        )
    ]
    async with working(database_url, *areas, *orders) as at:
        for name in ("W3", "W2"):
            await at.made.raised(f"{name}-1", condition=None, order=f"O-{name}")
        await at.look()
        kent = asks("kay", areas="kent")
        for wanted, found in (
            ({"severities": ["critical"]}, ["3"]),
            ({"kinds": ["exclusion_zone"]}, ["3"]),
            ({"wearer": "W3"}, []),
        ):
            answer = await at.post("alerts/bulk", {"event": "claim", "filter": wanted}, kent)
            assert [one["id"] for one in answer.json()["items"]] == found, wanted
            assert answer.json()["more"] is False
        assert at.ask("SELECT alert_no FROM alert_work WHERE holder = 'kay'") == [(3,)]
        named = await at.post("alerts/bulk", {"event": "release", "items": [{"id": "2"}, {"id": "3"}]}, kent)
        assert [(one["id"], one["status"]) for one in named.json()["items"]] == [("2", 404), ("3", 200)]
