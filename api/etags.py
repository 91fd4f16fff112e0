"""`If-Match` (RFC 9110): the revision of a thing that its caller saw, by the `ETag` that it came with."""

from __future__ import annotations

import re
from typing import Final

NEVER: Final = -1
"""The revision of nothing: who sends no tag that stands saw something else."""
_TAG: Final = re.compile(r'(W/)?("[^"]*")')


def etag(revision: int) -> dict[str, str]:
    """The header that names a revision."""
    return {"ETag": f'"{revision}"'}


def revision_seen(if_match: str | None, standing: int) -> int | None:
    """What must still stand when it is changed: ``standing``, where its tag is among those sent; else `NEVER`.

    None where anything may stand: no header, or `*`. A weak tag, another's and what is no tag at all match nothing.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    sent = {tag for weak, tag in _TAG.findall(if_match) if not weak}
    return standing if f'"{standing}"' in sent else NEVER
