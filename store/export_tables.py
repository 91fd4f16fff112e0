"""Which tables an export holds, how each is written as lines, and what of it is a protected person's.

A table that nobody wrote down here is exported too, whole, in the sealed part: nothing is forgotten, and nothing gets out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from store.statements import statement

FACTS: Final = ("fixes", "equipment_events", "stray_fixes", "stray_equipment_events")
"""Written as CSV; all others as JSON lines."""
BY_COMMIT: Final = ("commits", *FACTS, "fix_qualities", "network_changes")
"""Rows that are never changed, of one commit each: read stretch after stretch, with no transaction open for long."""
SEEDED: Final = ("folded_ranges", "command_results_read", "crimes_looked")
"""Have a row from the beginning, which an import replaces."""

LEFT_OUT: Final = {
    "answers_given": "answers to repeated requests, kept for a day",
    "exports": "exports themselves",
    "figures": "the newest figures of running processes",
    "migrations": "the schema; its migrations are named",
    "newest_fixes": "made anew out of the fixes",
    "newest_fixes_kept": "made anew out of the fixes",
    "stream_events": "what was streamed; everything in it stands in its own table",
    "views_in_use": "what pages show just now, told anew every 20 seconds",
    "vocabulary": "comes with the schema",
}
SECRETS: Final = {
    "accounts": "who may sign in is the new system's to say",
    "saved_views": "go with the accounts that saved them",
    "sessions": "who is signed in",
    "api_keys": "keys of the old system's machines",
    "oidc_begun": "who is signing in",
    "patrol_links": "open pages of the old system, for an hour",
    "wearer_statistics": "for the statistics job alone, which takes it from a file",
}
"""Never leave the system."""

_WHOLE: Final = "true"
_NONE: Final = "false"

PROTECTED: Final = {
    "alert_events": "protected_by_alert",
    "alert_violations": "protected_by_alert",
    "alert_work": "protected_by_alert",
    "alerts": "protected_by_alert",
    "breach_violations": "protected_by_violation_id",
    "caseload_entered": "protected_by_record",
    "caseload_learnt": "protected_by_record",
    "caseload_newest": "protected_by_record",
    "caseload_records": "protected_by_record",
    "caseload_subjects": "protected_by_victim",
    "caseload_waiting": "protected_by_record",
    "contacts": "protected_by_party",
    "device_commands": "protected_by_device",
    "device_intervals": "protected_by_device",
    "dead_letters": "protected_by_letter",
    "devices": "protected_by_device_no",
    "equipment_events": "protected_by_device_or_tag",
    "fix_qualities": "protected_by_device_no",
    "fixes": "protected_by_device_no",
    "incident_devices": "protected_by_victim",
    "network_changes": "protected_by_device_no",
    "notifications": "protected_by_target",
    "outbox": "protected_by_alert",
    "received_ranges": "protected_by_device_no",
    "rests_on": "protected_by_violation_id",
    "seq_holes": "protected_by_device_no",
    "stray_equipment_events": "protected_by_device_or_tag",
    "stray_fixes": "protected_by_device_no",
    "tasks": "protected_by_target",
    "timers": "protected_by_alert",
    "violations": "protected_by_violation",
    "violations_newest": "protected_by_violation",
}
"""By table, the block that says which of its rows are a protected person's."""
OPEN: Final = (
    *("breaches", "breach_steps", "digests"),
    *("audit_anchors", "audit_entries", "command_results_read", "commits", "dead_letter_counts", "erasures"),
    *(
        "folded_ranges",
        "force_boundaries",
        "handovers",
        "holds",
        "incident_versions",
        "incidents",
        "mutes",
        "protocols",
    ),
    *("crime_matches", "crime_matchings", "crime_versions", "crimes", "crimes_looked"),
    *(
        "request_uses",
        "requests",
        "retention_runs",
        "rota",
        "search_terms",
        "statistics_published",
        "warrant_holdings",
        "warrants",
    ),
)
"""Tables that hold nothing of protected people. A commit holds numbers of devices, and no more."""
SEALED: Final = (
    "annex_openings",
    "audit_bodies",
    "audit_sets",
    "breach_narratives",
    "checkpoints",
    "contact_duties",
    "contact_tellings",
    "pack_recipients",
    "packs",
)
"""Go whole into the sealed part: they tell of everybody at once, or in words of whoever they will."""

