"""Phone numbers that people type: which mobile phone one means, and how it is shown without telling it."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_TYPED = 40
SHOWN_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Number:
    """A number in E.164, such as +4366012345678, and as a page may show it: +43 ••• 678."""

    e164: str
    shown: str


def is_country(text: str) -> bool:
    """Whether these two letters (ISO 3166-1) are a country with a numbering plan."""
    from phonenumbers import SUPPORTED_REGIONS

    return text in SUPPORTED_REGIONS


def read_number(typed: str, country: str) -> Number | None:
    """The mobile number that was typed; None where it is none. Without + or 00 it is one of `country`.

    Lines that cost the sender or the called a fee (premium rate, shared cost) are none, nor are those that take no message.
    """
    return _read(typed, country, mobile=True)


def read_phone(typed: str, country: str) -> Number | None:
    """The number that was typed, of a mobile phone or another line; None where it is none. Without + or 00 it is one of
    `country`."""
    return _read(typed, country, mobile=False)


def printed_number(typed: str, country: str) -> str:
    """A number to which people may text, as paper says it: +43 660 12345678. A short number of a network (three to eight digits)
    stays as it is; "" where it is none."""
    plain = "".join(typed.split())
    if plain.isascii() and plain.isdigit() and 3 <= len(plain) <= 8 and not plain.startswith("0"):
        return plain
    found = _read(typed, country, mobile=False)
    if found is None:
        return ""
    import phonenumbers

    international = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(phonenumbers.parse(found.e164), international))


def _read(typed: str, country: str, *, mobile: bool) -> Number | None:
    # Late: its tables weigh some megabytes, and most shops ask nobody for a number.
    import phonenumbers

    if not typed.strip() or len(typed) > LONGEST_TYPED:
        return None
    plain = " ".join(typed.split())
    try:
        found = phonenumbers.parse(plain, country or None)
    except phonenumbers.NumberParseException:
        return None
    takes_messages = phonenumbers.number_type(found) in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )
    if (mobile and not takes_messages) or found.extension or not phonenumbers.is_valid_number(found):
        return None
    e164 = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
    return Number(e164, f"+{found.country_code} ••• {e164[-SHOWN_DIGITS:]}")
