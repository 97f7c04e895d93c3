"""The short number beneath a printed QR: whoever cannot scan types it, and comes to the same page.

Pure. The paper prints it (`hub.paper`), the storefront reads it: the address `/n/NUMBER` (`short_path`) and the search field
lead to the offer's page. It is the offer's number, filled up with zeros to three digits, and one check digit behind it:
offer 7 is "0076". The check digit (H. M. Damm, 2004: a totally anti-symmetric quasigroup of order 10) finds every single
wrong digit and every swap of two neighbours, so that a slip says so instead of showing another offer.
"""

from __future__ import annotations

import unicodedata

SHORTEST = 4
LONGEST = 11
"""Ten digits are enough for every number of an offer, and one to check them."""

HIGHEST = 2**32 - 1

_STEPS = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def short_number(campaign: int) -> str:
    """The short number of an offer, in digits only."""
    if not 1 <= campaign <= HIGHEST:
        raise ValueError(f"an offer's number is from 1 to {HIGHEST}, not {campaign}")
    digits = str(campaign).zfill(SHORTEST - 1)
    return digits + _check_digit(digits)


def read_short_number(text: str) -> int | None:
    """The offer that a typed short number stands for; None where it is none or a digit is wrong.

    Spaces, dots and dashes do not matter, nor do full-width digits.
    """
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKC", text)
        if not character.isspace() and character not in ".-\u00b7"
    )
    if not SHORTEST <= len(plain) <= LONGEST or not (plain.isascii() and plain.isdigit()):
        return None
    if _check_digit(plain[:-1]) != plain[-1]:
        return None
    campaign = int(plain[:-1])
    return campaign if 1 <= campaign <= HIGHEST else None


def show_short_number(campaign: int) -> str:
    """A short number as paper shows it: in groups of four at most, counted from the end."""
    digits = short_number(campaign)
    first = len(digits) % 4
    groups = [digits[:first], *(digits[start : start + 4] for start in range(first, len(digits), 4))]
    return " ".join(group for group in groups if group)


def short_path(campaign: int) -> str:
    """The path on the shop's pages that a short number and a printed QR lead to."""
    return f"/n/{short_number(campaign)}"


def _check_digit(digits: str) -> str:
    state = 0
    for digit in digits:
        state = int(_STEPS[state][int(digit)])
    return str(state)
