"""What a modem's errors mean, as sentences with what to do.

Pure. CMS errors: 3GPP TS 27.005, 3.2.5, whose first 127 are the causes of TS 24.011, annex E; CME errors: TS 27.007, 9.2.
"""

from __future__ import annotations

from hardware.modem.at import Answer
from hardware.modem.modem import NotSent, Reason

NO_SIM, WANTS_PIN, WANTS_PUK, SIM_BUSY, WRONG_PIN = 10, 11, 12, 14, 16
"""CME errors of the SIM card that the driver itself has to know."""

STORE_FULL = 322

AGAIN = frozenset({("CMS", 41), ("CMS", 42), ("CMS", 47), ("CMS", 314), ("CMS", 332), ("CME", SIM_BUSY)})
"""The network or the card was busy at the moment: the same part is tried again after a short while."""

_Known = tuple[Reason, str]

_NETWORK: _Known = (
    "no-network",
    "The modem finds no network. Check the antenna, and that the SIM card is activated.",
)
_SIM: _Known = (
    "no-sim",
    "The modem finds no SIM card. Put one in, contacts down, and switch the modem off and on.",
)
_PIN: _Known = (
    "no-sim",
    "The SIM card wants its PIN. Write it into the modem's name: modem:/dev/ttyUSB2,pin=1234.",
)
_PUK: _Known = ("no-sim", "The SIM card is locked. Put it into a phone and unlock it with its PUK.")

_CMS: dict[int, _Known] = {
    1: ("bad-number", "The network knows no such number."),
    8: ("refused", "The SIM card may not send messages. Ask its provider."),
    10: ("refused", "The SIM card may not send messages. Ask its provider."),
    21: (
        "refused",
        "The network did not take the message. Where this stays, check credit and service centre of the SIM card.",
    ),
    27: ("bad-number", "The number is not reachable: no phone is registered under it."),
    28: ("bad-number", "The network does not know the subscriber of this number."),
    30: ("no-credit", "The provider knows no account of this SIM card. Ask it."),
    38: ("refused", "The network is out of order or has refused a burst. Send again in a few minutes."),
    41: ("refused", "The network has a passing failure. Send again in a few minutes."),
    42: ("refused", "The network is congested. Send again in a few minutes."),
    47: ("refused", "The network has no resources at the moment. Send again in a few minutes."),
    50: ("no-credit", "The SIM card has no credit or no right to send. Top it up or ask its provider."),
    310: _SIM,
    311: _PIN,
    312: _PIN,
    313: ("no-sim", "The SIM card does not work. Clean its contacts, or ask the provider for another."),
    316: _PUK,
    330: ("refused", "The SIM card knows no service centre. Put it into a phone and set the SMS centre."),
    331: _NETWORK,
    332: ("refused", "The network did not answer. Send again in a few minutes."),
}
_CME: dict[int, _Known] = {
    NO_SIM: _SIM,
    WANTS_PIN: _PIN,
    WANTS_PUK: _PUK,
    13: ("no-sim", "The SIM card does not work. Clean its contacts, or ask the provider for another."),
    15: ("no-sim", "This is no SIM card that the modem takes. Ask the provider for another."),
    30: _NETWORK,
    31: ("refused", "The network did not answer. Send again in a few minutes."),
    32: ("no-network", "The network lets this SIM card make emergency calls only. Ask its provider."),
}


def not_sent(answer: Answer) -> NotSent:
    """Why the modem did not take a message."""
    known = (_CMS if answer.kind == "CMS" else _CME).get(answer.code if answer.code is not None else -1)
    if known:
        reason, sentence = known
        return NotSent(reason, sentence)
    said = f"{answer.kind} ERROR {answer.code}" if answer.kind else "ERROR"
    return NotSent(
        "refused",
        f"The modem or the network did not take the message ({said}). Check credit and service centre of the SIM card.",
    )


def no_sim(code: int | None) -> str:
    """What to do about a SIM card that does not open, for the code of its CME error."""
    return _CME.get(code if code is not None else NO_SIM, _SIM)[1]
