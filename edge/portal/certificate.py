"""A certificate as the portal needs it: for which names, from when until when, by whom."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

SOON_S = 14 * 86_400
"""ACME clients renew a month before the end; two weeks before it, that has failed for two weeks."""

MOST_OCTETS = 1 << 20
"""A chain has a few kilobytes."""


class BadCertificate(Exception):
    """The files cannot be used; the text is the rest of a sentence."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What matters of a certificate. Times are seconds of UTC."""

    names: tuple[str, ...]
    begins_at: float
    ends_at: float
    self_signed: bool

    def is_for(self, name: str) -> bool:
        """Whether phones take it for this name (RFC 9525, 6.3): itself, or a star for its first word."""
        star = "*." + name.partition(".")[2]
        return any(one.lower() in (name.lower(), star.lower()) for one in self.names)

    def troubles(self, name: str, now: float) -> list[tuple[str, str]]:
        """Codes of warnings, with their details."""
        found = []
        if now >= self.ends_at:
            found.append(("cert-over", _day(self.ends_at)))
        elif now < self.begins_at:
            found.append(("cert-early", _day(self.begins_at)))
        elif self.ends_at - now < SOON_S:
            found.append(("cert-soon", _day(self.ends_at)))
        if not self.is_for(name):
            found.append(("cert-name", ", ".join(self.names[:3]) or "-"))
        if self.self_signed:
            found.append(("cert-own", ""))
        return found


def read_certificate(chain: Path, key: Path) -> Certificate:
    """The first certificate of a chain whose private key this is; BadCertificate with the reason where it cannot be used."""
    try:
        first = x509.load_pem_x509_certificates(_read(chain))[0]
    except ValueError:
        raise BadCertificate(f"{chain} holds no certificate in PEM") from None
    try:
        secret = load_pem_private_key(_read(key), password=None)
    except (ValueError, TypeError):
        raise BadCertificate(f"{key} holds no private key in PEM without a password") from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if secret.public_key().public_bytes(*form) != first.public_key().public_bytes(*form):
        raise BadCertificate(f"the key in {key} belongs to another certificate")
    return Certificate(
        _names(first),
        first.not_valid_before_utc.timestamp(),
        first.not_valid_after_utc.timestamp(),
        first.issuer == first.subject,
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(found.value.get_values_for_type(x509.DNSName))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_OCTETS)
    except OSError as wrong:
        raise BadCertificate(f"{path} cannot be read: {wrong.strerror}") from None


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))
