"""Kinds of orders as courts, prisons and other authorities make them: who orders, who answers, for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OrderShape:
    """``weight`` is the share in a caseload, in parts. ``days`` is the usual length; None: open, with a review."""

    kind: str
    weight: int
    notifying: str
    organisation: str
    days: tuple[int, int] | None
    programmes: tuple[str | None, ...] = (None,)
    curfew_tag: bool = True
    """Whether a curfew alone, with a curfew tag, is usual."""


ORDER_SHAPES = (
    OrderShape("bail", 26, "magistrates_court", "police", None),
    OrderShape("community", 20, "magistrates_court", "probation", (60, 365), (None, None, None, "iccp")),
    OrderShape("suspended_sentence", 13, "crown_court", "probation", (90, 700), (None, None, "iom")),
    OrderShape("hdc", 13, "prison", "probation", (14, 180)),
    OrderShape("licence", 12, "prison", "probation", (90, 365), (None, "iom"), curfew_tag=False),
    OrderShape("pss", 2, "prison", "probation", (60, 365), curfew_tag=False),
    OrderShape("yro", 3, "youth_court", "youth_offending_team", (90, 365), (None, "iss")),
    OrderShape("dto", 1, "youth_court", "youth_offending_team", (60, 240), ("iss",)),
    OrderShape("temporary_licence", 1, "prison", "prison", (2, 14), curfew_tag=False),
    OrderShape("civil", 4, "county_court", "police", (90, 365), curfew_tag=False),
    OrderShape("immigration", 5, "home_office", "home_office", None),
)

LEVELS = (("standard", 80), ("enhanced", 15), ("intensive", 5))
COHORTS = ("iom", "domestic_abuse", "sexual", "acquisitive")
LANGUAGES = (("en", 88), ("cy", 3), ("pl", 3), ("ro", 2), ("ur", 2), ("so", 2))
