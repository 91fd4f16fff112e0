"""The dead man's switch (rules.md 7): every active order is in exactly one state, and the counts add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.instants import DAY_US, EARLY_US, HOUR_US
from domain.records import Order, Suspension
from domain.vocabulary import OrderState
from geofence.book import Book
from geofence.cases import World
from geofence.intervals import holding
from geofence.silence import Silence

UNHEARD_US = HOUR_US
SILENT_US = DAY_US
_STATES = tuple(OrderState)


@dataclass(frozen=True, slots=True)
class OrderTable:
    """Orders as columns, a row for each stretch in which one runs; made anew with the caseload.

    Attributes
    ----------
    start, end, patience : (rows,) int64 microseconds: when it runs, and how long it may wait for a fitting.
    party : (rows,) int64.
    suspended : rows of orders that have suspensions, with their ids.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    patience: NDArray[np.int64]
    party: NDArray[np.int64]
    suspended: list[tuple[int, str]]


def order_table(book: Book) -> OrderTable:
    """The orders of the book."""
    rows: list[tuple[int, int, int, int]] = []
    suspended: list[tuple[int, str]] = []
    for order_id in book.all_ids(Order):
        order = book.newest(Order, order_id)
        assert order is not None
        party = book.party_index[("wearer", order.wearer)]
        has_suspensions = bool(book.ids(Suspension, Order, order_id))
        for start, end in book.order_spans(order_id):
            if has_suspensions:
                suspended.append((len(rows), order_id))
            rows.append((start, end, round(order.fit_within_h * HOUR_US), party))
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    return OrderTable(columns[0], columns[1], columns[2], columns[3], suspended)


def count_order_states(
    table: OrderTable, fittings: tuple[Any, Any, Any], world: World, silence: Silence, at_us: int
) -> dict[OrderState, int]:
    """How many active orders are in each state at an instant. ``fittings``: as `Clusters.fittings`."""
    active = (table.start <= at_us) & (at_us < table.end)
    state = np.full(len(active), _STATES.index(OrderState.MONITORED))
    fitted, speaking, lost, blind = _parties(fittings, world, silence, at_us)
    waited = at_us - np.maximum(table.start, EARLY_US)
    of = table.party
    for condition, name in (
        (blind[of], OrderState.LOCATION_LOST),
        (lost[of], OrderState.COMMUNICATION_LOST),
        (~speaking[of], OrderState.UNMONITORED),
        (~fitted[of] & (waited >= table.patience), OrderState.NOT_FITTED),
        (~fitted[of] & (waited < table.patience), OrderState.AWAITING_FITTING),
    ):
        state[condition] = _STATES.index(name)
    for row, order_id in table.suspended:
        if holding(world.book.suspensions(order_id, at_us - 1, at_us + 1), at_us) is not None:
            state[row] = _STATES.index(OrderState.SUSPENDED)
    counts = np.bincount(state[active], minlength=len(_STATES))
    return {name: int(count) for name, count in zip(_STATES, counts, strict=True)}


def _parties(
    fittings: tuple[Any, Any, Any], world: World, silence: Silence, at_us: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """By party: fitted, heard of late, out of contact, without a location."""
    first, last, rows = fittings
    device = np.repeat(np.arange(len(first)), last - first)
    now = (rows[:, 0] <= at_us) & (at_us < rows[:, 1])
    device, start, party = device[now], rows[now, 0], rows[now, 2]
    size = len(world.book.parties)
    heard = silence.contact["heard"][device]
    ever = heard >= start
    speaks = np.where(ever, at_us - heard < SILENT_US, at_us - start < UNHEARD_US)

    def of_parties(which: NDArray[np.bool_]) -> NDArray[np.bool_]:
        found = np.zeros(size, np.bool_)
        found[party[which]] = True
        return found

    blind = world.state.devices["lost"][device]
    return (
        of_parties(np.ones(len(party), np.bool_)),
        of_parties(speaks),
        of_parties(silence.contact["lost"][device]),
        of_parties(blind),
    )
