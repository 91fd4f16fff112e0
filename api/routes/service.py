"""Health and metrics, at the root: for whoever runs the service."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from api import shapes
from api.parts import PROBLEMS, Given, answer
from api.problems import problem_response
from domain.instants import SECOND_US

STALE_S: Final = 10
"""Ingest decides once a second; when its newest decision is older, it is at a standstill."""
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(responses=PROBLEMS, tags=["service"])


@router.get("/health/liveness", response_model=shapes.Health)
async def liveness() -> Response:
    """This process answers. Asks nothing of anybody else."""
    return answer({"status": "ok", "checks": {}})


@router.get("/health/readiness", response_model=shapes.Health, responses={503: {"description": "Not ready"}})
async def readiness(parts: Given) -> Response:
    """The database answers and has the current schema; 503 with the reason when it does not."""
    wrong = await parts.reading.ready()
    if wrong is not None:
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, wrong)
    return answer({"status": "ok", "checks": {"database": "ok"}})


@router.get("/health", response_model=shapes.Health)
async def health(parts: Given) -> Response:
    """Every check, also those that do not stop us from serving: is ingest deciding?"""
    checks = {"database": await parts.reading.ready() or "ok"}
    if checks["database"] == "ok":
        checks["ingest"] = _ingest((await parts.figures.now()).at_us, parts.now())
    status = "ok" if set(checks.values()) == {"ok"} else "degraded"
    return answer({"status": status, "checks": checks})


def _ingest(decided_us: int | None, now_us: int) -> str:
    if decided_us is None:
        return "has decided nothing yet"
    age_s = (now_us - decided_us) // SECOND_US
    return "ok" if age_s <= STALE_S else f"decided nothing for {age_s} s"


@router.get("/metrics", response_class=Response, responses={200: {"content": {METRICS_TYPE: {}}}})
async def metrics(parts: Given) -> Response:
    """For Prometheus."""
    parts.metrics.take(await parts.figures.now())
    parts.metrics.followers.set(parts.hub.followers)
    return Response(parts.metrics.text(), media_type=METRICS_TYPE)
