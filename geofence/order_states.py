"""The dead man's switch (rules.md 7): every active order is in exactly one state, and the counts add up.

What is `not_fitted` or `unmonitored` is what stands as a violation, so that a count and a list never disagree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from domain.vocabulary import OrderState
from geofence.flat import Flat
from geofence.intervals import holding
from geofence.silence import Silence
from geofence.unmonitored import OrderTable
from geofence.world import World

_STATES = tuple(OrderState)


def count_order_states(
    table: OrderTable,
    fittings: Flat,
    world: World,
    silence: Silence,
    standing: tuple[Collection[str], Collection[str]],
    heard_through: Iterable[tuple[int, int]],
    at_us: int,
) -> dict[OrderState, int]:
    """How many active orders are in each state at an instant.

    ``fittings``: as `Clusters.fittings`. ``standing``: ids of the orders that are not fitted, and unmonitored.
    ``heard_through``: home units and those whose tags are heard through them though they are another's: lost with them.
    """
    active = (table.start <= at_us) & (at_us < table.end)
    state = np.full(len(active), _STATES.index(OrderState.MONITORED))
    fitted, lost, blind = _parties(fittings, world, silence, at_us)
    for unit, party in heard_through:
        lost[party] |= silence.contact["lost"][unit]
    of = table.party
    bare, unheard = (_rows_of(table, orders) for orders in standing)
    for condition, name in (
        (blind[of], OrderState.LOCATION_LOST),
        (lost[of], OrderState.COMMUNICATION_LOST),
        (unheard, OrderState.UNMONITORED),
        (~fitted[of], OrderState.AWAITING_FITTING),
        (~fitted[of] & bare, OrderState.NOT_FITTED),
    ):
        state[condition] = _STATES.index(name)
    for row in table.suspended:
        if holding(world.book.suspensions(table.ids[row], at_us - 1, at_us + 1), at_us) is not None:
            state[row] = _STATES.index(OrderState.SUSPENDED)
    counts = np.bincount(state[active], minlength=len(_STATES))
    return {name: int(count) for name, count in zip(_STATES, counts, strict=True)}


def _rows_of(table: OrderTable, orders: Collection[str]) -> NDArray[np.bool_]:
    found = np.zeros(len(table.ids), np.bool_)
    for order_id in orders:
        found[table.rows_of.get(order_id, [])] = True
    return found


def _parties(
    fittings: Flat, world: World, silence: Silence, at_us: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """By party: fitted, out of contact, without a location."""
    device, place = fittings.places()
    rows = fittings.rows[place]
    now = (rows[:, 0] <= at_us) & (at_us < rows[:, 1])
    device, party = device[now], rows[now, 2]
    size = len(world.book.parties)

    def of_parties(which: NDArray[np.bool_]) -> NDArray[np.bool_]:
        found = np.zeros(size, np.bool_)
        found[party[which]] = True
        return found

    return (
        of_parties(np.ones(len(party), np.bool_)),
        of_parties(silence.contact["lost"][device]),
        of_parties(world.state.devices["lost"][device]),
    )
