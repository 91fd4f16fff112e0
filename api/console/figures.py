"""Figures of enforcement: a year's measures with their targets, pictures by month, and the tables that they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api.console import words
from api.console.asking import together
from api.console.charts import Chart, chart, said
from api.console.frame import Opened
from api.console.rendering import month_words
from api.console.wearer_words import ORDER_KINDS

Json = dict[str, Any]

UNITS: Final = {"working_days": "working days", "days": "days", "hours": "hours"}
BY: Final = {
    "area": "Area",
    "organisation": "Organisation",
    "order_kind": "Kind of order",
    "level": "Response level",
    "cohort": "Cohort",
}
CHARACTERISTICS: Final = {"sex": "Sex", "age_band": "Age band", "ethnic_group": "Ethnic group"}
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
YEARS_SHOWN: Final = 3
AREAS_NAMED: Final = 1_000

router = APIRouter(include_in_schema=False)


@router.get("/figures")
async def figures(opened: Opened) -> Response:
    """The year asked for, or that of the last month that is over."""
    asked = opened.request.query_params.get("year", "")
    told, (areas, _) = await together(
        opened.ask.get("measures", year=asked or None), opened.ask.items("areas", most=AREAS_NAMED)
    )
    names = {one["id"]: one["record"].get("name") or one["id"] for one in areas}
    year = told["year"]
    newest = max(year, int((await opened.ask.get("measures"))["year"])) if asked else year
    return opened.show(
        "figures.html",
        title=f"Figures of {year}",
        told=told,
        year=year,
        years=[newest - k for k in range(YEARS_SHOWN)],
        measures=[_measure(one) for one in told["measures"]],
        units=UNITS,
        by_words=BY,
        characteristics=CHARACTERISTICS,
        kinds=words.KINDS,
        said=said,
        result_words=_result,
        value_words=partial(_value, names),
    )


def _measure(one: Json) -> Json:
    """A measure with its picture, and in what words its target stands."""
    shares = one["within"] is not None or one["target_share"] is not None
    key, unit = ("share", "share") if shares else ("median", one["unit"])
    values = [(MONTHS[int(row["value"][5:7]) - 1], row[key]) for row in one["months"]]
    target = one["target_share"] if shares else one["half_within"]
    top = 1.0 if shares else _top([value for _, value in values if value is not None], target)
    drawn: Chart | None = chart(values, top=top, target=target, unit=unit, least=shares)
    return one | {
        "chart": drawn,
        "shares": shares,
        "drawn": "within the limit" if shares else "the median",
        "aim": _aim(one),
    }


def _top(values: list[float], target: float | None) -> float:
    highest = max([*values, target or 0.0], default=0.0)
    step = 5.0 if highest <= 50 else 25.0
    return max(step, step * -(-highest // step))


def _aim(one: Json) -> str:
    """The targets in words; empty where there are none."""
    unit = UNITS[one["unit"]]
    told = []
    if one["target_share"] is not None:
        told.append(f"{said(one['target_share'], 'share')} within the limit")
    if one["target_mean"] is not None:
        told.append(f"{said(one['target_mean'], unit)} {unit} on average")
    if one["half_within"] is not None:
        told.append(f"half within {said(one['half_within'], unit)} {unit}")
    return ", ".join(told)


def _value(areas: Mapping[str, str], by: str, value: str) -> str:
    """What a value of a dimension is called."""
    if by == "month":
        return month_words(f"{value}-01")
    if by == "area":
        return areas.get(value, words.sentence(value))
    return ORDER_KINDS.get(value, words.sentence(value)) if by == "order_kind" else words.sentence(value)


def _result(name: str) -> str:
    return words.sentence(name.replace("_", " "))
