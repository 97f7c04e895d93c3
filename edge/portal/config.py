"""The portal's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args

import msgspec

from edge.portal.capport import LONGEST_NAME
from edge.portal.guests import WayIn
from hub.client.configured import read_node_settings
from hub.client.settings import Setting, folder, host, notice, port, whole
from hub.storefront.wallets import wallet_folder
from hub.wire.snapshot import Text

WAYS: tuple[WayIn, ...] = get_args(WayIn)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")


def file_or_none(text: str) -> Path | None:
    """A file, or nothing."""
    return Path(text).expanduser() if text.strip() else None


def machine_name(text: str) -> str:
    """A name in the DNS with at least one dot: phones look up single words in other ways."""
    good = len(text) <= LONGEST_NAME and _NAME.fullmatch(text.lower())
    if not good or text.replace(".", "").isdigit():
        raise ValueError("must be a name with a dot, such as portal.internal or wifi.myshop.com")
    return text.lower()


def network_name(text: str) -> str:
    """An SSID (IEEE 802.11, 9.4.2.2) as people read it, or nothing."""
    if len(text.encode()) > 32 or not text.isprintable():
        raise ValueError("must have at most 32 octets, all of them printable")
    return text


def ways(text: str) -> tuple[WayIn, ...]:
    """Some of the ways in, the usual one first."""
    words = tuple(word.strip() for word in text.split(","))
    if not set(words) <= set(WAYS) or len(set(words)) != len(words):
        raise ValueError(f"must be some of {', '.join(WAYS)}, each once, with commas between")
    return cast("tuple[WayIn, ...]", words)


def modem(text: str) -> str:
    """A modem by its device name, or nothing."""
    if text and not text.startswith("modem:"):
        raise ValueError("must name a modem, such as modem:sim, or be empty")
    return text


def country(text: str) -> str:
    """Two letters."""
    if not re.fullmatch("[A-Za-z]{2}", text):
        raise ValueError("must be the two letters of a country, such as DE or GB")
    return text.upper()


def secure_url(text: str) -> str:
    """An address that begins with https:, or nothing."""
    if text and not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", text):
        raise ValueError("must be an address that begins with https://, or be empty")
    return text


CONTACT_CHARACTERS = 200


def contact(text: str) -> str:
    """One line for people, or nothing."""
    if len(text) > CONTACT_CHARACTERS or not text.isprintable():
        raise ValueError(f"must be one line of at most {CONTACT_CHARACTERS} letters")
    return text.strip()


SETTINGS = (
    Setting(
        "PORTAL_DIR",
        folder,
        "shop/edge",
        "Folder of the door's node: identity and journal, shared with the edge",
    ),
    Setting(
        "PORTAL_HOST", host, "127.0.0.1", "Address of this machine to listen on; 0.0.0.0 for every network"
    ),
    Setting("PORTAL_PORT", port, "8082", "Port to listen on; 0 takes a free one"),
    Setting(
        "PORTAL_NOTICE",
        notice,
        "",
        "A line that every page shows, beside what the radio says of itself",
        remote=True,
    ),
    Setting("PORTAL_GATE", file_or_none, "", "Socket of the gate (GATE_SOCKET); empty: no access point here"),
    Setting("PORTAL_NAME", machine_name, "portal.internal", "Name by which phones reach the portal"),
    Setting(
        "PORTAL_SSID", network_name, "", "Name of the guest network, for the sign at the door", remote=True
    ),
    Setting(
        "PORTAL_CERT",
        file_or_none,
        "",
        "Certificate with its chain (PEM) for PORTAL_NAME; empty: no TLS",
    ),
    Setting("PORTAL_CERT_KEY", file_or_none, "", "Its private key (PEM); empty: it stands in PORTAL_CERT"),
    Setting("PORTAL_TLS_PORT", port, "8443", "Port for TLS"),
    Setting("PORTAL_MINUTES", whole(1, 44_640), "60", "How long a guest may stay", remote=True),
    Setting(
        "PORTAL_EXTENSIONS", whole(0, 100), "3", "How often guests may extend that by themselves", remote=True
    ),
    Setting(
        "PORTAL_MBYTES", whole(0, 1_000_000), "0", "Megabytes that a guest may use; 0: no limit", remote=True
    ),
    Setting(
        "PORTAL_DOWN_KBYTES",
        whole(0, 1_000_000),
        "0",
        "Kilobytes per second towards a guest; 0: no limit",
        remote=True,
    ),
    Setting(
        "PORTAL_UP_KBYTES",
        whole(0, 1_000_000),
        "0",
        "Kilobytes per second from a guest; 0: no limit",
        remote=True,
    ),
    Setting(
        "PORTAL_WAYS",
        ways,
        "click",
        "Ways in, the usual one first: click, sms, code, coupon, member",
        remote=True,
    ),
    # A secret, as the SIM card's PIN may stand in it: modem:/dev/ttyUSB2,pin=1234.
    Setting("PORTAL_MODEM", modem, "", "Modem for codes by SMS; empty: none", secret=True),
    Setting("PORTAL_COUNTRY", country, "DE", "Country whose phone numbers are typed without +", remote=True),
    Setting(
        "PORTAL_CONTACT",
        contact,
        "",
        "Whom to ask about privacy, on the sign and the notice: address, telephone",
        remote=True,
    ),
    Setting(
        "PORTAL_WALLETS",
        wallet_folder,
        "",
        "Folder with the keys for wallet passes; empty: none are offered",
    ),
    Setting(
        "PORTAL_VENUE_URL",
        secure_url,
        "",
        "Page of the shop for phones that are in; empty: the offers",
        remote=True,
    ),
)


class Config(msgspec.Struct, frozen=True):
    """The settings in force."""

    dir: Path
    host: str
    port: int
    notice: Text
    gate: Path | None
    name: str
    ssid: str
    cert: Path | None
    cert_key: Path | None
    tls_port: int
    minutes: int
    extensions: int
    mbytes: int
    down_kbytes: int
    up_kbytes: int
    ways: tuple[WayIn, ...]
    modem: str
    country: str
    contact: str
    venue_url: str
    wallets: Path | None = None


def read_config(environ: Mapping[str, str], flags: Mapping[str, str | None]) -> Config:
    """The settings; SettingsError has every mistake."""
    return Config(**read_node_settings(SETTINGS, environ, flags))
