"""A text message as the octets that a modem takes and gives (PDU mode).

Pure. 3GPP TS 23.040: SMS-DELIVER 9.2.2.1, SMS-SUBMIT 9.2.2.2, SMS-STATUS-REPORT 9.2.2.3. In PDU mode (TS 27.005, 3.1) the address
of the service centre stands before it, which is left empty when sending: the SIM card knows it. Everything is hexadecimal there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hardware.modem.alphabet import (
    fill_bits,
    from_septets,
    from_ucs2,
    heal,
    pack,
    to_septets,
    to_ucs2,
    unpack,
)
from hardware.modem.fields import (
    CODING,
    BadPdu,
    Coding,
    Octets,
    Piece,
    read_address,
    read_coding,
    read_header,
    read_time,
    read_validity,
    write_address,
    write_header,
    write_time,
    write_validity,
)

ROOM = 140
"""Octets of user data in one message."""


@dataclass(frozen=True, slots=True)
class Deliver:
    """What came from a number or a name. `text` may end or begin with half of a pair where it is a `piece`; data is no text.

    `at` is the service centre's time; None where it sent none that is one.
    """

    sender: str
    at: datetime | None
    text: str = ""
    data: bytes = b""
    coding: Coding = "gsm-7"
    piece: Piece | None = None
    protocol: int = 0


@dataclass(frozen=True, slots=True)
class Submit:
    """What goes to a number. `validity_s` (s): None leaves it to the network. `report`: say what became of it."""

    number: str
    text: str
    coding: Coding = "gsm-7"
    piece: Piece | None = None
    report: bool = False
    validity_s: float | None = None
    reference: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What became of the message with this reference that went to this number (TP-ST in `status`, 9.2.3.15)."""

    reference: int
    number: str
    sent_at: datetime | None
    done_at: datetime | None
    status: int


Outcome = Literal["delivered", "waiting", "failed"]


def outcome_of(status: int) -> Outcome:
    """What a status means (9.2.3.15): done, the service centre still tries, or it has given up."""
    if status < 0x20:
        return "delivered"
    return "waiting" if status < 0x40 else "failed"


# Writing


def write_submit(message: Submit) -> bytes:
    """The octets, with the empty address of the service centre before them."""
    first = 0x01 | (0x20 if message.report else 0) | (0x40 if message.piece else 0)
    validity = b""
    if message.validity_s is not None:
        first |= 0x10
        validity = bytes([write_validity(message.validity_s)])
    body = _write_body(message.text, message.data, message.coding, message.piece)
    head = bytes([0, first, message.reference]) + write_address(message.number)
    return head + bytes([0, CODING[message.coding]]) + validity + body


def write_deliver(message: Deliver, centre: str = "") -> bytes:
    """The octets as the network would bring them; for simulators. `at` has to be there."""
    first = 0x04 | (0x40 if message.piece else 0)
    body = _write_body(message.text, message.data, message.coding, message.piece)
    head = _write_centre(centre) + bytes([first]) + write_address(message.sender)
    return head + bytes([message.protocol, CODING[message.coding]]) + _stamp(message.at) + body


def write_report(report: StatusReport, centre: str = "") -> bytes:
    """The octets as the network would bring them; for simulators. Both times have to be there."""
    head = _write_centre(centre) + bytes([0x06, report.reference]) + write_address(report.number)
    return head + _stamp(report.sent_at) + _stamp(report.done_at) + bytes([report.status])


def tpdu_length(pdu: bytes) -> int:
    """What AT+CMGS, +CMT and their like call the length: without the address of the service centre."""
    return len(pdu) - 1 - pdu[0] if pdu else 0


def _write_body(text: str, data: bytes, coding: Coding, piece: Piece | None) -> bytes:
    header = write_header(piece)
    if coding == "gsm-7":
        fill = fill_bits(len(header))
        septets = to_septets(text)
        count = (len(header) * 8 + fill) // 7 + len(septets)
        body = header + pack(septets, fill)
    else:
        body = header + (to_ucs2(text) if coding == "ucs-2" else data)
        count = len(body)
    if len(body) > ROOM:
        raise ValueError("the text is too long for one message")
    return bytes([count]) + body


def _write_centre(centre: str) -> bytes:
    if not centre:
        return b"\x00"
    address = write_address(centre)[1:]
    return bytes([len(address)]) + address


def _stamp(at: datetime | None) -> bytes:
    if at is None:
        raise ValueError("a message from the network has a time stamp")
    return write_time(at)


# Reading


def read_incoming(pdu: bytes) -> Deliver | StatusReport:
    """What a modem gives that came from the network; BadPdu for what is neither."""
    octets = Octets(pdu)
    octets.take(octets.one())
    first = octets.one()
    if first & 3 == 0:
        return _read_deliver(first, octets)
    if first & 3 == 2:
        return _read_report(octets)
    raise BadPdu("a message of a kind that no network brings")


def read_submit(pdu: bytes) -> Submit:
    """What a modem was given to send; for simulators."""
    octets = Octets(pdu)
    octets.take(octets.one())
    first = octets.one()
    if first & 3 != 1:
        raise BadPdu("no message to send")
    reference, number = octets.one(), read_address(octets)
    octets.one()
    coding = read_coding(octets.one())
    form = first >> 3 & 3
    validity = float(read_validity(octets.one())) if form == 2 else None
    if form in (1, 3):
        octets.take(7)
    text, data, piece = _read_body(first, coding, octets)
    return Submit(
        number, text, coding, piece, bool(first & 0x20), validity_s=validity, reference=reference, data=data
    )


def _read_deliver(first: int, octets: Octets) -> Deliver:
    sender = read_address(octets)
    protocol = octets.one()
    coding = read_coding(octets.one())
    at = read_time(octets.take(7))
    text, data, piece = _read_body(first, coding, octets)
    return Deliver(sender, at, text, data, coding, piece, protocol)


def _read_report(octets: Octets) -> StatusReport:
    reference, number = octets.one(), read_address(octets)
    return StatusReport(reference, number, read_time(octets.take(7)), read_time(octets.take(7)), octets.one())


def _read_body(first: int, coding: Coding, octets: Octets) -> tuple[str, bytes, Piece | None]:
    """Text, data, which part. A body that is shorter than it says is read as far as it goes: better half a text than none."""
    count, body = octets.one(), octets.rest()
    octet_count = (count * 7 + 7) // 8 if coding == "gsm-7" else count
    body = body[:octet_count]
    header = b""
    if first & 0x40 and body:
        header = body[: body[0] + 1]
        if len(header) <= body[0]:
            raise BadPdu("a header that is longer than the message")
    piece = read_header(header[1:]) if header else None
    rest = body[len(header) :]
    if coding == "gsm-7":
        fill = fill_bits(len(header))
        septets = unpack(rest, max(0, count - (len(header) * 8 + fill) // 7), fill)
        return from_septets(septets), b"", piece
    if coding == "ucs-2":
        text = from_ucs2(rest)
        return (text if piece else heal(text)), b"", piece
    return "", rest, piece
