"""What has no wearer is read, followed and worked on by whoever sees whom it is about; what is nobody's, by the whole centre."""

from __future__ import annotations

from domain.vocabulary import Kind
from tests.api.doors import asks
from tests.api.serving import Follower, served
from tests.api.test_no_protected_place_leaves import pair
from tests.api.working import CLOSING
from tests.store.made import change_of, violation_of

KENT = asks("ken", "operator", "kent")
ESSEX = asks("eve", "operator", "essex")


async def test_an_operator_of_other_areas_sees_nothing_of_a_silent_unit_and_does_nothing_about_it(
    database_url: str,
) -> None:
    async with pair(database_url) as there:
        at = there.at
        (number,) = at.ask("SELECT alert_no FROM alerts WHERE episode = 'V1-1'")[0]
        for who, status in ((ESSEX, 404), (KENT, 200)):
            paths = (f"alerts/{number}", f"alerts/{number}/history", "violations/V1-1")
            for path in paths:
                assert (await at.get(path, who)).status_code == status, path
            for path in ("alerts", "violations"):
                items = (await at.get(path, who)).json()["items"]
                assert any(one["victim"] == "V1" for one in items) == (status == 200), path
            items = (await at.post("alerts/bulk", {"event": "claim", "items": [{"id": str(number)}]}, who)).json()[
                "items"
            ]
            assert [one["status"] for one in items] == [status]
            assert (await at.post(f"alerts/{number}/claim", who=who)).status_code == status
            assert (await at.post(f"alerts/{number}/close", CLOSING, who)).status_code == status


async def test_the_stream_tells_of_it_whom_the_lists_tell(database_url: str) -> None:
    async with pair(database_url) as there, served(there.at.app) as address:
        faults = [
            violation_of(f"parked-{device}", wearer=None, device=device, kind=Kind.FAULT)
            for device in ("T7", "T-of-nobody")
        ]
        await there.at.made.commit([], [change_of(one) for one in faults])
        for who, shown in (
            (ESSEX, {"parked-T-of-nobody"}),
            (KENT, {"W7-1", "V1-1", "W7-2", "parked-T7", "parked-T-of-nobody"}),
        ):
            follower = Follower(address, "", who)
            follower.last_id = "0"
            found: set[str] = set()
            async with follower.open() as events:
                async for topic, _, body in events:
                    found |= {body["episode"] if topic == "alert" else body["id"]} if "wearer" in body else set()
                    if body.get("episode") == "parked-T-of-nobody":
                        break
            assert found == shown
