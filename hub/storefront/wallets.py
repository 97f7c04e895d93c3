"""The wallets that a shop has set up: a folder with its certificate and keys, read once, strictly.

    apple.pem    the certificate for the shop's Pass Type ID       apple.key    its private key, without a passphrase
    wwdr.pem     Apple's Worldwide Developer Relations certificate
    google.json  a service account's key file, with one line more: "issuer_id"

Either of the two may be missing; then its button is not shown. What is there and cannot be used is a `WalletError`, not a
button that fails.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from hub.storefront.apple import PassMaker, SigningKey
from hub.storefront.google import SaveLinks

APPLE = ("apple.pem", "apple.key", "wwdr.pem")
GOOGLE = "google.json"


class WalletError(Exception):
    """The wallets cannot be used; the text is a sentence with the file's name and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Wallets:
    """What is set up; None for what is not."""

    apple: PassMaker | None = None
    google: SaveLinks | None = None


NO_WALLETS = Wallets()


def read_wallets(folder: Path | None) -> Wallets:
    """What a folder holds; nothing without a folder. WalletError where something in it is wrong."""
    if folder is None:
        return NO_WALLETS
    if not folder.is_dir():
        raise WalletError(f"{folder} is no folder. It holds {', '.join(APPLE)} or {GOOGLE}, or both.")
    found = Wallets(_apple(folder), _google(folder))
    if found == NO_WALLETS:
        raise WalletError(f"{folder} holds neither {', '.join(APPLE)} nor {GOOGLE}.")
    return found


def wallet_folder(text: str) -> Path | None:
    """A setting: the folder of the wallets, or nothing. ValueError with the rest of a sentence where it cannot be used."""
    if not text:
        return None
    try:
        read_wallets(Path(text))
    except WalletError as wrong:
        raise ValueError(f"cannot be used: {str(wrong).rstrip('.')}") from None
    return Path(text)


def _apple(folder: Path) -> PassMaker | None:
    missing = [name for name in APPLE if not (folder / name).exists()]
    if len(missing) == len(APPLE):
        return None
    if missing:
        raise WalletError(f"{folder} lacks {', '.join(missing)}: a pass needs {', '.join(APPLE)}.")
    certificate, between = _certificate(folder / APPLE[0]), _certificate(folder / APPLE[2])
    key = _key(folder / APPLE[1])
    plain = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*plain) != certificate.public_key().public_bytes(*plain):
        raise WalletError(f"{folder / APPLE[1]} is not the key of {folder / APPLE[0]}.")
    maker = PassMaker(certificate, key, between)
    if not (maker.pass_type and maker.team):
        raise WalletError(
            f"{folder / APPLE[0]} is no certificate for a Pass Type ID: its subject names no UID or no OU."
        )
    return maker


def _google(folder: Path) -> SaveLinks | None:
    path = folder / GOOGLE
    if not path.exists():
        return None
    try:
        told = json.loads(_read(path))
        issuer, account = str(told["issuer_id"]), str(told["client_email"])
        key = load_pem_private_key(str(told["private_key"]).encode(), None)
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm) as wrong:
        raise WalletError(
            f"{path} is no service account's file with an issuer_id ({type(wrong).__name__}: {wrong})."
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise WalletError(f"{path} holds no RSA key.")
    return SaveLinks(issuer, account, key)


def _certificate(path: Path) -> x509.Certificate:
    content = _read(path)
    try:
        if content.lstrip().startswith(b"-----"):
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except ValueError as wrong:
        raise WalletError(f"{path} is no certificate: {wrong}") from None


def _key(path: Path) -> SigningKey:
    try:
        key = load_pem_private_key(_read(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as wrong:
        raise WalletError(f"{path} is no private key that can be read: {wrong}") from None
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise WalletError(f"{path} is a key of a kind that passes are not signed with.")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as wrong:
        raise WalletError(f"{path} cannot be read: {wrong.strerror}.") from None
