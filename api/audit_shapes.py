"""The audit as OpenAPI has it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.shapes import Shape


class AuditEntry(Shape):
    """One thing that was done, or one look."""

    id: str = Field(description="Its number in the chain, from 1 without holes", pattern=r"^[0-9]{1,19}$")
    at: str = Field(description="When (RFC 3339, UTC)")
    who: str | None = Field(description="Id of the account or key; at the shell the system's user")
    role: str | None = Field(description="The role it acted in; empty for nobody who had signed in")
    by: str | None = Field(description="How it signed in: `session`, `key`, `command`")
    address: str | None = Field(description="From where")
    session: str | None = Field(description="Id of the session or key")
    deed: str | None = Field(description="What was done, such as `positions.read`")
    subject_type: str | None = Field(description="What the subjects are, such as `wearer`")
    subjects: list[str] | None = Field(description="To whom or which; empty when `set` has them")
    set: str | None = Field(description="The name of the set of subjects, where there are many")
    count: int | None = Field(description="How many are in the set")
    why: str | None = Field(description="The purpose that was given")
    details: dict[str, Any] | None = Field(description="What else makes it clear; no position, no person's name")
    hash: str = Field(description="The hash of this link of the chain", pattern=r"^[0-9a-f]{64}$")
