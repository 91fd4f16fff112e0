"""One look at one alert: the policy, and the people whom its words mean. Pure (docs/decisions/0004-alert-work.md).

The decider does this for what changed or is due, and the desk for what a person just did, so both write the same things.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from alerts.policy import look
from alerts.ports import Notification, View, Written
from alerts.protocols import Protocols, Target
from alerts.recipients import NOBODY, raises_of
from alerts.state import Looked, Tell
from domain.instants import MINUTE_US
from domain.vocabulary import Channel, ToldReason

Resolve: TypeAlias = Callable[[Tell, View, int], tuple[Notification, ...]]
"""Who is meant by a `Tell` about an alert at an instant: `alerts.recipients.resolve` with its directory."""

AGAIN_US: Final = MINUTE_US
"""An alert that could not be looked at is looked at again after so long."""
UNLOOKED_EVERY_US: Final = 10 * MINUTE_US
"""And the supervisor is told of that this often."""


def look_at(view: View, protocols: Protocols, resolve: Resolve, now_us: int) -> Written:
    """Everything that is to be written of a look at ``view`` at ``now_us``.

    What is to be told and means nobody is written too, as not sent (`recipient_gone`), and is an alert of its own: that nobody was
    told is never silent.
    """
    looked = look(view.alert, view.job, view.plan, view.around, view.told, protocols, now_us)
    found: list[Notification] = []
    for tell in looked.tells:
        found += resolve(tell, view, now_us) or (_gone(tell, view),)
    raised = (*looked.raises, *raises_of(view, found, now_us))
    return Written(view, replace(looked, raises=raised), tuple(sorted(found, key=lambda one: one.rank)))


def unlooked(view: View, now_us: int) -> Written:
    """For an alert that a look fails on: nothing of it changes, the supervisors are told of it, and it is looked at again.

    So one alert that meets a mistake in the program stops no other, and is not lost.
    """
    period = now_us // UNLOOKED_EVERY_US
    tell = Tell(
        f"unlooked:{period}",
        Target.SUPERVISOR,
        (Channel.CONSOLE,),
        "alert",
        view.around.severity,
        ToldReason.ESCALATION,
    )
    kept = Looked(view.job, view.plan, view.around.severity, tells=(tell,), timers={"again": now_us + AGAIN_US})
    return Written(view, kept, (_on_console(tell, view, Target.SUPERVISOR.value),))


def _gone(tell: Tell, view: View) -> Notification:
    found = _on_console(tell, view, NOBODY)
    return found if not tell.sends else replace(found, sends=False, reason=ToldReason.RECIPIENT_GONE)


def _on_console(tell: Tell, view: View, recipient: str) -> Notification:
    return Notification(
        id=f"{view.alert.no}:{tell.key}:{recipient}:{Channel.CONSOLE.value}",
        alert_no=view.alert.no,
        target=tell.target,
        recipient=recipient,
        channel=Channel.CONSOLE,
        address=recipient,
        text=tell.text,
        language="en",
        urgency=tell.urgency,
        reason=tell.reason,
        sends=tell.sends,
        detail=tell.detail,
        stands_down=None if tell.again is None else tell.again.no,
        rank=tell.rank,
    )
