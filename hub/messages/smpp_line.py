"""A connection to a message centre, octet by octet, and what its messages hold. One thread at a time has it in its hands."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
from typing import Any

from hardware.modem.fields import Piece


class Gone(Exception):
    """The session is over; the text says why, for whoever keeps it."""


def same_of(pdu: Any) -> tuple[object, ...]:
    """What is the same whenever this message comes again."""
    plain = pdu.source_addr, pdu.destination_addr, pdu.esm_class, pdu.data_coding, octets_of(pdu)
    piece = piece_of(pdu)
    return plain if piece is None else (*plain, piece)


def piece_of(pdu: Any) -> Piece | None:
    """Which part of a long message this is, where it stands beside the text and not before it (5.3.2.22 to 5.3.2.24)."""
    reference, of, number = (
        getattr(pdu, name, None) for name in ("sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum")
    )
    if reference is None or not of or not number or not 1 <= number <= of:
        return None
    return Piece(reference, of, number, wide=True)


def octets_of(pdu: Any) -> bytes:
    """The user data, wherever it stands (5.2.22, 5.3.2.32)."""
    short = pdu.short_message or b""
    octets = short or getattr(pdu, "message_payload", None) or b""
    return (
        bytes(octets) if isinstance(octets, bytes | bytearray) else str(octets).encode("latin-1", "replace")
    )


def text_of(value: Any) -> str:
    """A C-octet string as the library gives it."""
    return value.rstrip(b"\x00").decode("latin-1") if isinstance(value, bytes) else str(value or "")


def comes(session: socket.socket, within_s: float) -> bool:
    """Whether something comes within the time; also the end of the connection."""
    if isinstance(session, ssl.SSLSocket) and session.pending():
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(session, selectors.EVENT_READ)
        return bool(selector.select(within_s))


def exactly(session: socket.socket, octets: bytes, count: int) -> bytes:
    """So many octets, of which these came already."""
    while len(octets) < count:
        more = session.recv(count - len(octets))
        if not more:
            raise Gone("it ended the connection")
        octets += more
    return octets


def shut(session: socket.socket) -> None:
    """End it; whoever reads it hears so."""
    with contextlib.suppress(OSError):
        session.shutdown(socket.SHUT_RDWR)


def why(wrong: Exception) -> str:
    """What went wrong, without what stood in it."""
    return str(wrong) if isinstance(wrong, Gone) else type(wrong).__name__
