"""Lines of one side or the other made comparable where they do not know the same kinds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any


def of_kinds(lines: Iterable[str], kinds: Collection[str]) -> list[dict[str, Any]]:
    """The lines of some kinds, their ids numbered anew within them in the order in which they were first written.

    What assessments say goes by real ids: ATV and `alcohol` can be compared only where both sides know the same kinds.
    """
    names: dict[str, str] = {}
    numbers: dict[str, int] = {}
    out = []
    for line in lines:
        version = json.loads(line)
        if version["kind"] in kinds:
            if version["id"] not in names:
                owner = version["id"].rpartition("-")[0]
                numbers[owner] = numbers.get(owner, 0) + 1
                names[version["id"]] = f"{owner}-{numbers[owner]}"
            out.append({**version, "id": names[version["id"]]})
    return out
