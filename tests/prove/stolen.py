"""A node is stolen: nothing on its card leads to a member, and the queue of those who joined there opens for the hub alone.

People join at the kiosk of a shop that runs, and at a door that is cut off, so that its queue stays full; some of them change
their fields, some are told to the hub. Then every file of both machines is searched for names, numbers, mail addresses and what
else they told, in every usual spelling, while the programs run and after they have ended. Every key that can be found on the
stolen machines, and everything there that could be one, is tried on each row of the queue. The hub's own key opens them all: what
is tried could work.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.db import writing
from hub.client.joins import Joins
from hub.devices import hub_key
from hub.wire.sealing import BadSeal, unseal
from hub.wire.sync_members import Sealed
from tests.prove import Verdict
from tests.prove._forgetting_shop import ForgettingShop, Person
from tests.prove._traces import Traces, contents, number_spellings, search, spellings

NAME = "stolen"
PROMISE = (
    "A stolen node has nothing of a member on its card, and its queue of joinings opens for the hub alone."
)
DEFAULT_SIZE = 60
CI_SIZE = 4
SIZE_NAME = "people"

_HEX = re.compile(rb"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])")
MOST_WINDOWS = 4_000
"""Pieces of the stolen files that are tried as a key, beside everything that looks like one."""


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` people join; half of them at the door, which is then cut off."""
    rnd = Random(seed)
    people = [
        replace(Person.drawn(rnd, number), fields=_more(rnd, Person.drawn(rnd, number)))
        for number in range(max(size, 4))
    ]
    told, waiting = people[::2], people[1::2]
    shop = ForgettingShop(folder / "shop", rnd, chain=False)
    stolen = [folder / "shop" / name for name in ("kiosk", "door")]
    try:
        for one in told:
            shop.joins_at_counter(one)
        shop.wait(lambda: shop.store.register.count() == len(told), "those at the counter are at the hub")
        for one in people:
            shop.lives(one, at_door=one in waiting)
        for one in waiting:
            shop.joins_at_door(one)
        _change(shop, waiting[0])
        traces = _traces(people)
        while_it_runs, *_ = search(traces, *stolen)
        joins = Joins(shop.door.pool, shop.door.node.hub)
        rows = [asked.sealed for asked in joins.pending(10_000)]
        opened = [_open(hub_key(shop.hub), sealed) for sealed in rows]
        shop.stop()
        found, files, octets = search(traces, *stolen)
        keys = [*_keys_of(shop), *_looking_like_keys(rnd, stolen)]
        broken = sum(_open(key, sealed) is not None for key in keys for sealed in rows)
        blind = _blind(people[0])
    finally:
        shop.close()
    left = found + while_it_runs
    right = sum(one is not None for one in opened) == len(rows) == len(waiting)
    figures = {
        "people": len(people), "queue": len(rows), "opened_by_the_hub": sum(one is not None for one in opened),
        "keys_tried": len(keys), "opened_without_it": broken, "files": files, "octets": octets, "traces": dict(left),
        "needles": traces.needles, "blind": blind,
    }  # fmt: skip
    sentence = (
        f"{len(people)} people in {files} files of two stolen machines ({octets / 2**20:.1f} MB): {sum(left.values())} traces; "
        f"{len(keys)} keys found there opened {broken} of {len(rows)} rows of the queue, the hub's own "
        f"{figures['opened_by_the_hub']}{'; not searched rightly: ' + ', '.join(blind) if blind else ''}."
    )
    return Verdict(not left and not broken and not blind and right, sentence, figures)


def _more(rnd: Random, one: Person) -> object:
    """Their fields with a line of their own, as shops ask for them."""
    return msgspec.structs.replace(one.fields, free={"allergies": f"hazelnut {rnd.randbytes(6).hex()}"})


def _change(shop: ForgettingShop, one: Person) -> None:
    """Fields that are changed before the hub has them: the former ones are overwritten."""
    door = shop.door
    changed = msgspec.structs.replace(one.fields, name=f"{one.fields.name} the Second")
    with writing(door.pool.here()) as conn:
        Joins(door.pool, door.node.hub).put(
            conn, one.member, changed, language="en", at=time.time(), change=True
        )


def _traces(people: list[Person]) -> Traces:
    wanted = {}
    for number, one in enumerate(people):
        fields = one.fields
        wanted |= {
            f"name-{number}": list(spellings(fields.name).values()),
            f"number-{number}": [*spellings(fields.phone).values(), *number_spellings(fields.phone).values()],
            f"mail-{number}": list(spellings(fields.mail).values()),
            f"free-{number}": list(spellings(fields.free["allergies"]).values()),
        }
    return Traces(wanted)


def _keys_of(shop: ForgettingShop) -> Iterator[Ed25519PrivateKey]:
    """The keys that the two nodes have."""
    for node in (shop.counter, shop.door.node):
        yield node.key
        yield node.signer(time.time())[1]


def _looking_like_keys(rnd: Random, folders: list[Path]) -> Iterator[Ed25519PrivateKey]:
    """Everything on the cards that has the form of a key, and pieces of them at random."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            for _, body in contents(path):
                for text in set(_HEX.findall(body)):
                    yield Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text.decode()))
                for _ in range(min(MOST_WINDOWS // 40, len(body) // 32)):
                    at = rnd.randrange(len(body) - 31)
                    yield Ed25519PrivateKey.from_private_bytes(body[at : at + 32])


def _open(key: Ed25519PrivateKey, sealed: str) -> Sealed | None:
    try:
        return msgspec.json.decode(unseal(key, sealed), type=Sealed)
    except (BadSeal, msgspec.MsgspecError):
        return None


def _blind(one: Person) -> list[str]:
    """What the search does not find although it is there."""
    traces = _traces([one])
    found: Counter[str] = traces.found(msgspec.json.encode(one.fields))
    return [what for what in ("name-0", "number-0", "mail-0", "free-0") if not found[what]]
