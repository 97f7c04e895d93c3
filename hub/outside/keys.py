"""Keys with which other programs come: made for one purpose, shown once, kept as a hash, ended at any time.

    sbk_<id>_<secret>     16 and 40 letters and digits

A key speaks for one shop and has the rights that it was given (`hub.roles.Right`), none else. The secret has 200 random bits,
so a plain hash is enough to keep it: nobody can try them out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Iterable

from hub.changing import changed, turned
from hub.roles import Right
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.outside_records import ApiKey

PREFIX = "sbk"
ID_BYTES, SECRET_BYTES = 10, 25
NAME_LONGEST = 60
MOST_KEYS = 200
USED_EVERY_S = 60.0
"""How exactly it is kept when a key was last used: each note is a change of the database."""

_TEXT = re.compile(r"sbk_([a-z2-7]{16})_([a-z2-7]{40})")


def make_key(
    store: Store,
    name: str,
    scopes: Iterable[str],
    who: str,
    now: float,
    random: Callable[[int], bytes] = os.urandom,
) -> tuple[ApiKey, str] | dict[str, Said]:
    """A new key and its text, which is kept nowhere; or what is wrong, by field."""
    name = " ".join(name.split())
    wanted = set(scopes)
    faults: dict[str, Said] = {}
    if not name or len(name) > NAME_LONGEST or not name.isprintable():
        faults["name"] = said(
            "Say which program this is for, in at most %(count)s characters.", count=NAME_LONGEST
        )
    if not wanted or not wanted <= {right.value for right in Right}:
        faults["scopes"] = said("Choose what the program may do.")
    if faults:
        return faults
    secret = _letters(random(SECRET_BYTES))
    with store.writing():
        if sum(key.ended_at is None for key in store.outside.all_keys()) >= MOST_KEYS:
            return {
                "name": said(
                    "There are %(count)s keys already. End those that nobody needs.", count=MOST_KEYS
                )
            }
        key = ApiKey(
            _letters(random(ID_BYTES)),
            name,
            hash_of(secret),
            " ".join(right.value for right in Right if right.value in wanted),
            who,
            now,
        )
        store.outside.add_key(key)
        both = turned("name", None, name) | turned("scopes", None, key.scopes)
        store.people.note(changed(now, who, "api_key.made", key.id, both))
    return key, f"{PREFIX}_{key.id}_{secret}"


def end_key(store: Store, key: str, who: str, now: float) -> bool:
    """Believe it no more; False where it is over already."""
    with store.writing():
        found = store.outside.key(key)
        if found is None or not store.outside.end_key(key, now):
            return False
        store.people.note(changed(now, who, "api_key.ended", key, turned("name", found.name, None)))
    return True


def hash_of(secret: str) -> str:
    """How a secret is kept."""
    return hashlib.sha256(f"shopbell1 api key\n{secret}".encode()).hexdigest()


def key_named(text: str) -> tuple[str, str] | None:
    """The id and the secret of a key as it was sent; None where it is none."""
    found = _TEXT.fullmatch(text)
    return (found[1], found[2]) if found else None


def find_key(store: Store, text: str) -> tuple[Store, ApiKey] | None:
    """The shop and the key that this text is of, where it is good."""
    named = key_named(text)
    number = store.outside.shop_of_key(named[0]) if named else None
    if named is None or number is None:
        return None
    own = store if number == store.shop.number else store.of_shop(number)
    key = own.outside.key(named[0])
    good = key is not None and hmac.compare_digest(key.hash, hash_of(named[1])) and key.ended_at is None
    return (own, key) if good and key is not None else None


def note_use(store: Store, key: ApiKey, now: float) -> None:
    """Keep when it was used last, to the minute."""
    if key.used_at is None or abs(now - key.used_at) >= USED_EVERY_S:
        store.outside.note_use(key.id, now)


def rights_of(key: ApiKey) -> frozenset[Right]:
    """What it may do. A right that this release does not know is none."""
    known = {right.value for right in Right}
    return frozenset(Right(name) for name in key.scopes.split() if name in known)


def _letters(octets: bytes) -> str:
    return base64.b32encode(octets).decode().rstrip("=").lower()
