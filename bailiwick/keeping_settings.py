"""The settings of what is kept: the audit's key and anchors; `bailiwick.settings` has the others."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class KeepingSettings(BaseSettings):
    """The audit's key, and where its anchors go besides the database."""

    audit_key: Path | None = Field(
        default=None,
        description="File with the key that signs the audit's daily anchors; `bailiwick audit-key` makes it. None: no anchors.",
    )
    audit_anchors: Path | None = Field(
        default=None,
        description="File outside the database that `dispatch` appends each anchor to; best on another machine.",
    )
