"""The OpenAPI document as it was promised, kept in the repository: ``python -m api.frozen [--write]``.

What others build on changes only on purpose: without ``--write`` every difference from `docs/openapi.json` is told in words, and the
exit code is 1 when there is one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

from fastapi import Request

from api.app import create_app
from domain.callers import Caller
from store import Reading
from store.connecting import Pool

FROZEN: Final = Path(__file__).parents[1] / "docs" / "openapi.json"
LONGEST: Final = 120
"""Characters of a value that is told."""


class ShutDoor:
    """Nobody comes in."""

    async def caller(self, request: Request) -> Caller | None:
        """Nobody."""
        return None


def document() -> dict[str, Any]:
    """What the application says of itself; it needs no database for that."""
    unopened = Reading("", cast(Pool, None))
    made: dict[str, Any] = create_app(unopened, door=ShutDoor()).openapi()
    return cast("dict[str, Any]", json.loads(written(made)))


def written(made: dict[str, Any]) -> str:
    """As it stands in the file: the keys in order, so that a change shows where it is."""
    return json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def differences(was: Any, now: Any, where: str = "") -> Iterator[str]:
    """What is gone, new or otherwise, in words, each with where it stands."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            place = f"{where} {key}".strip()
            if key not in now:
                yield f"{place} is gone"
            elif key not in was:
                yield f"{place} is new: {_short(now[key])}"
            else:
                yield from differences(was[key], now[key], place)
    elif (named := _by_name(was, now)) is not None:
        yield from differences(*named, where)
    elif was != now:
        yield f"{where} was {_short(was)}, is {_short(now)}"


def _by_name(was: Any, now: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Lists of parameters by their names, and of words by themselves: their order says nothing."""
    if not (isinstance(was, list) and isinstance(now, list)):
        return None
    items = [*was, *now]
    if all(isinstance(item, dict) and "name" in item for item in items):
        before, after = ({f"{one['in']} {one['name']}": one for one in of} for of in (was, now))
        return before, after
    if all(isinstance(item, str) for item in items):
        return dict.fromkeys(was, True), dict.fromkeys(now, True)
    return None


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def main(words: list[str]) -> int:
    """The exit code."""
    now = document()
    if words == ["--write"]:
        FROZEN.write_text(written(now), encoding="utf-8")
        return 0
    if words:
        print("python -m api.frozen [--write]", file=sys.stderr)
        return 2
    found = list(differences(json.loads(FROZEN.read_text(encoding="utf-8")), now))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
