"""Where something stands in a scenario file, however it is written."""

from __future__ import annotations

import pytest

from simulators.scenario_places import line_of, line_of_fault

TITLE = """[about]
title = \"\"\"
[shares]
sos = 1
\"\"\"
failures = [
  "04",  # sos = 1 ]
  "13",
]
[shares]
# sos = 2
sos = 3
"""
QUOTED = """
# a remark
["shares"]
"sos" = 3
'zone_visit' = 4
"""
DOTTED = """shares.sos = 1
wire.msgpack = 0.5
shares . "fault" = 2
people = { days = "no", rest_s = 3 }
"""
LISTED = """# lists
outage = [
  {from_s = 1, to_s = 2}, # the [first]

  # and
  {from_s = 1, to_s = 2, carrier = "]"},
  { from_s = 3,  to_s = 4 } ]
[shares]
sos = 1
"""
COMMAS = """outage = [ {from_s = 1, to_s = 2}
  , {from_s = 1, to_s = 2}
  , {from_s = 3, to_s = 4}
]
"""
TABLES = """[[outage]]
from_s = 1
[[power_cut]]
from_s = 2
[[ outage ]]
to_s = 1
from_s = 3
[outage.more]
from_s = 4
[[power_cut]]
share = 1
"""


@pytest.mark.parametrize(
    ("text", "section", "key", "number", "line"),
    [
        (TITLE, "about", None, 0, 1),
        (TITLE, "about", "title", 0, 2),
        (TITLE, "about", "failures", 0, 6),
        (TITLE, "shares", None, 0, 10),
        (TITLE, "shares", "sos", 0, 12),
        (TITLE, "shares", "fault", 0, 10),
        (TITLE, "network", "lost", 0, 1),
        (QUOTED, "shares", None, 0, 3),
        (QUOTED, "shares", "sos", 0, 4),
        (QUOTED, "shares", "zone_visit", 0, 5),
        (DOTTED, "shares", None, 0, 1),
        (DOTTED, "shares", "sos", 0, 1),
        (DOTTED, "shares", "fault", 0, 3),
        (DOTTED, "wire", "msgpack", 0, 2),
        (DOTTED, "people", "rest_s", 0, 4),
        (LISTED, "outage", None, 0, 2),
        (LISTED, "outage", "to_s", 1, 3),
        (LISTED, "outage", "carrier", 2, 6),
        (LISTED, "outage", None, 3, 7),
        (LISTED, "shares", "sos", 0, 9),
        (COMMAS, "outage", "to_s", 1, 1),
        (COMMAS, "outage", "to_s", 2, 2),
        (COMMAS, "outage", "to_s", 3, 3),
        (TABLES, "outage", None, 0, 1),
        (TABLES, "outage", "from_s", 1, 2),
        (TABLES, "outage", "from_s", 2, 7),
        (TABLES, "outage", "more", 2, 8),
        (TABLES, "outage", "share", 2, 5),
        (TABLES, "power_cut", "from_s", 1, 4),
        (TABLES, "power_cut", "share", 2, 11),
        (TABLES.replace("\n", "\r\n"), "power_cut", "share", 2, 11),
    ],
)
def test_a_key_is_found_where_it_stands(text: str, section: str, key: str | None, number: int, line: int) -> None:
    assert line_of(text, section, key, number) == line


def test_a_fault_that_names_no_line_is_in_what_has_no_end() -> None:
    assert line_of_fault(TITLE + "[network]\nlost = [\n1,\n", ValueError("(at end of document)")) == 14
    assert line_of_fault(TITLE, ValueError("Cannot overwrite a value (at end of document)")) == 12
    assert line_of_fault(TITLE, ValueError("Invalid value (at line 7, column 2)")) == 7
    assert line_of_fault("", ValueError("whatever")) == 1
