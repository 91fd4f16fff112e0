"""Which of the formats that we have the caller wants (`Accept`, RFC 9110 section 12)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from api.problems import Problem


def chosen(accept: str | None, offered: Sequence[str]) -> str:
    """The best of ``offered`` (ours, best first) for an `Accept` header; 406 when it wants none of them."""
    if not accept or not accept.strip():
        return offered[0]
    wishes = [_wish(part) for part in accept.split(",")]
    best, best_quality = "", 0.0
    for media_type in offered:
        quality = _quality(media_type, wishes)
        if quality > best_quality:
            best, best_quality = media_type, quality
    if not best:
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"to be had as {', '.join(offered)}")
    return best


def _wish(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return name, 0.0
    return name, 1.0


def _quality(media_type: str, wishes: list[tuple[str, float]]) -> float:
    """The most exact wish that covers a type decides."""
    ranges = (media_type, media_type.split("/", maxsplit=1)[0] + "/*", "*/*")
    for covered in ranges:
        qualities = [quality for name, quality in wishes if name == covered]
        if qualities:
            return max(qualities)
    return 0.0
