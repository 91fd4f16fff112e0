"""The score as one page for people: no script, nothing fetched, its pictures inside, a table beside each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from simulators import score_plots as plots
from simulators.score_figures import Distributions, KindScore, quantiles
from simulators.score_report import Report, days_of

MOST_LISTED: Final = 200
"""Details of one sort on the page; the JSON has more."""
MOST_GROUPS: Final = 30
"""Of one thing told apart, those with the most for nothing."""
SERIES: Final = (
    ("to_decided", "decided", "Beginning to decision"),
    ("to_alert", "alert", "Beginning to alert"),
    ("to_victim_told", "told", "Beginning to victim told"),
)
SORTS: Final = {
    "missed": "Missed",
    "false": "False",
    "late": "Late",
    "other_code": "Found with another code",
    "off_from": "Wrong beginning",
    "off_to": "Wrong end",
    "gap": "Found with a gap",
}


def as_page(report: Report) -> str:
    """The whole page, HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "words": lambda text: str(text).replace("_", " "),
        "percent": lambda value: "–" if value is None else plots.percent(value),
        "seconds": lambda value: "–" if value is None else plots.duration(value),
        "figure": _figure,
        "many": _many,
        "sentence": lambda text: text[:1].upper() + text[1:],
        "instant": lambda text: "open" if text is None else text[:19].replace("T", " "),
    }
    return environment.get_template("score_page.html").render(_told(report))


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,d}" if isinstance(value, int) else f"{value:,.4g}"


def _many(count: int, noun: str) -> str:
    """``1 wearer``, ``2 wearers``."""
    return f"{_figure(count)} {noun}{'' if count == 1 else 's'}"


def _told(report: Report) -> dict[str, Any]:
    """Everything that the page says."""
    found = report.as_json()
    kinds = [(kind, report.kinds[kind]) for kind in sorted(report.kinds)]
    every = [*kinds, ("all", report.total)] if len(kinds) > 1 else kinds
    return {
        "plots": plots,
        "report": found,
        "good": report.good,
        "length": days_of(report.run_s),
        "rows": [*found["violations"].items(), ("all", found["all"])],
        "shares": [_shares(kind, score) for kind, score in every],
        "delays": _delays(every),
        "series": [name for name, _, _ in _with_alerts(report)],
        "names": {name: said for name, _, said in SERIES},
        "classes": {name: style for name, style, _ in SERIES},
        "off": _off(report),
        "groups": {what: _ranked(groups) for what, groups in found["groups"].items()},
        "served": _served(report),
        "drawings": [plots.drawing(strip) for strip in report.strips()],
        "lists": _lists(report),
        "most_listed": MOST_LISTED,
    }


def _shares(kind: str, score: KindScore) -> dict[str, Any]:
    told = score.shares()
    recall, precision = (plots.share(told[n], told[f"{n}_95"]) for n in ("recall", "precision"))
    counted = {"recall": f"{score.hit} of {score.truth}", "precision": f"{score.right} of {score.right + score.false}"}
    return {
        "kind": kind,
        "bars": [("recall", recall, counted["recall"]), ("precision", precision, counted["precision"])],
    }


def _with_alerts(report: Report) -> Iterable[tuple[str, str, str]]:
    return SERIES if report.alerts is not None else SERIES[:1]


def _delays(kinds: list[tuple[str, KindScore]]) -> dict[str, Any] | None:
    """A panel a kind on one axis; None when nothing was found."""
    told = [(kind, _curves(score.seconds)) for kind, score in kinds if len(score.seconds.to_decided)]
    if not told:
        return None
    on = plots.axis([values for _, curves in told for values in curves.values()])
    return {"axis": on, "panels": [_panel(kind, curves, on) for kind, curves in told]}


def _curves(seconds: Distributions) -> dict[str, Any]:
    return {name: values for name, _, _ in SERIES if len(values := getattr(seconds, name))}


def _panel(kind: str, curves: dict[str, Any], on: plots.Axis) -> dict[str, Any]:
    told = {name: quantiles(values) for name, values in curves.items()}
    paths = [(name, plots.curve(values, on)) for name, values in curves.items()]
    return {"kind": kind, "paths": paths, "told": told}


def _off(report: Report) -> list[dict[str, Any]]:
    """Histograms of both ends over all kinds; ``wrong`` of those compared, ``open`` beside them: they have no end to compare."""
    total = report.total
    ends = (
        ("Beginnings", total.seconds.off_from, total.off_from, 0),
        ("Ends", total.seconds.off_to, total.off_to - total.not_ended, total.not_ended),
    )
    return [
        {
            "name": name,
            "n": len(values),
            "bins": plots.bins(values, report.tolerance_s, open_),
            "wrong": wrong,
            "open": open_,
        }
        for name, values, wrong, open_ in ends
    ]


def _ranked(groups: dict[str, Any]) -> dict[str, Any]:
    """The groups that were told of most for nothing first, with the length of each bar."""
    order = sorted(groups, key=lambda word: (-(groups[word]["did_not_happen_per_wearer_day"] or 0.0), word))
    most = max((groups[word]["did_not_happen_per_wearer_day"] or 0.0 for word in order), default=0.0)
    rows = [
        (word, groups[word], (groups[word]["did_not_happen_per_wearer_day"] or 0.0) / most if most else 0.0)
        for word in order[:MOST_GROUPS]
    ]
    return {"rows": rows, "left_out": len(order) - len(rows)}


def _served(report: Report) -> list[dict[str, Any]]:
    """How many wearers were told of how often for nothing in the whole run: 0, 1, 2, 3 to 5, 6 to 10, more."""
    limits = ((0, "never"), (1, "once"), (2, "twice"), (5, "3 to 5 times"), (10, "6 to 10 times"))
    people = report.wearers.people
    if not people:
        return []
    counts = Counter(
        next((word for limit, word in limits if sum(report.wearers.for_nothing(name)) <= limit), "more often")
        for name in people
    )
    return [
        {"said": word, "count": counts[word], "part": counts[word] / len(people)}
        for word in (*(word for _, word in limits), "more often")
    ]


def _lists(report: Report) -> list[dict[str, Any]]:
    return [
        {"sort": sort, "title": title, "all": len(told) + report.left_out[sort], "told": told[:MOST_LISTED]}
        for sort, title in SORTS.items()
        if (told := [detail for detail in report.details if detail["what"] == sort])
    ]
