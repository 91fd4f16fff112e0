"""`bailiwick dispatch` for bench/storm: the same parts, with a far end for the police on loopback, and a clock that may be ahead.

``python -m bench.storm_dispatch --hook URL --ahead-s N``; settings from the environment, as the command has them.
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
    """Until SIGTERM."""
    options = argparse.ArgumentParser()
    options.add_argument("--hook", required=True)
    options.add_argument("--area", required=True)
    options.add_argument("--ahead-s", type=int, default=0)
    told = options.parse_args()
    hooks = (Hook(Target.POLICE, Channel.WEBHOOK, told.hook, told.area),)
    ahead_us = told.ahead_s * SECOND_US
    run(Dispatching(load_settings(), pinned_time_zones(), hooks=hooks, clock=lambda: wall_clock() + ahead_us))


if __name__ == "__main__":
    main()
