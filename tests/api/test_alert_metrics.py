"""Metrics of alerts, as they are scraped."""

from __future__ import annotations

import httpx2

from api.metrics import Metrics
from domain.instants import SECOND_US
from domain.vocabulary import Severity
from store.alert_figures import AlertMeasures, AlertsNow, Load, Precision, Quantiles, Raised, Unclaimed
from tests.api.sides import Side, fake_of
from tests.store.made import NOON


async def test_what_is_measured_of_alerts_is_scraped_and_what_is_over_is_gone(
    full: Side, client: httpx2.AsyncClient
) -> None:
    held = Precision("exclusion_zone", None, None, 3, 4)
    fake_of(full).measured = AlertMeasures(
        raised=[
            Raised("exclusion_zone", {Severity.CRITICAL: 4}, 4, 0.5),
            Raised("sos", {Severity.CRITICAL: 1}, 1, None),
        ],
        delays={"alert_to_claim": Quantiles(4, 10.0, 20.0, 30.0)},
        outcomes={"exclusion_zone": {"confirmed": 3, "false": 1}},
        assessments={"exclusion_zone": {"upheld": 2}},
        precision=[held],
    )
    page = (await client.get("/metrics")).text
    for line in (
        'bailiwick_alerts_unclaimed{severity="critical"} 1.0',
        'bailiwick_alerts_unclaimed{severity="serious"} 0.0',
        'bailiwick_alerts_oldest_unclaimed_seconds{severity="critical"} 0.0',
        "bailiwick_alerts_per_operator 0.0",
        "bailiwick_alert_flood 0.0",
        'bailiwick_alerts_raised_day{kind="sos"} 1.0',
        'bailiwick_alerts_per_wearer_day{kind="exclusion_zone"} 0.5',
        'bailiwick_alert_delay_seconds{quantile="0.99",what="alert_to_claim"} 30.0',
        'bailiwick_alert_outcomes_day{kind="exclusion_zone",outcome="false"} 1.0',
        'bailiwick_assessments_day{decision="upheld",kind="exclusion_zone"} 2.0',
        'bailiwick_alert_precision_ratio{kind="exclusion_zone"} 0.75',
    ):
        assert line in page.splitlines(), line
    assert 'bailiwick_alerts_per_wearer_day{kind="sos"}' not in page


def test_a_flood_shows_and_a_kind_without_alerts_goes() -> None:
    metrics = Metrics()
    metrics.alerts(AlertsNow(NOON, {Severity.CRITICAL: Unclaimed(2, NOON - 90 * SECOND_US)}, Load(NOON, 21, 2)))
    metrics.measured(AlertMeasures(precision=[Precision("sos", None, None, 1, 2)]))
    metrics.measured(AlertMeasures())
    page = metrics.text().decode()
    assert "bailiwick_alert_flood 1.0" in page
    assert "bailiwick_alerts_per_operator 10.5" in page
    assert 'bailiwick_alerts_oldest_unclaimed_seconds{severity="critical"} 90.0' in page
    assert 'kind="sos"' not in "".join(line for line in page.splitlines() if "precision" in line)
