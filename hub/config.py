"""The hub's settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from hub.client.settings import (
    Setting,
    folder,
    host,
    notice,
    port,
    read_settings,
    show_settings,
    url,
    whole,
    yes_no,
)
from hub.messages.settings import MESSAGE_SETTINGS
from hub.safety.settings import SAFETY_SETTINGS
from hub.storefront.wallets import wallet_folder
from hub.upstream.settings import UPSTREAM_SETTINGS
from hub.watching.settings import WATCHING_SETTINGS
from hub.wire.snapshot import Text

LEAST_TOKEN = 16
"""Signs of a token that nobody guesses."""


def _token(text: str) -> str:
    """A token of a header (RFC 6750, section 2.1); empty: there is none."""
    if text and (len(text) < LEAST_TOKEN or not all("!" <= sign <= "~" for sign in text)):
        raise ValueError(f"must be at least {LEAST_TOKEN} letters and digits without spaces")
    return text


def proxy(text: str) -> str:
    """An IP address, or nothing: whoever may say from where a request came must be told from everybody else."""
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError:
        raise ValueError("must be the IP address of the proxy, such as 127.0.0.1, or empty") from None


def country(text: str) -> str:
    """Two letters (ISO 3166-1), or nothing."""
    if text and not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise ValueError("must be two letters, such as DE, or empty")
    return text.upper()


def database(text: str) -> str:
    """The URL of a PostgreSQL database, or nothing. It must hold no password: it stands in messages, and in commands."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("postgresql", "postgres")
        secret = parts.password is not None or any(
            name.lower() == "password" for name, _ in parse_qsl(parts.query, keep_blank_values=True)
        )
    except ValueError:
        good = secret = False
    if secret:
        raise ValueError(
            "must have no password in it: put that into a file that PGPASSFILE names, or use peer login"
        )
    if text and not good:
        raise ValueError(
            "must be an address like postgresql://hub@server/shopbell, or empty for a file in HUB_DIR"
        )
    return text


SETTINGS = (
    Setting("HUB_DIR", folder, "shop/hub", "Folder of this hub: its key, its database"),
    # Marked as a secret so that a password that was put there by mistake is not shown again with the mistake.
    Setting(
        "HUB_DATABASE",
        database,
        "",
        "A PostgreSQL database, without its password; empty: a file",
        secret=True,
    ),
    Setting(
        "HUB_SHOP",
        whole(0, 65_535),
        "0",
        "Which shop of the database has its pages here; 0: the lowest number",
    ),
    Setting("HUB_HOST", host, "127.0.0.1", "Address to listen on"),
    Setting("HUB_PORT", port, "8080", "Port to listen on; 0 takes a free one"),
    Setting("HUB_TLS", port, "0", "Port to answer over TLS, too, with a certificate of its own; 0: none"),
    Setting("HUB_URL", url, "", "Address at which others reach the hub, where it is another one"),
    Setting(
        "HUB_COUNTRY",
        country,
        "",
        "Country (two letters) whose phone numbers are typed without +; empty: by the timezone",
    ),
    Setting("HUB_PROXY", proxy, "", "Address of a reverse proxy that says from where a request came"),
    Setting("HUB_THREADS", whole(2, 64), "8", "Requests that are answered at the same time"),
    Setting("HUB_NOTICE", notice, "", "A line for every page, as text or as JSON by language"),
    Setting("HUB_BACKUP_DAYS", whole(0, 365), "7", "Days without a backup before a warning; 0: never warn"),
    Setting("HUB_WORKER", yes_no, "yes", "Do long work in this process too; no: python -m hub work does it"),
    Setting("HUB_SITE", yes_no, "yes", "Show the public site with the offers at /"),
    Setting(
        "HUB_WALLETS", wallet_folder, "", "Folder with the keys for wallet passes; empty: none are offered"
    ),
    Setting("HUB_METRICS_TOKEN", _token, "", "Token with which others may read /metrics", secret=True),
    *SAFETY_SETTINGS,
    *UPSTREAM_SETTINGS,
    *WATCHING_SETTINGS,
    *MESSAGE_SETTINGS,
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in force."""

    dir: Path
    database: str = ""
    shop: int = 0
    host: str = "127.0.0.1"
    port: int = 8080
    tls: int = 0
    url: str = ""
    country: str = ""
    proxy: str = ""
    threads: int = 8
    notice: Text = field(default_factory=dict)
    backup_days: int = 7
    worker: bool = True
    site: bool = True
    wallets: Path | None = None
    metrics_token: str = field(default="", repr=False)
    backup_to: str = ""
    backup_keep_days: int = 30
    backup_erase: str = "life"
    backup_secret: str = field(default="", repr=False)
    backup_check_s: float = 30.0
    backup_drill_hours: int = 24
    s3_url: str = "https://s3.amazonaws.com"
    s3_region: str = "us-east-1"
    s3_key_id: str = ""
    s3_secret: str = field(default="", repr=False)
    below_gb: int = 20
    alarm_url: str = ""
    alarm_secret: str = field(default="", repr=False)
    alarm_mail: tuple[str, ...] = ()
    alarm_hours: int = 12
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_tls: str = "starttls"
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_from: str = ""
    log: str = "text"
    modem: str = field(default="", repr=False)
    smpp_host: str = ""
    smpp_port: int = 2775
    smpp_tls: bool = False
    smpp_user: str = ""
    smpp_password: str = field(default="", repr=False)
    smpp_type: str = ""
    sms_url: str = ""
    sms_token: str = field(default="", repr=False)
    sms_style: str = "json"
    sms_secret: str = field(default="", repr=False)
    sms_sender: str = ""


def read_config(environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Config:
    """The settings; SettingsError has every mistake."""
    return Config(**read_settings(SETTINGS, environ, flags))


def show_config(config: Config) -> str:
    """The table with the values in force."""
    return show_settings(SETTINGS, {setting.field: getattr(config, setting.field) for setting in SETTINGS})
