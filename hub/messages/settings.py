"""Settings of the channels by which messages go out and come in."""

from __future__ import annotations

from collections.abc import Callable

from hub.client.settings import Setting, url, whole, yes_no

LEAST_SECRET = 20


def modem(text: str) -> str:
    """A modem by its device name, or nothing."""
    if text and not text.startswith("modem:"):
        raise ValueError("must name a modem, such as modem:/dev/ttyUSB2 or modem:sim, or be empty")
    return text


def way_in(text: str) -> str:
    """A part of an address that nobody guesses, or nothing."""
    if text and (
        len(text) < LEAST_SECRET
        or not all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in text)
    ):
        raise ValueError(f"must be at least {LEAST_SECRET} letters and digits, without other signs")
    return text


def bound_to(most: int) -> Callable[[str], str]:
    """What a bind may carry (SMPP 3.4, 5.2): so many signs of ASCII at most, or a centre calls the whole request broken."""

    def read(text: str) -> str:
        if len(text) > most or not text.isascii():
            raise ValueError(
                f"must have at most {most} letters, digits and signs of ASCII; that is all that SMPP carries"
            )
        return text

    return read


def style(text: str) -> str:
    """How a provider wants its messages."""
    if text not in ("json", "form", "kannel"):
        raise ValueError("must be json, form or kannel")
    return text


MESSAGE_SETTINGS = (
    # A secret, as the SIM card's PIN may stand in it: modem:/dev/ttyUSB2,pin=1234.
    Setting("HUB_MODEM", modem, "", "Modem for text messages; empty: none", secret=True),
    Setting("HUB_SMPP_HOST", str, "", "Message centre for text messages (SMPP 3.4); empty: none"),
    Setting("HUB_SMPP_PORT", whole(1, 65_535), "2775", "Its port"),
    Setting("HUB_SMPP_TLS", yes_no, "no", "Speak with it over TLS"),
    Setting("HUB_SMPP_USER", bound_to(15), "", "Who we are there (system_id)"),
    Setting("HUB_SMPP_PASSWORD", bound_to(8), "", "Our password there", secret=True),
    Setting("HUB_SMPP_TYPE", bound_to(12), "", "Our system_type, where it asks for one"),
    Setting("HUB_SMS_URL", url, "", "Where a provider takes text messages by POST; empty: none"),
    Setting("HUB_SMS_TOKEN", str, "", "Our token there, sent as Authorization: Bearer", secret=True),
    Setting("HUB_SMS_STYLE", style, "json", "How it wants them: json, form or kannel"),
    Setting(
        "HUB_SMS_SECRET",
        way_in,
        "",
        "What its addresses begin with for what it brings; empty: it brings nothing",
        secret=True,
    ),
    Setting(
        "HUB_SMS_SENDER", str, "", "From which number or name text messages come, where the channel asks"
    ),
)
