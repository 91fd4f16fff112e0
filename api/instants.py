"""Instants at the edge: as parameters, and many at once (a page of 18,000 positions holds 36,000 of them)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, WithJsonSchema

from domain.errors import BadInstant, FarInstant
from domain.instants import SECOND_US, format_instant, parse_instant


def format_instants(instants_us: Sequence[int]) -> list[str]:
    """`format_instant` of each, made together where all are whole milliseconds."""
    us = np.asarray(instants_us, np.int64)
    if (us % 1000).any():
        return [format_instant(value) for value in instants_us]
    whole = np.datetime_as_string((us // SECOND_US).astype("datetime64[s]"))
    thousandths = us // 1000 % 1000
    return [
        f"{text}.{part:03d}Z" if part else f"{text}Z"
        for text, part in zip(whole.tolist(), thousandths.tolist(), strict=True)
    ]


def _from_text(text: object) -> int:
    try:
        if not isinstance(text, str):
            raise BadInstant("")
        return parse_instant(text)
    except FarInstant:
        raise ValueError("must lie in the years 1000 to 9998 in UTC") from None
    except BadInstant:
        raise ValueError("must be an RFC 3339 instant such as 2026-11-21T22:00:00Z") from None


Instant = Annotated[
    int,
    BeforeValidator(_from_text, json_schema_input_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A parameter that is an instant: RFC 3339 outside, microseconds UTC inside."""
