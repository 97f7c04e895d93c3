"""What brings a scanner to our framing: a text, then CR, nothing before it. The commands of two families of scanners.

Pure. **Honeywell** and its many relatives (Xenon, Voyager, Orbit, N-series engines) take menu commands: a tag, a sub-tag, data,
and a full stop that keeps it; from a printed code (Code 128 that begins with FNC3) or over a serial line (behind SYN M CR).
**GM** modules (GM65, GM805 and relatives of Hangzhou Grow) take frames that write a register. What their printed codes hold is
not published, so they are set over their line, or with the codes of their own manual.
"""

from __future__ import annotations

from dataclasses import dataclass

_WIDTHS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221"
    "223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321"
    "112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131"
    "311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114"
    "122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141"
    "214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214211232"
)
"""Bars and spaces of Code 128's values 0 to 105, six digits each (ISO/IEC 15417)."""
_STOP = "2331112"
_START_B, _FNC3 = 104, 96
QUIET_MODULES = 10


@dataclass(frozen=True, slots=True)
class SetupCode:
    """One step. `command` is what the printed code holds behind FNC3. `checked`: found in published manuals, or in programs that
    use it; what is not was written from experience. None was tried on a device."""

    command: str
    does: str
    checked: bool


HONEYWELL = (
    SetupCode("PRECA2.", "Put nothing before a text", checked=True),
    SetupCode("SUFCA2.", "Put nothing after a text", checked=True),
    SetupCode("VSUFCR.", "Put a carriage return after every text", checked=True),
)
"""Always, in this order."""

HONEYWELL_WAYS = {
    "usb-serial": SetupCode("TERMID130.", "Talk as a serial line over USB", checked=True),
    "keyboard": SetupCode("TERMID124.", "Talk as a keyboard over USB", checked=False),
    "rs232": SetupCode("232BAD5.", "Run a serial line at 9600 baud", checked=False),
}
"""One of these first, by how the scanner is connected."""

SYN_M_CR = b"\x16M\r"


def over_the_line(code: SetupCode) -> bytes:
    """A menu command as a serial line takes it."""
    return SYN_M_CR + code.command.encode()


def code128(text: str) -> str:
    """Bars and spaces of a programming code, in modules, a bar first: FNC3, then the text, in code set B."""
    values = [_START_B, _FNC3]
    for sign in text:
        if not " " <= sign <= "~":
            raise ValueError(f"code set B has no {sign!r}")
        values.append(ord(sign) - 32)
    check = (values[0] + sum(place * value for place, value in enumerate(values[1:], 1))) % 103
    return "".join(_WIDTHS[6 * value : 6 * value + 6] for value in (*values, check)) + _STOP


# GM modules. A frame is 7E 00, type (7 read, 8 write, 9 keep), number of octets, address, data, CRC-16 (or AB CD, which is taken
# unchecked); the answer is 02 00 00, number of octets, data, CRC-16.

GM_WRITTEN = bytes.fromhex("0200000100 3331")
_GM_READ, _GM_WRITE, _GM_KEEP = 7, 8, 9
_GM_ANSWER = bytes.fromhex("020000")


@dataclass(frozen=True, slots=True)
class Register:
    """One setting of a GM module: of the octet at `address`, the bits of `mask` become `bits`."""

    address: int
    mask: int
    bits: int
    does: str
    checked: bool


GM = (
    Register(0x0060, 0b0110_0000, 0b0000_0000, "End a text with a carriage return", checked=True),
    Register(0x0060, 0b0000_0001, 0b0000_0001, "Put the end after every text", checked=False),
    Register(
        0x0000, 0b0000_0011, 0b0000_0011, "Read when something comes near, without a button", checked=True
    ),
)


def crc16(data: bytes) -> bytes:
    """CRC-16/XMODEM, the higher octet first."""
    crc = 0
    for octet in data:
        crc ^= octet << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc.to_bytes(2, "big")


def _frame(body: bytes) -> bytes:
    return b"\x7e\x00" + body + crc16(body)


def gm_read(address: int) -> bytes:
    """Ask for one register."""
    return _frame(bytes((_GM_READ, 1)) + address.to_bytes(2, "big") + b"\x01")


def gm_write(address: int, value: int) -> bytes:
    """Write one register, until the power goes."""
    return _frame(bytes((_GM_WRITE, 1)) + address.to_bytes(2, "big") + bytes((value,)))


def gm_keep() -> bytes:
    """Keep all registers for good."""
    return _frame(bytes((_GM_KEEP, 1, 0, 0, 0)))


def gm_answer(data: bytes) -> int | None:
    """The octet of an answer to `gm_read`; None where there is no whole one in what came."""
    place = data.find(_GM_ANSWER + b"\x01")
    return data[place + 4] if place >= 0 and len(data) >= place + 7 else None
