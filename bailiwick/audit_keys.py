"""The key that signs the audit's daily anchors: Ed25519, a PEM file that its owner alone may read."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from domain.audit_chain import Anchor
from domain.errors import BadSetting

KEY_MODE: Final = 0o600
KEY_ID_DIGITS: Final = 16
PublicKeys: TypeAlias = Mapping[str, Ed25519PublicKey]
"""Public keys by their id."""


class AnchorKey:
    """A key that signs."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key()
        self.id = key_id(self.public)

    def sign(self, anchor: Anchor) -> Anchor:
        """The anchor with this key's id and signature."""
        named = replace(anchor, key_id=self.id)
        return replace(named, signature=self._private.sign(named.text()))

    def sign_bytes(self, body: bytes) -> bytes:
        """The signature of something else than an anchor, which says itself what it is."""
        return self._private.sign(body)

    def public_pem(self) -> str:
        """For those who check."""
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_id(public: Ed25519PublicKey) -> str:
    """What a key is called: the beginning of the SHA-256 of its 32 bytes."""
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:KEY_ID_DIGITS]


def make_key(path: Path) -> bool:
    """Makes a key file with mode 0600; False when there is one. Raises `BadSetting` when it cannot be written."""
    private = Ed25519PrivateKey.generate()
    body = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_MODE)
    except FileExistsError:
        return False
    except OSError as error:
        raise BadSetting(f"the audit's key {path} cannot be written: {error.strerror}") from None
    with os.fdopen(handle, "wb") as file:
        file.write(body)
    return True


def load_key(path: Path) -> AnchorKey:
    """The key of a file. Raises `BadSetting`: not there, not such a key, or others may read it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        body = path.read_bytes()
    except OSError as error:
        raise BadSetting(
            f"the audit's key {path} cannot be read: {error.strerror}; `bailiwick audit-key` makes one"
        ) from None
    if mode & 0o077:
        raise BadSetting(f"the audit's key {path} may be read by others (mode {mode:04o}): chmod 600 {path}")
    try:
        private = load_pem_private_key(body, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise BadSetting(f"{path} holds no Ed25519 private key in PEM without a password")
    return AnchorKey(private)


def load_public(paths: Iterable[Path]) -> PublicKeys:
    """The public keys of some files, by id. Raises `BadSetting`."""
    found: dict[str, Ed25519PublicKey] = {}
    for path in paths:
        try:
            public = load_pem_public_key(path.read_bytes())
        except OSError as error:
            raise BadSetting(f"{path} cannot be read: {error.strerror}") from None
        except (ValueError, UnsupportedAlgorithm):
            public = None
        if not isinstance(public, Ed25519PublicKey):
            raise BadSetting(f"{path} holds no Ed25519 public key in PEM")
        found[key_id(public)] = public
    return found


def signature_fault(anchor: Anchor, keys: PublicKeys) -> str | None:
    """Why a signature does not hold, in words; None when it does."""
    public = keys.get(anchor.key_id)
    if public is None:
        return f"the anchor of {anchor.day} is signed with key {anchor.key_id}, which was not given"
    try:
        public.verify(anchor.signature, anchor.text())
    except InvalidSignature:
        return f"the anchor of {anchor.day} was changed, or signed with another key: its signature does not hold"
    return None
