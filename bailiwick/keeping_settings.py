"""The settings of what is kept and for how long, and of the audit; `bailiwick.settings` has the others."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from store.connecting import require_database_url

LONGEST_DAYS = 36_500
"""A hundred years."""


class SigningSettings(BaseSettings):
    """The key that signs breach packs, in a file or on a token, and who stamps the time (docs/packs.md)."""

    signing_key: Path | None = Field(
        default=None,
        description="PKCS#12 file with the key and certificate that sign breach packs. None, and no token: packs are not signed, and say so.",
    )
    signing_passphrase: str | None = Field(default=None, description="Passphrase of `SIGNING_KEY`.")
    signing_module: Path | None = Field(
        default=None, description="PKCS#11 library of a token that holds the key instead; needs `.[pkcs11]`."
    )
    signing_token: str | None = Field(default=None, description="Label of the token.")
    signing_label: str | None = Field(default=None, description="Label of the key and the certificate on it.")
    signing_pin: str | None = Field(default=None, description="PIN of the token.")
    signing_timestamp_url: str | None = Field(
        default=None,
        description="RFC 3161 server that stamps the time of each signature. None: the signature claims it.",
    )


class KeepingSettings(BaseSettings):
    """The audit's key, where its anchors go besides the database, and for how many days each kind of data is kept."""

    audit_key: Path | None = Field(
        default=None,
        description="File with the key that signs the audit's daily anchors; `bailiwick audit-key` makes it. None: no anchors.",
    )
    audit_anchors: Path | None = Field(
        default=None,
        description="File outside the database that `dispatch` appends each anchor to; best on another machine.",
    )
    contingency_folder: Path | None = Field(
        default=None,
        description="Folder that `dispatch` writes the contingency list to every 15 minutes, readable by its owner alone; best on another machine. "
        "It holds personal data. None: it is written by command alone.",
    )
    retention_positions_days: int = Field(
        default=730,
        ge=31,
        le=LONGEST_DAYS,
        description="Days that positions are kept: appeals, complaints and enforcement take up to two years.",
    )
    retention_events_days: int = Field(
        default=730,
        ge=31,
        le=LONGEST_DAYS,
        description="Days that what devices say of themselves is kept: as positions, which it explains.",
    )
    retention_protected_days: int = Field(
        default=28,
        ge=1,
        le=28,
        description="Days that positions of protected people are kept; 28 is the most that may be.",
    )
    retention_contacts_days: int = Field(
        default=2190,
        ge=365,
        le=LONGEST_DAYS,
        description="Days that the contact log is kept: six years, as long as a claim may be brought.",
    )
    retention_dead_letters_days: int = Field(
        default=90,
        ge=7,
        le=LONGEST_DAYS,
        description="Days that parked messages are kept: until their cause is mended and they are taken again.",
    )
    retention_audit_days: int = Field(
        default=2555,
        ge=365,
        le=LONGEST_DAYS,
        description="Days that what audit entries say is kept: a year longer than what they tell of.",
    )
    retention_cases_days: int = Field(
        default=2190,
        ge=28,
        le=LONGEST_DAYS,
        description="Days after the end of a wearer's last order from which all that is held of them may be erased: six years.",
    )
    retention_database_url: str | None = Field(
        default=None,
        description="The database with a login that may let data go (its owner); default: `DATABASE_URL`.",
    )

    @field_validator("retention_database_url")
    @classmethod
    def _is_a_database(cls, value: str | None) -> str | None:
        return value if value is None else require_database_url(value)
