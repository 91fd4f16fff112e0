"""Expected errors of the store, typed, with data.

::

    StoreError
    ├── NotNextCommit         the commit number does not follow the last: another worker is at work
    ├── UnknownDevice         a device of the roster that no caseload record ever named
    ├── FactsGone             a commit can no longer be read back: retention has taken facts of it
    ├── Refused               a value that the database cannot hold
    ├── Busy                  somebody else holds an alert for long
    ├── MayNot                the login has no right to do that
    ├── KeyUsed               a request with this key was taken before
    ├── NoSuchAccount         no account of that name
    ├── NoSuchKey             no API key of that id
    ├── Taken                 another account has that name, address or person of the provider
    ├── StaleAccount          an account has changed since it was read
    └── CannotMigrate
        ├── EditedMigration   an applied migration's file is no longer what was applied
        └── NewerSchema       the database has migrations that this program does not know

A lost connection is `psycopg.OperationalError`, exported as `store.store.ConnectionLost`: nothing of the commit in
hand is known to be there; commit it again (`Store.commit` is idempotent) or start again.
"""

from __future__ import annotations

from domain.errors import BailiwickError


class StoreError(BailiwickError):
    """Everything that the store expects to go wrong."""


class NotNextCommit(StoreError):
    """``no`` was to be committed, but the newest commit is ``newest``; nothing was written."""

    def __init__(self, no: int, newest: int) -> None:
        super().__init__(f"commit {no} does not follow the newest, {newest}: another worker is at work")
        self.no = no
        self.newest = newest


class UnknownDevice(StoreError):
    """Devices that have no number, because no device record was ever entered for them."""

    def __init__(self, devices: list[str]) -> None:
        super().__init__(f"no device record was ever entered for {', '.join(devices)}")
        self.devices = devices


class FactsGone(StoreError):
    """Retention has taken facts of commit ``no``: it cannot be folded again."""

    def __init__(self, no: int) -> None:
        super().__init__(f"commit {no} cannot be read back whole: retention has taken facts of it")
        self.no = no


class Refused(StoreError):
    """The database cannot hold a value (such as U+0000 inside a text); nothing was written."""


class Busy(StoreError):
    """Somebody else holds a row for long; nothing was written. To be tried again."""


class MayNot(StoreError):
    """The database does not let this login do that; nothing was written."""


class KeyUsed(StoreError):
    """A request of that actor to that path with that key was taken before; nothing was written."""


class NoSuchAccount(StoreError):
    """No account has that name; nothing was written."""

    def __init__(self) -> None:
        super().__init__("there is no such account")


class NoSuchKey(StoreError):
    """No API key has that id; nothing was written."""

    def __init__(self) -> None:
        super().__init__("there is no such key")


class Taken(StoreError):
    """Another account has this already: ``field`` is `name`, `email` or `subject`; nothing was written."""

    def __init__(self, field: str) -> None:
        super().__init__(f"another account has this {field}")
        self.field = field


class StaleAccount(StoreError):
    """An account is not as it was read: it is ``revision`` now; nothing was written."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"the account has changed since: it is revision {revision} now")
        self.revision = revision


class CannotMigrate(StoreError):
    """The schema is left as it was."""


class EditedMigration(CannotMigrate):
    """The file of an applied migration was changed afterwards."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"migration {name} was applied to this database and its file was changed afterwards; "
            f"restore the file, and put the change into a new migration"
        )
        self.name = name


class NewerSchema(CannotMigrate):
    """The database was migrated by a newer program."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"the database has migrations that this program does not know: {', '.join(names)}; "
            f"run the newer program that applied them"
        )
        self.names = names
