"""The dead man's switch (rules.md 7): every active order is in exactly one state, and the counts add up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from domain.instants import DAY_US, EARLY_US, HOUR_US
from domain.records import Order
from domain.vocabulary import OrderState
from geofence.intervals import holding

if TYPE_CHECKING:
    from geofence.cases import World
    from geofence.silence import Silence

UNHEARD_US = HOUR_US
SILENT_US = DAY_US


def count_order_states(world: World, silence: Silence, at_us: int) -> dict[OrderState, int]:
    """How many active orders are in each state at an instant."""
    fitted: dict[int, list[tuple[int, int]]] = {}
    for device in range(len(world.layout.kinds)):
        for start, end, party in world.fittings(device):
            if start <= at_us < end:
                fitted.setdefault(party, []).append((device, start))
    lost = {entry.draft.party for entry in silence.lost.values()}
    counts: Counter[OrderState] = Counter(dict.fromkeys(OrderState, 0))
    for order_id in world.book.all_ids(Order):
        active = holding(world.book.order_spans(order_id), at_us)
        if active is None:
            continue
        order = world.book.newest(Order, order_id)
        assert order is not None
        party = world.book.party_index[("wearer", order.wearer)]
        counts[_state_of(world, silence, order, active[0], party, fitted.get(party, []), lost, at_us)] += 1
    return dict(counts)


def _state_of(
    world: World,
    silence: Silence,
    order: Order,
    since_us: int,
    party: int,
    devices: list[tuple[int, int]],
    lost: set[int],
    at_us: int,
) -> OrderState:
    if holding(world.book.suspensions(order.id, at_us - 1, at_us + 1), at_us) is not None:
        return OrderState.SUSPENDED
    if not devices:
        waited = at_us - max(since_us, EARLY_US)
        return OrderState.AWAITING_FITTING if waited < order.fit_within_h * HOUR_US else OrderState.NOT_FITTED
    if all(_unmonitored(silence, device, start, at_us) for device, start in devices):
        return OrderState.UNMONITORED
    if party in lost:
        return OrderState.COMMUNICATION_LOST
    if any(_location_lost(world, device) for device, _ in devices):
        return OrderState.LOCATION_LOST
    return OrderState.MONITORED


def _unmonitored(silence: Silence, device: int, fitted_us: int, at_us: int) -> bool:
    heard = int(silence.contact["heard"][device])
    if heard < fitted_us:
        return at_us - fitted_us >= UNHEARD_US
    return at_us - heard >= SILENT_US


def _location_lost(world: World, device: int) -> bool:
    return bool(world.state.devices["lost"][device])