_JSON_LINES: Final = sql.SQL("(FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')")
"""A JSON text holds none of these two, no line feed and no carriage return, so it goes through as it is."""
_CSV: Final = sql.SQL("(FORMAT csv, HEADER)")
_CSV_BACK: Final = sql.SQL("(FORMAT csv, HEADER MATCH)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its type, as PostgreSQL writes it."""

    name: str
    type: str

    def written(self) -> sql.Composable:
        """As a value in a line: numbers of 64 bits as text, instants as RFC 3339."""
        name = sql.Identifier(self.name)
        if self.type == "bigint":
            return sql.SQL("{}::text AS {}").format(name, name)
        if self.type == "timestamp with time zone":
            return sql.SQL("to_json({}) #>> '{{}}' AS {}").format(name, name)
        return name


@dataclass(frozen=True, slots=True)
class Table:
    """One table as it is exported. ``key``: its primary key, by which lines are ordered."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def is_csv(self) -> bool:
        """Whether its lines are CSV, with a heading; JSON lines otherwise."""
        return self.name in FACTS

    @property
    def suffix(self) -> str:
        """How its files end."""
        return ".csv.gz" if self.is_csv else ".ndjson.gz"

    def protected(self) -> sql.Composable:
        """Which of its rows are a protected person's."""
        if self.name in PROTECTED:
            return fragment(PROTECTED[self.name])
        return sql.SQL(_NONE if self.name in OPEN else _WHOLE)

    def lines(self, where: sql.Composable, *, in_time: bool = False) -> sql.Composed:
        """The statement that gives some rows as lines; ``in_time``: by fix time."""
        if self.is_csv:
            return sql.SQL("COPY ({}) TO STDOUT {}").format(self.rows(where, in_time=in_time), _CSV)
        text = sql.SQL("SELECT row_to_json(l)::text FROM ({}) AS l").format(self.rows(where))
        return sql.SQL("COPY ({}) TO STDOUT {}").format(text, _JSON_LINES)

    def rows(self, where: sql.Composable, *, in_time: bool = False) -> sql.Composed:
        """The question for some rows, with every value as it is written."""
        columns = sql.SQL(", ").join(column.written() for column in self.columns)
        key = ("fix_time", "device_no", "gen", "seq") if in_time else () if self.name in BY_COMMIT else self.key
        ordered = [sql.Identifier("t", name) for name in key]
        order = sql.SQL(" ORDER BY {}").format(sql.SQL(", ").join(ordered)) if ordered else sql.SQL("")
        return sql.SQL("SELECT {} FROM {} AS t WHERE {}{}").format(columns, self.identifier, where, order)

    def takes(self) -> sql.Composed:
        """The statement that takes lines back: CSV at once, JSON into the table of lines."""
        if self.is_csv:
            return sql.SQL("COPY {} ({}) FROM STDIN {}").format(self.identifier, self._names(), _CSV_BACK)
        return sql.SQL("COPY imported_lines FROM STDIN {}").format(_JSON_LINES)

    def from_lines(self) -> sql.Composed:
        """The statement that makes rows of the table of lines; numbers that were given stay as they are."""
        return sql.SQL(
            "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE "
            "SELECT {values} FROM imported_lines, json_populate_record(NULL::{table}, line) AS r"
        ).format(
            table=self.identifier,
            names=self._names(),
            values=sql.SQL(", ").join(sql.Identifier("r", column.name) for column in self.columns),
        )

    @property
    def identifier(self) -> sql.Composable:
        """Its name, with the schema."""
        return sql.Identifier("public", self.name)

    def _names(self) -> sql.Composable:
        return sql.SQL(", ").join(sql.Identifier(column.name) for column in self.columns)


def fragment(name: str) -> sql.Composable:
    """A part of a statement, out of its block."""
    return sql.SQL(statement(name).decode().replace("%%", "%"))  # our own files


def in_commits(table: Table, after: int, last: int) -> sql.Composable:
    """The rows of the commits after one, up to and with another."""
    text = statement("of_commits" if table.name == "commits" else "in_commits").decode()
    text = text.replace("%(after)s", str(int(after))).replace("%(last)s", str(int(last)))
    return sql.SQL(text)  # our own files, and two integers


def in_order(tables: Sequence[Table], references: Sequence[tuple[str, str]]) -> list[Table]:
    """The tables so that what a foreign key names comes first."""
    waiting = {table.name: table for table in tables}
    needs = {name: {to for table, to in references if table == name and to in waiting} for name in waiting}
    ordered: list[Table] = []
    while waiting:
        ready = [name for name in sorted(waiting) if not needs[name] & waiting.keys()]
        assert ready, "tables name each other in a circle"
        ordered += [waiting.pop(name) for name in ready]
    return ordered
