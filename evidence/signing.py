"""Signing a pack (PAdES), and whether a signature holds. The one place that reads keys; a time-stamp server is asked from here alone."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from asn1crypto import cms, pem, x509
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.timestamps import HTTPTimeStamper, TimeStamper
from pyhanko.sign.validation import EmbeddedPdfSignature, SignatureCoverageLevel, async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from domain.errors import BadSetting, BailiwickError

T = TypeVar("T")
FIELD: Final = "Signature"
DIGEST: Final = "sha256"
TIME_STAMP_S: Final = 10
"""Longest wait for a time-stamp server."""
ROOM_BYTES: Final = 32_768
"""Kept for signature, certificates and time stamp in the file; a fixed size keeps what is signed the same."""

logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
# What it would log (a certificate that nobody here trusts, with a traceback) is told by `check`.


UNSIGNED: Final = "the document is not signed"


class CannotSign(BailiwickError):
    """The key or the time-stamp server did not do it."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs, and its certificate; ``time_stamps`` is asked for a time stamp with each signature (PAdES B-T)."""

    signer: signers.Signer
    time_stamps: TimeStamper | None = None

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate that goes into the file."""
        assert self.signer.signing_cert is not None, "a signer is made with its certificate"
        return self.signer.signing_cert

    @property
    def own_word_alone(self) -> bool:
        """Whether nobody but the key itself vouches for the certificate."""
        return bool(self.certificate.self_signed in ("yes", "maybe"))

    def described(self) -> str:
        """Who signs, in words for the pack."""
        how = "PAdES, with a time stamp" if self.time_stamps is not None else "PAdES"
        name = self.certificate.subject.human_friendly
        vouched = "; its certificate is signed by itself and proves nothing to others" if self.own_word_alone else ""
        return f"{how}, by {name} (SHA-256 of the certificate {self.certificate.sha256.hex()}){vouched}"

    def wrong_at(self, now: datetime) -> str | None:
        """Why the certificate does not serve then, in words; None when it does."""
        if not self.certificate.not_valid_before <= now <= self.certificate.not_valid_after:
            span = f"{self.certificate.not_valid_before:%Y-%m-%d} to {self.certificate.not_valid_after:%Y-%m-%d}"
            return f"the certificate is valid from {span}"
        return None

    def does_not_match(self) -> str | None:
        """Why the key is not that of the certificate, in words, by signing something; None when it is, or a token holds it."""
        private = getattr(self.signer, "signing_key", None)
        if private is None:
            return None
        public = load_der_public_key(self.certificate.public_key.dump())
        own = load_der_private_key(private.dump(), None).public_key()
        return None if own == public else "the certificate is of another key"


def time_stamper(url: str) -> TimeStamper:
    """What asks an RFC 3161 server."""
    return HTTPTimeStamper(url, timeout=TIME_STAMP_S)


def key_of_file(path: Path, passphrase: str | None, time_stamps: TimeStamper | None = None) -> SigningKey:
    """The key of a PKCS#12 file. Raises `BadSetting`: not there, not such a file, a wrong passphrase."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise BadSetting(f"the signing key {path} cannot be read: {error.strerror}") from None
    secret = None if passphrase is None else passphrase.encode()
    signer = signers.SimpleSigner.load_pkcs12_data(body, other_certs=[], passphrase=secret)
    if signer is None:
        raise BadSetting(f"{path} is no PKCS#12 file of a key and its certificate, or the passphrase is another")
    return SigningKey(signer, time_stamps)


def key_of_token(
    module: Path, token: str, label: str, pin: str | None, time_stamps: TimeStamper | None = None
) -> SigningKey:
    """The key of a PKCS#11 token. Raises `BadSetting` when the optional package or the token is not there."""
    try:
        from pyhanko.config.pkcs11 import TokenCriteria  # noqa: PLC0415
        from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session  # noqa: PLC0415
    except ImportError:
        raise BadSetting("a PKCS#11 token needs the package python-pkcs11: pip install 'bailiwick[pkcs11]'") from None
    try:
        session = open_pkcs11_session(str(module), token_criteria=TokenCriteria(label=token), user_pin=pin)
        signer = PKCS11Signer(session, cert_label=label, key_label=label)
        _ = signer.signing_cert
    except Exception as error:
        raise BadSetting(f"the PKCS#11 token {token!r} cannot be used: {error}") from None
    return SigningKey(signer, time_stamps)


def sign(document: bytes, key: SigningKey, reason: str) -> bytes:
    """The document with an invisible signature over all of it, appended to its bytes. Raises `CannotSign`.

    The signature claims the time of this machine's clock; a time stamp says besides when it was there.
    """
    return _run(_sign(document, key, reason))


def _run(work: Coroutine[Any, Any, T]) -> T:
    """The library works in a loop of its own, whether or not the caller has one."""
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, work).result()


async def _sign(document: bytes, key: SigningKey, reason: str) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(document), strict=False)
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm=DIGEST,
        reason=reason,
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    out = io.BytesIO()
    signer = signers.PdfSigner(meta, key.signer, timestamper=key.time_stamps)
    try:
        await signer.async_sign_pdf(writer, output=out, bytes_reserved=ROOM_BYTES)
    except (PdfError, OSError, ValueError, TimeoutError) as error:
        raise CannotSign(f"the pack could not be signed: {error}") from error
    except Exception as error:  # of the library that asks the server
        if type(error).__module__.startswith(("aiohttp", "pyhanko")):
            raise CannotSign(f"the pack could not be signed: {error}") from error
        raise
    return out.getvalue()


