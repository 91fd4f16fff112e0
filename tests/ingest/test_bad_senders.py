"""Ten bad messages in a row: reported once, cleared by the next good one, the same after a recovery."""

from __future__ import annotations

from collections.abc import Sequence

from domain.facts import Roster
from domain.violations import Violation
from domain.vocabulary import AlertCondition, Kind
from domain.wire import Decoder, up_topic
from ingest.bad_senders import BAD_IN_A_ROW, BadSenders
from tests.alerts.made import make_violation
from tests.ingest.made import NOW_US, message

GOOD, BAD = True, False
ACTIVE, CLEARED = AlertCondition.ACTIVE, AlertCondition.CLEARED


class Sending:
    """Messages of two devices, good or bad, as batches."""

    def __init__(self) -> None:
        self.roster = Roster()
        self.decoder = Decoder(self.roster, {"T1", "T2"})
        self.senders = BadSenders(self.roster)
        self.sent = 0

    def batch(
        self, *messages: tuple[str, bool], versions: Sequence[Violation] = ()
    ) -> list[tuple[str | None, AlertCondition]]:
        made = []
        for device, good in messages:
            self.sent += 1
            topic, payload = message(device, self.sent) if good else (up_topic(device), b"{")
            made.append((topic, payload, NOW_US + self.sent))
        changes = self.senders.apply(self.decoder.decode(made).batch, versions)
        return [(change.device, change.state) for change in changes]


def test_of_a_device_that_somebody_wears_the_rules_say_it() -> None:
    sending = Sending()
    fault = make_violation(Kind.FAULT, "12:00:00", device="T1", from_us=NOW_US + BAD_IN_A_ROW, evidence=())
    assert sending.batch(*[("T1", BAD)] * BAD_IN_A_ROW, ("T1", GOOD), versions=[fault]) == []
    assert sending.batch(*[("T2", BAD)] * BAD_IN_A_ROW, versions=[fault]) == [("T2", ACTIVE)]


def test_it_is_reported_once() -> None:
    sending = Sending()
    assert sending.batch(*[("T1", BAD)] * (BAD_IN_A_ROW - 1)) == []
    assert sending.batch(("T1", BAD), ("T2", GOOD)) == [("T1", ACTIVE)]
    assert sending.batch(*[("T1", BAD)] * 500) == []


def test_a_good_message_begins_the_count_again() -> None:
    sending = Sending()
    assert sending.batch(*[("T1", BAD)] * 9, ("T1", GOOD), *[("T1", BAD)] * 9) == []
    assert sending.batch(("T1", BAD)) == [("T1", ACTIVE)]


def test_the_next_good_message_clears_it() -> None:
    sending = Sending()
    assert sending.batch(*[("T1", BAD)] * 10, ("T1", GOOD), *[("T1", BAD)] * 10) == [
        ("T1", ACTIVE),
        ("T1", CLEARED),
        ("T1", ACTIVE),
    ]


def test_devices_are_counted_apart() -> None:
    sending = Sending()
    assert sending.batch(*[("T1", BAD), ("T2", BAD)] * 9) == []
    assert sending.batch(("T2", BAD), ("T1", BAD)) == [("T2", ACTIVE), ("T1", ACTIVE)]


def test_where_batches_are_cut_changes_nothing() -> None:
    sent = [("T1", k % 13 == 0) for k in range(60)] + [("T2", BAD)] * 12
    whole, cut = Sending(), Sending()
    assert whole.batch(*sent) == [change for one in sent for change in cut.batch(one)]
