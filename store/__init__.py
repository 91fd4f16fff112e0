"""TimescaleDB or plain PostgreSQL: schema, queries, units of work. The only folder that knows SQL."""

from store.errors import (
    Busy,
    CannotMigrate,
    EditedMigration,
    FactsGone,
    NewerSchema,
    NotNextCommit,
    Refused,
    StoreError,
    UnknownDevice,
)
from store.leading import Lead
from store.reading import Reading
from store.store import Store

__all__ = [
    "Busy",
    "CannotMigrate",
    "EditedMigration",
    "FactsGone",
    "Lead",
    "NewerSchema",
    "NotNextCommit",
    "Reading",
    "Refused",
    "Store",
    "StoreError",
    "UnknownDevice",
]
