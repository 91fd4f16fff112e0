"""What the desk asks beside the alerts themselves: histories, open tasks, mutes; and the answers that it gave before.

Each question is one short transaction. Numbers are 64-bit, instants microseconds UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alerts.work_store import AlertWork
from domain.callers import Sight
from store import answers
from store import desk_reading as rows
from store.answers import AnswerGiven, RequestKey
from store.desk_reading import ContactSeen, History, MuteSeen, NextStep, TaskSeen


class DeskQuestions:
    """``clock`` gives microseconds UTC. With a ``sight``, what is read is cut to it."""

    def __init__(self, work: AlertWork, clock: Callable[[], int], sight: Sight | None = None) -> None:
        self._work = work
        self._clock = clock
        self._sight = sight

    async def history(self, alert_no: int) -> History:
        """All that is recorded of an alert; empty for one that there is not."""
        async with self._work.asking(self._sight) as conn:
            return await rows.history_of(conn, alert_no)

    async def tasks(self, after: tuple[int, int] | None, limit: int) -> list[TaskSeen]:
        """What is to be done by (made, number), the oldest first, those after ``after``."""
        async with self._work.asking(self._sight) as conn:
            return await rows.tasks_open(conn, after, limit)

    async def next_steps(self, numbers: Sequence[int]) -> list[NextStep]:
        """What the protocol of each of some alerts does next, by number; of those that have nothing to come, nothing."""
        async with self._work.asking(self._sight) as conn:
            return await rows.next_steps(conn, numbers)

    async def contacts(self, wearer: str | None, since_us: int, before: int | None, limit: int) -> list[ContactSeen]:
        """The contact log since an instant, of everybody or of one wearer, the newest first, those before ``before``."""
        async with self._work.asking(self._sight) as conn:
            return await rows.contacts_logged(conn, wearer, since_us, before, limit)

    async def mutes(self, wearer: str | None, after: int | None, limit: int) -> list[MuteSeen]:
        """The mutes that are not over, of everybody or of one wearer, by number, those after ``after``."""
        async with self._work.asking(self._sight) as conn:
            return await rows.mutes_standing(conn, wearer, self._clock(), after, limit)

    async def answer_given(self, request: RequestKey) -> AnswerGiven | None:
        """What was answered to that request before; None when it never came."""
        async with self._work.asking() as conn:
            return await answers.answer_given(conn, request)
