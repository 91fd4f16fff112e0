"""The key that signs breach packs, as the settings name it; and whether it serves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID

from bailiwick.settings import Settings
from evidence.signing import SigningKey, key_of_file, key_of_token, time_stamper

KEY_BITS: Final = 3072
DEMO_DAYS: Final = 365


def signing_key(settings: Settings) -> SigningKey | None:
    """The key; None where none is set. Raises `BadSetting` when it cannot be used."""
    url = settings.signing_timestamp_url
    stamps = None if url is None else time_stamper(url)
    if settings.signing_key is not None:
        return key_of_file(settings.signing_key, settings.signing_passphrase, stamps)
    if settings.signing_module is None:
        return None
    token, label = settings.signing_token or "", settings.signing_label or ""
    return key_of_token(settings.signing_module, token, label, settings.signing_pin, stamps)


def make_demo_key(path: Path, now: datetime | None = None) -> bool:
    """Makes a key that nobody vouches for, for the demo: a PKCS#12 file with mode 0600; False when there is one."""
    if path.exists():
        return False
    begins = (now or datetime.now(UTC)) - timedelta(days=1)
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bailiwick demo: proves nothing to others")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=DEMO_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    path.touch(mode=0o600)
    path.write_bytes(serialize_key_and_certificates(b"demo", key, made, None, NoEncryption()))
    return True
