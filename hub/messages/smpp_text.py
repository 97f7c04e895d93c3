"""What stands in messages of SMPP 3.4: texts as octets and back, addresses, delivery receipts.

Pure. Parts of a long message carry the same header as on the air (3GPP TS 23.040, 9.2.3.24), told by a bit of `esm_class`. The
default alphabet is one septet of GSM 7-bit in each octet, as message centres have it; UCS-2 is told by `data_coding` 8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from hardware.modem.alphabet import cut, from_septets, from_ucs2, to_septets, to_ucs2
from hardware.modem.fields import Piece, read_header, write_header

HAS_HEADER = 0x40
"""esm_class: user data begins with a header (5.2.12)."""

_RECEIPT_BITS, _RECEIPT = 0x3C, 0x04
_GSM, _ASCII, _LATIN, _UCS2 = 0, 1, 3, 8

TON_INTERNATIONAL, TON_NETWORK, TON_NAME, NPI_ISDN, NPI_UNKNOWN = 1, 3, 5, 1, 0
"""5.2.5, 5.2.6."""

_STATES = {
    "DELIVRD": "delivered",
    "ACCEPTD": "trying",
    "ENROUTE": "trying",
    "UNKNOWN": "trying",
    "EXPIRED": "failed",
    "DELETED": "failed",
    "UNDELIV": "failed",
    "REJECTD": "failed",
}
_NUMBERS = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
"""message_state (5.2.28)."""

_ID = re.compile(rb"\bid:\s*(\S+)", re.IGNORECASE)
_STAT = re.compile(rb"\bstat:\s*([A-Za-z]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One short message as it is submitted."""

    esm_class: int
    data_coding: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the message that the centre called `reference`."""

    reference: str
    outcome: Literal["delivered", "failed", "trying"]
    state: str


def write_parts(text: str, reference: int) -> list[Part]:
    """A text as its parts; `reference` (0 to 255) is the same in all parts of one message."""
    alphabet, texts = cut(text)
    coding = _GSM if alphabet == "gsm-7" else _UCS2
    parts = []
    for number, one in enumerate(texts, 1):
        octets = to_septets(one) if alphabet == "gsm-7" else to_ucs2(one)
        if len(texts) == 1:
            parts.append(Part(0, coding, octets))
        else:
            header = write_header(Piece(reference, len(texts), number))
            parts.append(Part(HAS_HEADER, coding, header + octets))
    return parts


def write_sender(sender: str) -> tuple[int, int, str]:
    """Kind, plan and address of whoever sends: a number, a short code, or a name of at most 11 signs."""
    if not sender:
        return 0, 0, ""
    digits = sender.lstrip("+")
    if digits.isdigit():
        return (
            (TON_INTERNATIONAL if sender.startswith("+") or len(digits) > 8 else TON_NETWORK),
            NPI_ISDN,
            digits,
        )
    return TON_NAME, NPI_UNKNOWN, sender[:11]


def read_number(kind: int, address: str) -> str:
    """A number as it is written elsewhere: with its plus sign where it is international."""
    digits = address.lstrip("+")
    if digits.isdigit() and (kind == TON_INTERNATIONAL or address.startswith("+")):
        return f"+{digits}"
    return address


def read_text(octets: bytes, data_coding: int, esm_class: int) -> tuple[str, Piece | None]:
    """The text, and which part it is. What is no text that we know is read as Latin-1, so that a person sees something."""
    piece = None
    if esm_class & HAS_HEADER and octets and octets[0] < len(octets):
        piece = read_header(octets[1 : 1 + octets[0]])
        octets = octets[1 + octets[0] :]
    group = data_coding & 0xF0
    coding = (
        data_coding & 0x0C if group in (0xF0, 0x00) and data_coding not in (_ASCII, _LATIN) else data_coding
    )
    if coding == _UCS2:
        return from_ucs2(octets), piece
    if coding == _GSM and all(one < 0x80 for one in octets):
        return from_septets(octets), piece
    return octets.decode("latin-1"), piece


def is_receipt(esm_class: int) -> bool:
    """Whether a message is a delivery receipt (5.2.12)."""
    return esm_class & _RECEIPT_BITS == _RECEIPT


def read_receipt(octets: bytes, reference: str, state: int | None) -> Receipt | None:
    """A receipt, by its optional parameters where they came (5.3.2.12, 5.3.2.35), else by its text (appendix B); None where it
    says nothing."""
    found_id, found_stat = _ID.search(octets), _STAT.search(octets)
    name = reference or (found_id[1].decode("latin-1") if found_id else "")
    word = _NUMBERS.get(state or 0) or (found_stat[1].decode("ascii").upper() if found_stat else "")
    outcome = _STATES.get(word[:7])
    if not name or outcome is None:
        return None
    return Receipt(
        name, "delivered" if outcome == "delivered" else "failed" if outcome == "failed" else "trying", word
    )


def status_reason(status: int) -> tuple[Literal["busy", "bad-number", "refused"], str]:
    """Why a centre took a message not, by its command_status (5.1.3): a reason of `hub.messages.channel`, and a sentence."""
    if status in (0x14, 0x58, 0x64):
        return "busy", "The message centre has no room now."
    if status in (0x0B, 0x0C, 0x48, 0x49, 0x50, 0x51):
        return "bad-number", "The message centre knows no such number."
    if status in (0x08, 0x45):
        return "refused", "The message centre could not send it."
    return "refused", f"The message centre refused it (status 0x{status:08X})."
