"""Who is speaking: keys, signed and counted requests, signed replies, pairing codes.

Pure. `hub.client.link` signs with it on a device, `hub.api` checks with it on the hub.

A request carries three headers: the device's name, a counter that never repeats, and an Ed25519 signature (RFC 8032) over
both together with the method, the path and the body. No clock is needed, and nothing can be replayed. The hub signs its
reply over the same counter, so that an answer cannot be forged or swapped on a network that is not to be trusted.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Douglas Crockford's base 32 alphabet: no I, L, O, U, so that a person can read it aloud."""

DEVICE_HEADER = "Shopbell-Device"
COUNTER_HEADER = "Shopbell-Counter"
SIGNATURE_HEADER = "Shopbell-Signature"

SECRET_CHARACTERS = 8
"""40 random bits: one use, ten minutes and a limit on wrong tries make guessing hopeless."""

ONE_TIME_CHARACTERS = 26
"""130 random bits of a key of one use for a roll-out: it may live for months, so nothing is left to a limit on tries."""

FINGERPRINT_CHARACTERS = 12
"""60 bits of the hub's key: more than an attacker can grind in the ten minutes that a code lives."""

REPLAY_WINDOW = 1024
"""Counters that may arrive out of order. Sixteen threads of a busy till stay far below it."""

_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def fold_typed(text: str) -> str:
    """What a person typed, as the code's own characters: case, spaces, dashes and look-alikes do not matter."""
    return text.strip().upper().translate(_LOOKALIKES)


def crockford(data: bytes, characters: int) -> str:
    """The first `characters` base 32 digits of `data`, highest bits first."""
    bits = int.from_bytes(data, "big")
    spare = len(data) * 8 - characters * 5
    if spare < 0:
        raise ValueError(f"{len(data)} bytes do not fill {characters} characters")
    bits >>= spare
    return "".join(CROCKFORD[(bits >> (5 * place)) & 31] for place in range(characters - 1, -1, -1))


def private_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 secret bytes of a key, as they are kept on disk."""
    return key.private_bytes_raw()


def public_text(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """A public key as 64 hexadecimal digits, as it travels."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes_raw().hex()


def read_public(text: str) -> Ed25519PublicKey:
    """A public key from its 64 hexadecimal digits; ValueError where they are not one."""
    data = bytes.fromhex(text)
    if len(data) != 32:
        raise ValueError(f"a public key has 32 bytes, not {len(data)}")
    return Ed25519PublicKey.from_public_bytes(data)


def fingerprint(public: str) -> str:
    """The part of a hub's key that a pairing code carries."""
    return crockford(hashlib.sha256(bytes.fromhex(public)).digest(), FINGERPRINT_CHARACTERS)


@dataclass(frozen=True, slots=True)
class PairingCode:
    """What an installer carries from the hub to a new node: a secret of one use, and whom to trust."""

    secret: str
    hub_fingerprint: str

    def __str__(self) -> str:
        whole = self.secret + self.hub_fingerprint
        return "-".join(whole[start : start + 4] for start in range(0, len(whole), 4))

    @classmethod
    def read(cls, text: str) -> PairingCode | None:
        """None where the text is no pairing code."""
        folded = fold_typed(text)
        secret = len(folded) - FINGERPRINT_CHARACTERS
        if secret not in (SECRET_CHARACTERS, ONE_TIME_CHARACTERS) or set(folded) - set(CROCKFORD):
            return None
        return cls(folded[:secret], folded[secret:])


def _request_text(device: str, counter: int, method: str, path: str, body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return f"shopbell1 request\n{device}\n{counter}\n{method}\n{path}\n{digest}".encode()


def _reply_text(device: str, counter: int, status: int, body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return f"shopbell1 reply\n{device}\n{counter}\n{status}\n{digest}".encode()


def sign_request(
    key: Ed25519PrivateKey, device: str, counter: int, method: str, path: str, body: bytes
) -> dict[str, str]:
    """The three headers of one request. `counter` must never have been used before by this device."""
    signature = key.sign(_request_text(device, counter, method, path, body))
    return {
        DEVICE_HEADER: device,
        COUNTER_HEADER: str(counter),
        SIGNATURE_HEADER: base64.b64encode(signature).decode(),
    }


def request_is_signed(
    public: Ed25519PublicKey, device: str, counter: int, method: str, path: str, body: bytes, signature: str
) -> bool:
    """Whether this very request was signed by the device that it names."""
    return _holds(public, signature, _request_text(device, counter, method, path, body))


def sign_reply(key: Ed25519PrivateKey, device: str, counter: int, status: int, body: bytes) -> str:
    """The hub's signature over its answer to one request."""
    return base64.b64encode(key.sign(_reply_text(device, counter, status, body))).decode()


def reply_is_signed(
    public: Ed25519PublicKey, device: str, counter: int, status: int, body: bytes, signature: str
) -> bool:
    """Whether the hub that we were paired with gave this answer to that request."""
    return _holds(public, signature, _reply_text(device, counter, status, body))


def sign_text(key: Ed25519PrivateKey, text: str) -> str:
    """A signature over a text, base 64."""
    return base64.b64encode(key.sign(text.encode())).decode()


def text_is_signed(public: Ed25519PublicKey, text: str, signature: str) -> bool:
    """Whether the text was signed with that key."""
    return _holds(public, signature, text.encode())


def _holds(public: Ed25519PublicKey, signature: str, text: bytes) -> bool:
    try:
        public.verify(base64.b64decode(signature, validate=True), text)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class ReplayWindow:
    """The counters that a device has used: the highest, and a bit for each of the 1,024 below it.

    The sliding window of IPsec's anti-replay service (RFC 4303, 3.4.3): requests of one device may overtake each other,
    and still none is taken twice. The bit at place n stands for the counter `highest - n`.
    """

    highest: int = 0
    seen: int = 0

    def admit(self, counter: int) -> ReplayWindow | None:
        """The window with this counter used; None where it was used before or is too old to tell."""
        if counter <= 0:
            return None
        if counter > self.highest:
            shift = counter - self.highest
            kept = 0 if shift >= REPLAY_WINDOW else (self.seen << shift) & ((1 << REPLAY_WINDOW) - 1)
            return ReplayWindow(counter, kept | 1)
        place = self.highest - counter
        if place >= REPLAY_WINDOW or self.seen >> place & 1:
            return None
        return ReplayWindow(self.highest, self.seen | 1 << place)

    def to_bytes(self) -> bytes:
        """The bits as they are stored."""
        return self.seen.to_bytes(REPLAY_WINDOW // 8, "big")

    @classmethod
    def from_bytes(cls, highest: int, bits: bytes) -> ReplayWindow:
        """The window as it was stored."""
        return cls(highest, int.from_bytes(bits, "big"))
