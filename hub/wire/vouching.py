"""How a hub vouches for the key of its TLS certificate with the key that nodes know it by.

Pure. The statement stands in the certificate as an extension of its own (RFC 5280, 4.2), not critical, so that browsers pass over
it: the hub's public key, 32 octets, and its Ed25519 signature, 64 octets, over the certificate's SubjectPublicKeyInfo. So the pin
is the key that a node learnt when it was paired, and the hub may make a new certificate at any time without telling anybody.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ExtensionNotFound, ObjectIdentifier, load_der_x509_certificate

OID = ObjectIdentifier("2.25.158407611829353371204418396104417236211")
"""A number of our own: whoever draws 128 random bits may use what stands beneath 2.25 (ITU-T X.667)."""

_KEY, _SIGNATURE = 32, 64
_PURPOSE = b"shopbell1 tls\n"


def vouch(key: Ed25519PrivateKey, subject_public_key: bytes) -> bytes:
    """The statement about a certificate's key."""
    return key.public_key().public_bytes_raw() + key.sign(_PURPOSE + subject_public_key)


def vouched_by(certificate: bytes) -> str | None:
    """Which hub vouches for this certificate (DER): its public key in hexadecimal digits; None where none does."""
    try:
        read = load_der_x509_certificate(certificate)
        statement = read.extensions.get_extension_for_oid(OID).value.public_bytes()
        subject = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, ExtensionNotFound):
        return None
    if len(statement) != _KEY + _SIGNATURE:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(statement[:_KEY]).verify(statement[_KEY:], _PURPOSE + subject)
    except InvalidSignature:
        return None
    return statement[:_KEY].hex()
