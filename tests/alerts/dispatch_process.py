"""`bailiwick dispatch` with a clock that runs ahead or behind, as a process of its own: ``python -m tests.alerts.dispatch_process``.

The same parts as the command puts together. Options: ``--ahead-s N``; ``--hook URL``: whoever is told by webhook, the supervisor's.
"""

from __future__ import annotations

import argparse

from alerts.dispatch import wall_clock
from alerts.protocols import Target
from alerts.recipients import Hook
from bailiwick.dispatching import Dispatching, run
from bailiwick.settings import load_settings
from bailiwick.timezones import pinned_time_zones
from domain.instants import SECOND_US
from domain.vocabulary import Channel


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--ahead-s", type=int, default=0)
    options.add_argument("--hook")
    told = options.parse_args()
    hooks = tuple(
        Hook(target, Channel.WEBHOOK, told.hook) for target in (Target.SUPERVISOR, Target.DUTY_MANAGER) if told.hook
    )
    run(
        Dispatching(
            load_settings(),
            pinned_time_zones(),
            hooks=hooks,
            clock=lambda: wall_clock() + told.ahead_s * SECOND_US,
        )
    )


if __name__ == "__main__":
    main()