def certificate_of(path: Path) -> x509.Certificate:
    """A certificate, PEM or DER. Raises `BadSetting`."""
    try:
        body = path.read_bytes()
        found = x509.Certificate.load(pem.unarmor(body)[2] if pem.detect(body) else body, strict=True)
        _ = found.subject.native, found.public_key.native
    except (OSError, ValueError, TypeError) as error:
        raise BadSetting(f"{path} is no certificate: {error}") from None
    return found


# ---- checking ----


@dataclass(frozen=True, slots=True)
class Signed:
    """What was found of a document's signature; ``fault`` is the first thing that does not hold, in words."""

    fault: str | None = None
    by: str = ""
    certificate_sha256: str = ""
    at: datetime | None = None
    stamped: datetime | None = None
    trusted: bool = False

    @property
    def changed(self) -> bool:
        """Whether it is signed, and not as it was signed."""
        return self.fault is not None and self.fault != UNSIGNED


def check(document: bytes, trust: Sequence[x509.Certificate] = ()) -> Signed:
    """Whether the document carries one signature, over every byte of it, that holds.

    With ``trust`` the certificate must besides be one of these, or be signed by one, at the time that the signature claims.
    """
    try:
        reader = PdfFileReader(io.BytesIO(document), strict=False)
        found = reader.embedded_signatures
    except Exception as error:  # whatever a changed byte makes the parsers say
        return Signed(fault=f"the document cannot be read: it was changed or cut ({type(error).__name__})")
    if not found:
        return Signed(fault=UNSIGNED)
    if len(found) != 1:
        return Signed(fault=f"the document has {len(found)} signatures, and a pack has one")
    try:
        return _checked(document, found[0], trust)
    except Exception as error:  # whatever a changed byte makes the parsers say
        return Signed(fault=f"the signature cannot be read: it was changed or cut ({type(error).__name__})")


def _checked(document: bytes, signature: EmbeddedPdfSignature, trust: Sequence[x509.Certificate]) -> Signed:
    fault = _container_fault(document, signature)
    if fault is not None:
        return Signed(fault=fault)
    context = ValidationContext(trust_roots=list(trust), allow_fetching=False, moment=_claimed(signature))
    status = _run(_status(signature, context))
    by = signature.signer_cert
    told = Signed(
        by=by.subject.human_friendly,
        certificate_sha256=by.sha256.hex(),
        at=signature.self_reported_timestamp,
        stamped=None if status.timestamp_validity is None else status.timestamp_validity.timestamp,
        trusted=bool(status.trusted),
    )
    return _with(told, _status_fault(signature, status, trust))


async def _status(signature: EmbeddedPdfSignature, context: ValidationContext) -> Any:
    return await async_validate_pdf_signature(signature, context, ts_validation_context=context)


def _claimed(signature: EmbeddedPdfSignature) -> datetime | None:
    return signature.self_reported_timestamp


def _status_fault(signature: EmbeddedPdfSignature, status: Any, trust: Sequence[x509.Certificate]) -> str | None:
    if not status.intact:
        return "the document was changed after it was signed: its digest is not that of the signature"
    if not status.valid:
        return "the signature does not hold: it was changed, or made with another key"
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        return "the signature does not cover the whole file: something was added to it"
    if status.modification_level not in (None, ModificationLevel.NONE):
        return "the document was changed after it was signed"
    stamp = status.timestamp_validity
    if stamp is not None and not (stamp.valid and stamp.intact):
        return "the time stamp does not hold"
    if trust and not status.trusted:
        return "the certificate that signed it is not one that you trust, nor signed by one"
    return None


def _with(told: Signed, fault: str | None) -> Signed:
    return Signed(fault, told.by, told.certificate_sha256, told.at, told.stamped, told.trusted)


def _container_fault(document: bytes, signature: EmbeddedPdfSignature) -> str | None:
    """What the digest cannot see: the signature's own place in the file, byte by byte, and what lies around it in its container."""
    first, length, second, rest = (int(one) for one in signature.byte_range)
    if first != 0 or second + rest != len(document):
        return "the signature does not cover the whole file"
    der = signature.pkcs7_content
    content = cms.ContentInfo.load(bytes(der))
    exact = content.dump(force=True)
    room = document[length:second]
    if room != b"<" + exact.hex().upper().encode().ljust(len(room) - 2, b"0") + b">":
        return "the place of the signature in the file was changed"
    return _strangers(content["content"], signature)


def _strangers(signed: cms.SignedData, signature: EmbeddedPdfSignature) -> str | None:
    """Parts of the container that no digest covers must be what the signature says of itself."""
    info = signed["signer_infos"]
    if len(info) != 1 or [one["algorithm"].native for one in signed["digest_algorithms"]] != [DIGEST]:
        return "the signature's container was changed"
    if signed["version"].native != "v1" or signed["crls"].native is not None:
        return "the signature's container was changed"
    named = info[0]["sid"].chosen
    own = signature.signer_cert
    if named["issuer"].dump() != own.issuer.dump() or named["serial_number"].native != own.serial_number:
        return "the signature's container was changed"
    if info[0]["digest_algorithm"].dump() != signed["digest_algorithms"][0].dump():
        return "the signature's container was changed"
    allowed = {"signature_time_stamp_token"}
    unsigned = info[0]["unsigned_attrs"]
    if unsigned.native and any(one["type"].native not in allowed for one in unsigned):
        return "the signature's container was changed"
    chain = {signature.signer_cert.sha256}
    issuers = [one.chosen for one in signed["certificates"]]
    grown = True
    while grown:
        known = [one for one in issuers if one.sha256 in chain]
        more = {one.sha256 for one in issuers for child in known if one.subject == child.issuer}
        grown = not more <= chain
        chain |= more
    if any(one.sha256 not in chain for one in issuers):
        return "a certificate in the signature belongs to none of its chain: it was changed"
    return None
