"""A line between two doors of one shop: each proves with its node's key who it is, and nobody in between can read or change it.

Pure: bytes in, bytes and messages out; `edge.neighbours` owns the sockets and draws the ephemeral keys. What travels here lets
two doors agree on pseudonyms, so it is kept from everybody: the keys of a session are made anew for each connection and exist in
memory only (forward secrecy), and both ends are nodes that the shop's hub vouches for (the snapshot's `keys`).

The handshake is sign-and-agree (SIGMA; Krawczyk, CRYPTO 2003): each side sends an ephemeral X25519 key (RFC 7748), and signs both
of them with both names and its own role by its node's Ed25519 key (RFC 8032). HKDF-SHA256 (RFC 5869) makes a key for each
direction; frames are ChaCha20-Poly1305 (RFC 8439) under a counter, so that none can be dropped, repeated or moved unnoticed.

A frame on the wire is two octets of length and that many octets. Of the handshake: `caller hello`, `answer`, `proof`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LARGEST_FRAME = 16_384
"""A second of the densest street is about 3,000 sightings of 12 octets; a batch is cut to fit. Larger, and a stranger could fill
the memory before it has proved who it is."""

_HEAD = 2


class LineError(Exception):
    """The other end is not who it must be, or does not speak as it must; the message says how. The line is of no use any more."""


class Role(Enum):
    """Who opened the connection."""

    CALLER = "caller"
    ANSWERER = "answerer"


class _Hello(msgspec.Struct, frozen=True, array_like=True, tag="hello"):
    device: str
    ephemeral: bytes


class _Answer(msgspec.Struct, frozen=True, array_like=True, tag="answer"):
    device: str
    ephemeral: bytes
    signature: bytes


class _Proof(msgspec.Struct, frozen=True, array_like=True, tag="proof"):
    signature: bytes


_hello = msgspec.msgpack.Decoder(_Hello)
_answer = msgspec.msgpack.Decoder(_Answer)
_proof = msgspec.msgpack.Decoder(_Proof)
_encode = msgspec.msgpack.encode


class Line:
    """One end of a line, fed with octets and asked for octets; `public_of` gives a node's key by its name, None for strangers.

    `peer` is the other node's name once it is proved. `outgoing()` is what has to be sent now.
    """

    def __init__(
        self,
        role: Role,
        device: str,
        key: Ed25519PrivateKey,
        public_of: Callable[[str], Ed25519PublicKey | None],
        ephemeral: X25519PrivateKey,
    ) -> None:
        self.peer: str | None = None
        self._role = role
        self._device = device
        self._key = key
        self._public_of = public_of
        self._ephemeral: X25519PrivateKey | None = ephemeral
        self._mine = ephemeral.public_key().public_bytes_raw()
        self._hello: _Hello | None = None
        self._inbox = bytearray()
        self._outbox = bytearray()
        self._sealer: ChaCha20Poly1305 | None = None
        self._opener: ChaCha20Poly1305 | None = None
        self._sent = self._received = 0
        if role is Role.CALLER:
            self._put(_encode(_Hello(device, self._mine)))

    @property
    def ready(self) -> bool:
        """Whether both ends have proved who they are."""
        return self.peer is not None

    def outgoing(self) -> bytes:
        """Octets to send; they are handed out once."""
        octets = bytes(self._outbox)
        self._outbox.clear()
        return octets

    def send(self, message: bytes) -> None:
        """Put a message on the line; ValueError before the handshake is over or where it is too long."""
        if self._sealer is None or not self.ready:
            raise ValueError("The line is not ready yet.")
        self._put(self._sealer.encrypt(self._sent.to_bytes(12, "little"), message, None))
        self._sent += 1

    def feed(self, octets: bytes) -> list[bytes]:
        """The messages that are whole now. Raises LineError for whatever is not right."""
        self._inbox += octets
        messages: list[bytes] = []
        while len(self._inbox) >= _HEAD:
            size = int.from_bytes(self._inbox[:_HEAD], "big")
            if size > LARGEST_FRAME:
                raise LineError(f"A frame of {size} octets was announced; at most {LARGEST_FRAME} are taken.")
            if len(self._inbox) < _HEAD + size:
                break
            frame = bytes(self._inbox[_HEAD : _HEAD + size])
            del self._inbox[: _HEAD + size]
            if self.ready:
                messages.append(self._open(frame))
            else:
                self._shake(frame)
        return messages

    def _put(self, frame: bytes) -> None:
        if len(frame) > LARGEST_FRAME:
            raise ValueError(
                f"A message of {len(frame)} octets does not fit into a frame of {LARGEST_FRAME}."
            )
        self._outbox += len(frame).to_bytes(_HEAD, "big") + frame

    def _open(self, frame: bytes) -> bytes:
        if self._opener is None:
            raise LineError("A message came before the handshake was over.")
        try:
            message = self._opener.decrypt(self._received.to_bytes(12, "little"), frame, None)
        except InvalidTag:
            raise LineError("A frame was changed, lost or repeated on its way.") from None
        self._received += 1
        return message

    def _shake(self, frame: bytes) -> None:
        try:
            if self._role is Role.CALLER:
                self._take_answer(_answer.decode(frame))
            elif self._hello is None:
                self._take_hello(_hello.decode(frame))
            else:
                self._take_proof(_proof.decode(frame), self._hello)
        except msgspec.MsgspecError as wrong:
            raise LineError(f"The other end does not speak as a door: {wrong}") from None

    def _take_hello(self, hello: _Hello) -> None:
        self._hello = hello
        self._agree(hello.ephemeral, hello.device, self._device)
        signature = self._key.sign(_signed(Role.ANSWERER, hello, self._device, self._mine))
        self._put(_encode(_Answer(self._device, self._mine, signature)))

    def _take_answer(self, answer: _Answer) -> None:
        hello = _Hello(self._device, self._mine)
        self._check(
            answer.device, _signed(Role.ANSWERER, hello, answer.device, answer.ephemeral), answer.signature
        )
        self._agree(answer.ephemeral, self._device, answer.device)
        self._put(
            _encode(_Proof(self._key.sign(_signed(Role.CALLER, hello, answer.device, answer.ephemeral))))
        )
        self.peer = answer.device

    def _take_proof(self, proof: _Proof, hello: _Hello) -> None:
        self._check(hello.device, _signed(Role.CALLER, hello, self._device, self._mine), proof.signature)
        self.peer = hello.device

    def _check(self, device: str, text: bytes, signature: bytes) -> None:
        public = self._public_of(device) if device != self._device else None
        if public is None:
            raise LineError(f"{device[:40]!r} is no other node of this shop.")
        try:
            public.verify(signature, text)
        except InvalidSignature:
            raise LineError(f"Somebody says to be {device}, and cannot prove it.") from None

    def _agree(self, theirs: bytes, caller: str, answerer: str) -> None:
        """Make the two keys, and forget the ephemeral one: what was said on this line can never be read again."""
        if self._ephemeral is None:
            raise LineError("The handshake was begun twice.")
        try:
            shared = self._ephemeral.exchange(X25519PublicKey.from_public_bytes(theirs))
        except ValueError:
            raise LineError("The other end sent a key that is none.") from None
        self._ephemeral = None
        first, second = (self._mine, theirs) if self._role is Role.CALLER else (theirs, self._mine)
        salt = sha256(b"\0".join((first, second, caller.encode(), answerer.encode()))).digest()
        both = HKDF(SHA256(), 64, salt, b"shopbell1 doors").derive(shared)
        mine, yours = (both[:32], both[32:]) if self._role is Role.CALLER else (both[32:], both[:32])
        self._sealer, self._opener = ChaCha20Poly1305(mine), ChaCha20Poly1305(yours)


def _signed(role: Role, hello: _Hello, answerer: str, ephemeral: bytes) -> bytes:
    """What one side signs: its role, both names and both ephemeral keys."""
    return b"shopbell1 doors\0" + _encode([role.value, hello.device, hello.ephemeral, answerer, ephemeral])
