"""The score as text for people: tables of figures, and a row for each thing that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from simulators.score_figures import KindScore, quantiles
from simulators.score_report import Report

COLUMNS: Final = ("truth", "found", "missed", "false", "explained", "late", "other_code", "wrong_interval")
MOST_ROWS: Final = 20
"""Of one table of groups, in order of their names; the page and the JSON have all."""


def as_text(report: Report) -> str:
    """The comparison: a row a kind, then alerts, groups and who is served worst where they are known, and what is wrong below."""
    return "\n".join([*_kinds(report), *_alerts(report), *_people(report), *_wrong(report)])


def _kinds(report: Report) -> Iterator[str]:
    heading = ("kind", *COLUMNS, "recall", "precision", "p50 s", "p99 s")
    rows = [heading, *(_row(kind, report.kinds[kind]) for kind in sorted(report.kinds))]
    if len(report.kinds) > 1:
        rows.append(_row("all", report.total))
    yield from _table(rows)
    yield from _left_alone("no truth is told of it", report.not_scored)
    yield from _left_alone(
        "it is of protected people's own units, of which no truth is told", report.not_scored_protected
    )


def _left_alone(why: str, kinds: Mapping[str, int]) -> Iterator[str]:
    if kinds:
        yield f"not scored, as {why}: {', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))}"


def _row(name: str, kind: KindScore) -> tuple[str, ...]:
    shares, delay, counts = kind.shares(), quantiles(kind.seconds.to_decided), kind.counts()
    percents = (_percent(shares["recall"]), _percent(shares["precision"]))
    return (name, *(str(counts[c]) for c in COLUMNS), *percents, *(_seconds(delay[q]) for q in ("p50", "p99")))


def _alerts(report: Report) -> Iterator[str]:
    if report.alerts is None:
        return
    told = report.alerts.as_json()
    columns = ("alerts", "right", "explained", "false", "not_judged")
    named = [*sorted(told["severities"].items()), ("all", told)]
    rows: list[tuple[str, ...]] = [("severity", *columns, "precision", "victim told p50 s")]
    for name, one in named:
        counts = (str(one[column]) for column in columns)
        rows.append((name, *counts, _percent(one["precision"]), _seconds(one["alert_to_victim_told_s"]["p50"])))
    yield from ("", *_table(rows))


def _people(report: Report) -> Iterator[str]:
    """A table for each thing that is told apart, and the worst served."""
    groups, worst = report.wearers.groups(), report.wearers.worst()
    if not groups:
        return
    for what, told in groups.items():
        yield from ("", *_table([_group_heading(what), *(_group(*one) for one in list(told.items())[:MOST_ROWS])]))
        if len(told) > MOST_ROWS:
            yield f"{what}: {len(told) - MOST_ROWS} more"
    yield ""
    among = worst["per_30_days"]["did_not_happen"]
    yield (
        f"for nothing in 30 days ({worst['of']}, false and explained), of each wearer: "
        f"p50 {_number(among['p50'])}, p95 {_number(among['p95'])}, p99 {_number(among['p99'])}, most {_number(among['max'])}"
    )
    named = [f"{one['wearer']} ({one['false']} false, {one['explained']} explained)" for one in worst["wearers"]]
    if named:
        yield f"worst served: {', '.join(named)}"


def _group_heading(what: str) -> tuple[str, ...]:
    return (what, "wearers", "wearer-days", "truth", "missed", "false", "explained", "recall", "for nothing a day")


def _group(word: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    counts = (str(one[column]) for column in ("truth", "missed", "false", "explained"))
    rate = _number(one["did_not_happen_per_wearer_day"])
    return (word, str(one["wearers"]), _number(one["wearer_days"]), *counts, _percent(one["recall"]), rate)


def _wrong(report: Report) -> Iterator[str]:
    for what in report.details:
        about = " ".join(part for part in (what["wearer"], what["kind"], what["condition"] or what["code"]) if part)
        yield f"{what['what']}: {about} from {what['from']} to {what['to'] or 'open'}: {what['why']}"
    yield from (f"{what}: {more} more" for what, more in sorted(report.left_out.items()))


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) + 2 for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        yield row[0].ljust(widths[0]) + "".join(cells)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}%"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
