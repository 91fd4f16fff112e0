"""Pages made of templates, each value escaped."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

TEMPLATES: Final = Path(__file__).parent / "templates"


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page with those values in it."""
    return HTMLResponse(_environment().get_template(template).render(values), int(status))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
