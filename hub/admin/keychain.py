"""What a browser is asked about passkeys, where it may be asked at all."""

from __future__ import annotations

import os

from flask import request

from hub.admin.office import Office
from hub.signing.passkeys import (
    Party,
    login_options,
    make_challenge,
    party_of,
    registration_options,
)
from hub.wire.snapshot import say


def party(office: Office) -> Party | None:
    """Whom passkeys are made for on the page that is asked for; None where browsers offer none."""
    return party_of(office.url, request.host_url.rstrip("/"))


def ask_to_log_in(office: Office, purpose: str) -> str | None:
    """What the script asks the device for a log-in; None where there is nothing to offer."""
    where = party(office)
    if where is None:
        return None
    return login_options(where, make_challenge(office.key, purpose, office.now(), os.urandom))


def ask_to_add(office: Office) -> str | None:
    """What the script asks the device for a new passkey; None where there is nothing to offer."""
    where = party(office)
    if where is None:
        return None
    challenge = make_challenge(office.key, f"add {office.who()}", office.now(), os.urandom)
    shop = say(office.shop().name, "en") or "Shopbell"
    return registration_options(office.store, where, challenge, office.who(), shop)
