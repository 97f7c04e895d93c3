"""What a shop that has set up its wallets has: a chain like Apple's, made here, and a service account like Google's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

TEAM, PASS_TYPE = "A1B2C3D4E5", "pass.example.corner"


def pem(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate(
    subject: dict[x509.ObjectIdentifier, str],
    key: RSAPrivateKey,
    issuer: x509.Name | None,
    signer: RSAPrivateKey,
    *,
    begins: datetime,
    days: int = 365,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in subject.items()])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(signer, SHA256())
    )


class WalletShop:
    """A folder with everything; `key` is the shop's, `root` vouches for it, `google` is the service account's."""

    def __init__(self, folder: Path, now: float) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        begins = datetime.fromtimestamp(now, UTC) - timedelta(days=10)
        self.root, self.key, self.google = (generate_private_key(65537, 2048) for _ in range(3))
        between = certificate(
            {NameOID.COMMON_NAME: "Test Developer Relations"}, self.root, None, self.root, begins=begins
        )
        subject = {
            NameOID.USER_ID: PASS_TYPE,
            NameOID.COMMON_NAME: f"Pass Type ID: {PASS_TYPE}",
            NameOID.ORGANIZATIONAL_UNIT_NAME: TEAM,
        }
        own = certificate(subject, self.key, between.subject, self.root, begins=begins)
        (folder / "apple.pem").write_bytes(own.public_bytes(Encoding.PEM))
        (folder / "apple.key").write_bytes(pem(self.key))
        (folder / "wwdr.pem").write_bytes(between.public_bytes(Encoding.DER))
        account = {
            "type": "service_account",
            "client_email": "shop@example.iam.gserviceaccount.com",
            "private_key": pem(self.google).decode(),
            "issuer_id": "3388000000012345678",
        }
        (folder / "google.json").write_text(json.dumps(account))
