"""A digest as somebody types it: what is wrong with it, by field; kept, paused, removed, each with who did it.

The thinking about its times and numbers is in `hub.figures.digest`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.changing import changed, turned
from hub.figures.definitions import FIGURES
from hub.figures.digest import Plan, next_time
from hub.figures.question import Dimension
from hub.outside.addresses import read_target
from hub.outside.signed import SECRET_BYTES, secret_text
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.outs_records import DigestRecord
from hub.wire.sealing import seal
from hub.wire.snapshot import Shop

MOST_DIGESTS = 30
MOST_FIGURES = 20
MOST_MAILS = 20
NAME_LONGEST = 60

CUTS = (Dimension.DAY, Dimension.ZONE, Dimension.CHANNEL, Dimension.CAMPAIGN, Dimension.STAFF, Dimension.SHOP)
"""By what a digest's table may be cut."""

_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")


def faults_of(plan: Plan) -> dict[str, Said]:
    """What is wrong with a plan, by the field of its form."""
    faults: dict[str, Said] = {}
    if not plan.name or len(plan.name) > NAME_LONGEST or not plan.name.isprintable():
        faults["digest_name"] = said("Give it a name of at most %(count)s characters.", count=NAME_LONGEST)
    if not 1 <= len(plan.figures) <= MOST_FIGURES or not set(plan.figures) <= set(FIGURES):
        faults["digest_figures"] = said("Choose between one and %(count)s numbers.", count=MOST_FIGURES)
    if not 0 <= plan.at_hour <= 23:
        faults["at_hour"] = said("Give an hour from 0 to 23.")
    bad = next((one for one in plan.mails if not _MAIL.fullmatch(one)), None)
    if bad is not None:
        faults["mails"] = said("%(what)s is no mail address.", what=bad[:60])
    elif len(plan.mails) > MOST_MAILS:
        faults["mails"] = said("At most %(count)s addresses.", count=MOST_MAILS)
    if plan.url:
        try:
            if not read_target(plan.url).https and not plan.private:
                faults["url"] = said(
                    "The address has to begin with https, so that nobody on the way can read along."
                )
        except ValueError:
            faults["url"] = said(
                "Give an address such as https://example.org/shopbell, without a name, a password or spaces in it."
            )
    return faults


def add_digest(
    store: Store,
    key: Ed25519PrivateKey,
    plan: Plan,
    who: str,
    now: float,
    random: Callable[[int], bytes] = os.urandom,
) -> tuple[DigestRecord, str] | dict[str, Said]:
    """Keep a new one; with the secret of its posts, "" without a web address, which is told once. Or what is wrong."""
    faults = faults_of(plan)
    if faults:
        return faults
    shop = store.shop.get() or Shop(0, {})
    secret = secret_text(random(SECRET_BYTES)) if plan.url else ""
    sealed = (
        seal(key.public_key().public_bytes_raw(), msgspec.json.encode([secret]), random(32)) if secret else ""
    )
    with store.writing():
        if len(store.digests.all()) >= MOST_DIGESTS:
            return {
                "digest_name": said("There are %(count)s digests already. Remove one.", count=MOST_DIGESTS)
            }
        body = msgspec.json.encode(plan).decode()
        kept = store.digests.put(DigestRecord(0, body, sealed, who, now, next_time(plan, shop.timezone, now)))
        both = turned("name", None, plan.name) | turned("figures", None, " ".join(plan.figures))
        both |= turned("receivers", None, len(plan.mails) + bool(plan.url))
        store.people.note(changed(now, who, "digest.made", str(kept.number), both))
    return kept, secret


def change_digest(
    store: Store, number: int, action: str, plan_of: Callable[[DigestRecord], Plan], who: str, now: float
) -> bool:
    """`now`: make it at the next turn of a worker; `pause`, `go_on`, `remove`. Whether there is such a digest."""
    with store.writing():
        digest = store.digests.get(number)
        shop = store.shop.get() or Shop(0, {})
        if digest is None:
            return False
        match action:
            case "now":
                store.digests.put(replace(digest, next_at=now, paused=False))
            case "pause":
                store.digests.put(replace(digest, paused=True))
            case "go_on":
                after = next_time(plan_of(digest), shop.timezone, now)
                store.digests.put(replace(digest, paused=False, next_at=after))
            case "remove":
                store.digests.put(replace(digest, ended_at=now, sealed=""))
            case _:
                return False
        store.people.note(changed(now, who, f"digest.{_DEEDS[action]}", str(number), {}))
    return True


_DEEDS = {"now": "asked", "pause": "paused", "go_on": "resumed", "remove": "removed"}
