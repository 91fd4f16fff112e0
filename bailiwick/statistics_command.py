"""``bailiwick statistics``: characteristics of wearers taken from a file, and outcomes by them counted and published, small numbers left out.

Run with a database login of the role `bailiwick_statistics` (docs/measures.md): no other process reads the table.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bailiwick.command_work import done_over
from domain.errors import BadInput, Fault

if TYPE_CHECKING:
    from store.statistics import Statistics

DEED = "statistics.write"
T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

statistics = typer.Typer(
    help="Outcomes by sex, age band and ethnic group, for the statistics job alone.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@statistics.command("import")
def statistics_import(
    file: Annotated[Path, typer.Argument(help="CSV with the heading wearer,sex,age_band,ethnic_group.")],
    as_json: AsJson = False,
) -> None:
    """Take a file in place of what was there: all or nothing."""
    from bailiwick.at_the_shell import entry_at_the_shell  # noqa: PLC0415 (a command imports what it runs)
    from evidence.characteristics import read_characteristics  # noqa: PLC0415
    from store.statistics import Characteristics  # noqa: PLC0415

    async def work(tables: Statistics) -> tuple[int, int]:
        rows = [Characteristics(*one) for one in read_characteristics(_read(file), str(file))]
        entry = entry_at_the_shell(DEED, "statistics", done="imported", rows=len(rows))
        return len(rows), await tables.replace(rows, entry)

    rows, before = _run(work)
    _print({"rows": rows, "before": before}, f"{rows} wearers, in place of {before}", as_json)


@statistics.command("publish")
def statistics_publish(
    year: Annotated[
        int, typer.Argument(help="Of the breach cases of this year, in its months that are over.", min=2000, max=2200)
    ],
    as_json: AsJson = False,
) -> None:
    """Count the results of breach cases by each characteristic, and keep the tables without what is small."""
    from bailiwick.at_the_shell import entry_at_the_shell  # noqa: PLC0415
    from bailiwick.timezones import pinned_time_zones  # noqa: PLC0415
    from evidence.characteristics import tables_of  # noqa: PLC0415
    from evidence.measures import period_of  # noqa: PLC0415
    from evidence.routes import shipped_routes  # noqa: PLC0415

    async def work(tables: Statistics) -> dict[str, Any]:
        now_us = time.time_ns() // 1000
        period = period_of(shipped_routes(pinned_time_zones()).calendar(), year, now_us)
        rows = await tables.outcomes(period.from_us, period.to_us, now_us)
        told = {"through": period.through, "tables": tables_of(rows)}
        entry = entry_at_the_shell(DEED, "statistics", done="published", year=year)
        await tables.publish(year, told, now_us, entry)
        return told

    told = _run(work)
    _print({"year": year} | told, f"{len(told['tables'])} tables of {year} were published", as_json)


def _run(work: Callable[[Statistics], Awaitable[T]]) -> T:
    from store.statistics import Statistics  # noqa: PLC0415 (a command imports what it runs)

    return done_over(Statistics.open, work)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput([Fault(str(file), 1, "file", error.strerror or "cannot be read")]) from None
    except UnicodeDecodeError:
        raise BadInput([Fault(str(file), 1, "file", "is not UTF-8")]) from None


def _print(told: dict[str, Any], line: str, as_json: bool) -> None:
    print(json.dumps(told, ensure_ascii=False) if as_json else line)
