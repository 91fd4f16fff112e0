"""The OpenAPI document is what was promised; where it is not, the difference is told in words."""

from __future__ import annotations

import copy
import json
from functools import cache

from api import frozen
from api.frozen import FROZEN, differences, main, written

document = cache(frozen.document)

HOW = "if that is meant, `python -m api.frozen --write` and say so in CHANGELOG.md"


def test_the_document_is_as_it_was_promised() -> None:
    found = list(differences(json.loads(FROZEN.read_text(encoding="utf-8")), document()))
    assert not found, "\n".join([*found, HOW])
    assert FROZEN.read_text(encoding="utf-8") == written(document()), HOW


def test_each_difference_is_told_with_where_it_stands() -> None:
    was = document()
    now = copy.deepcopy(was)
    page = now["paths"]["/api/v1/wearers"]["get"]
    limit = next(one for one in page["parameters"] if one["name"] == "limit")
    assert limit["schema"]["maximum"] == 1000
    limit["schema"]["maximum"] = 500
    page["parameters"].reverse()
    page["x-roles"].remove("officer")
    del now["paths"]["/api/v1/positions"]
    now["components"]["schemas"]["Problem"]["required"].append("detail")
    assert sorted(differences(was, now)) == [
        "components schemas Problem required detail is new: true",
        "paths /api/v1/positions is gone",
        "paths /api/v1/wearers get parameters query limit schema maximum was 1000, is 500",
        "paths /api/v1/wearers get x-roles officer is gone",
    ]
    assert list(differences(was, copy.deepcopy(was))) == []


def test_the_command_says_how_it_is_used() -> None:
    assert main(["--other"]) == 2


def test_every_operation_says_what_it_does_and_who_may() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), (method, path)
            assert "default" in operation["responses"] or path.startswith("/health"), (method, path)
            if path.startswith("/api/v1") and not path.startswith("/api/v1/session"):
                assert operation["x-roles"], (method, path)
