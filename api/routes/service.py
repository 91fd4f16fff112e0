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
from store.reconciling import Reconciliation

STALE_S: Final = 10
"""Ingest decides once a second; when its newest decision is older, it is at a standstill."""
LEAST_HEADROOM: Final = 0.1
"""Of a sequence's numbers; with less it is time to do something."""
OK: Final = "ok"
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(responses=PROBLEMS, tags=["service"])


@router.get("/health/liveness", response_model=shapes.Health)
async def liveness() -> Response:
    """This process answers. Asks nothing of anybody else."""
    return answer({"status": OK, "checks": {}})


@router.get("/health/readiness", response_model=shapes.Health, responses={503: {"description": "Not ready"}})
async def readiness(parts: Given) -> Response:
    """The database answers and has the current schema, and the caseload is known; 503 with the reason when it is not so."""
    wrong = await parts.reading.ready()
    if wrong is None and parts.permitting is not None and parts.permitting.preparing:
        wrong = "the caseload is being read"
    if wrong is not None:
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, wrong)
    return answer({"status": OK, "checks": {"database": OK}})


@router.get("/health", response_model=shapes.Health)
async def health(parts: Given) -> Response:
    """Every check, also of what does not stop us from serving: does ingest decide, do ids run out, do orders, fittings and data fit?"""
    checks = {"database": await parts.reading.ready() or OK}
    if checks["database"] == OK:
        counts = await parts.figures.now()
        checks["ingest"] = _ingest(counts.at_us, parts.now())
        checks["ids"] = _ids(counts.headroom)
        checks["reconciliation"] = _reconciled(await parts.figures.reconciliation())
    status = OK if set(checks.values()) == {OK} else "degraded"
    return answer({"status": status, "checks": checks})


def _ids(headroom: dict[str, float]) -> str:
    """The alarm of failure 01: a sequence that has given out nearly all of its numbers."""
    short = sorted(name for name, share in headroom.items() if share < LEAST_HEADROOM)
    return f"numbers run out in {', '.join(short)}" if short else OK


def _reconciled(found: Reconciliation) -> str:
    """The alarms of failures 06 and 11: points that do not come, people whom nobody monitors, or somebody still does."""
    wrong = [f"{number} {what.replace('_', ' ')}" for what, number in found.numbers().items() if number]
    return f"{', '.join(wrong)}; `bailiwick doctor` names them" if wrong else OK


def _ingest(decided_us: int | None, now_us: int) -> str:
    if decided_us is None:
        return "has decided nothing yet"
    age_s = (now_us - decided_us) // SECOND_US
    return OK if age_s <= STALE_S else f"decided nothing for {age_s} s"


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {METRICS_TYPE: {}}}, 503: {"description": "The database cannot be asked"}},
)
async def metrics(parts: Given) -> Response:
    """For Prometheus; 503 with the reason, as readiness gives it, when the database cannot be asked."""
    wrong = await parts.reading.ready()
    if wrong is not None:
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, wrong)
    parts.metrics.take(await parts.figures.now())
    parts.metrics.reconciled(await parts.figures.reconciliation())
    parts.metrics.alerts(await parts.figures.alerts())
    parts.metrics.measured(await parts.figures.alert_measures())
    parts.metrics.followers.set(parts.hub.followers)
    return Response(parts.metrics.text(), media_type=METRICS_TYPE)
