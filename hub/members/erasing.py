"""Forgetting somebody: what is asked for is done within seconds, everywhere that this hub reaches.

1. At once, in the transaction of the wish (`hub.members.obeying`): personal fields and what they are found by, tags, what was
   written to them or by them, files that were given out. Nothing is sent any more, no door knows them.
2. A worker then finds every row in which their opaque id stands, the journal's too, and puts a random one in its place: a fact
   stays, and nobody knows of whom it is. Sums, digests and what a rebuild derives stay right, since all rows change alike.
3. Nodes and hubs above are told by a keyed hash (`hub.wire.forgetting`) and do the same with what they have.
4. Free space of the database and its write-ahead log are cleaned, so that no byte of them is left in the files.

A list of keyed hashes outside the database (`hub.members.forgotten_list`) makes a hub that is set back to an older backup forget
again, before it answers anybody. Merged memberships are one person: all their ids go.

The new id is drawn so that it falls into the same control groups as the one before, as far as one can be found: the effect of an
offer is then counted as before (`hub.figures.lift`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hub.client.trouble import StorageError
from hub.config import Config
from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.members.book import Book
from hub.members.forgotten_list import Entry, ForgottenList
from hub.members.people_key import people_key
from hub.messages.sealed import address_hash
from hub.store.base import Store
from hub.store.whole import HubStore
from hub.wire.events import ClockState, ConsentWithdrawn
from hub.wire.events_members import MemberForgotten
from hub.wire.forgetting import SALT_BYTES, mark_of, new_id
from hub.wire.holdout import in_group

logger = logging.getLogger(__name__)

AT_ONCE = 20
"""People forgotten in one go: rows are searched for all of them together."""

ROUNDS = 4
"""How often it is looked whether a fact that was under way has brought an id back."""

MOST_DRAWS = 200_000

Random = Callable[[int], bytes]


def work_forgetting(store: HubStore, config: Config, now: float) -> None:
    """The repeated job of a worker: forget who is to be forgotten, follow what other hubs forgot, clean the files."""
    forget_asked(store, config.dir, now)
    follow(store)
    clean(store)


def forget_asked(
    store: Store, folder: Path, now: float, clock: ClockState = "ntp", *, random: Random = os.urandom
) -> int:
    """Forget everybody who is to be forgotten; how many ids. Opens its own transactions; raises StorageError, and then what is
    left is done at the next turn."""
    asked = [member for member, _ in store.forgetting.asked()]
    done = 0
    for start in range(0, len(asked), AT_ONCE):
        done += _forget(store, folder, asked[start : start + AT_ONCE], {}, now, clock, random)
    return done


def forget_again(
    store: Store, folder: Path, now: float, clock: ClockState = "restored", *, random: Random = os.urandom
) -> int:
    """What the list beside the database has and the database has not: it was put back from an older backup. Call before anybody
    is answered; how many entries that were."""
    marks = store.forgetting.marks()
    missing = [
        entry
        for entry in ForgottenList(folder).read()
        if entry.shop == store.shop.number and entry.mark not in marks.get(entry.salt, {})
    ]
    if not missing:
        return 0
    by_salt: dict[str, dict[str, Entry]] = {}
    for entry in missing:
        by_salt.setdefault(entry.salt, {})[entry.mark] = entry
    there: dict[str, Entry] = {}
    for member in set(store.forgetting.all_ids()):
        for salt, by_mark in by_salt.items():
            found = by_mark.get(mark_of(salt, member))
            if found is not None:
                there[member] = found
    logger.warning(
        "an older backup was put back: %d who were forgotten since are forgotten again", len(missing)
    )
    ids = sorted(there)
    for start in range(0, len(ids), AT_ONCE):
        _forget(store, folder, ids[start : start + AT_ONCE], there, now, clock, random)
    with store.writing():
        # Who is not even in the backup: what nodes tell late of them is not to bring them back.
        for entry in missing:
            if entry not in there.values():
                _tell(store, entry, now, clock)
        _keep_salt(store, missing[-1].salt)
    return len(missing)


def follow(store: HubStore) -> int:
    """Put other ids in the place of those whose forgetting was told by another hub: a shop's, to head office; how many."""
    state = store.forgetting.state()
    latest = store.forgetting.latest()
    if latest <= state.heard:
        return 0
    marks = store.forgetting.marks()
    done = 0
    # Head office keeps what was done with coupons of the chain in its own books, too.
    for number in store.shops():
        other = store if number == store.shop.number else store.of_shop(number)
        changes = {}
        for member in set(other.forgetting.all_ids()):
            for salt, by_mark in marks.items():
                instead = by_mark.get(mark_of(salt, member))
                if instead is not None:
                    changes[member] = instead
        if changes:
            _put_instead(other, changes)
            done += len(changes)
    with store.writing():
        store.forgetting.set_state(replace(store.forgetting.state(), heard=latest))
    return done


def clean(store: HubStore) -> bool:
    """Let nothing of who was forgotten stay in free space and logs of the database; whether that is done."""
    state = store.forgetting.state()
    latest = store.forgetting.latest()
    if latest <= state.cleaned:
        return True
    # A log that was waited for before somebody else was forgotten is not the one that has their rows.
    waited_for = f"{latest} "
    before = state.log.removeprefix(waited_for) if state.log.startswith(waited_for) else ""
    name = store.clean_up(before, store.forgetting.lately)
    log = waited_for + name if name else ""
    if not log:
        store.forgetting.lately.clear()
    with store.writing():
        kept = store.forgetting.state()
        store.forgetting.set_state(replace(kept, log=log, cleaned=kept.cleaned if log else latest))
    return not log


def _forget(
    store: Store,
    folder: Path,
    members: Sequence[str],
    known: Mapping[str, Entry],
    now: float,
    clock: ClockState,
    random: Random,
) -> int:
    """`known`: what stands in their place, where that was decided before."""
    ids = sorted({one for member in members for one in store.register.group(member)} | set(members))
    with store.writing():
        state = _keep_salt(store, random(SALT_BYTES).hex())
        for one in ids:
            _must_stand_withdrawn(store, one, now, clock)
    entries = {
        one: known.get(one)
        or Entry(store.shop.number, state, mark_of(state, one), _like(store, one, random), now)
        for one in ids
    }
    ForgottenList(folder).add(entry for one, entry in entries.items() if one not in known)
    addresses = _addresses(store, folder, ids)
    position = store.journal.last_position()
    found = store.forgetting.find(ids)
    changes = {one: entry.instead for one, entry in entries.items()}
    with store.writing():
        found.setdefault("journal", []).extend(store.forgetting.runs_after(position, ids))
        for one in ids:
            store.forgetting.take_letters(one, addresses)
            store.messages.forget(one, changes[one])
            store.inbox.forget(one, addresses)
            store.mailings.forget(one)
            store.register.remove(one)
        store.forgetting.put_instead(changes, found)
        for entry in entries.values():
            _tell(store, entry, now, clock)
    _look_again(store, changes)
    ForgottenList(folder).tell_backup()
    logger.info("forgotten: %d", len(ids))
    return len(ids)


def _addresses(store: Store, folder: Path, ids: Sequence[str]) -> list[str]:
    """Under which keyed hashes messages to and from these people stand. Where `people.key` is lost, only what stands under their
    ids is found; nobody can read the rest any more."""
    try:
        key = people_key(folder)
    except StorageError as wrong:
        logger.warning("messages are forgotten by ids alone: %s", wrong)
        return []
    book = Book(store, key)
    rows = store.register.some(ids)
    told = [fields for row in rows.values() if (fields := book.open_row(row)) is not None]
    return sorted(
        {address_hash(key.secret, one) for fields in told for one in (fields.phone, fields.mail) if one}
    )


def _put_instead(store: Store, changes: Mapping[str, str]) -> None:
    position = store.journal.last_position()
    found = store.forgetting.find(changes)
    with store.writing():
        found.setdefault("journal", []).extend(store.forgetting.runs_after(position, list(changes)))
        store.forgetting.put_instead(changes, found)
    _look_again(store, changes)


def _look_again(store: Store, changes: Mapping[str, str]) -> None:
    """A request that was under way may have written an id behind our back."""
    for _ in range(ROUNDS):
        found = store.forgetting.find(changes)
        if not found:
            return
        with store.writing():
            store.forgetting.put_instead(changes, found)
    logger.error("ids of forgotten people are still in: %s", ", ".join(sorted(found)))


def _tell(store: Store, entry: Entry, now: float, clock: ClockState) -> None:
    fact = MemberForgotten(salt=entry.salt, mark=entry.mark, instead=entry.instead)
    fold(store.ledger, [append_own(store, "member.forgotten", write_fact(fact), now, clock)])


def _must_stand_withdrawn(store: Store, member: str, now: float, clock: ClockState) -> None:
    """Whoever is forgotten agrees to nothing, wherever the wish came from."""
    rows = store.consents.records([member])
    if not any(row.purpose == "all" for row in rows):
        fact = ConsentWithdrawn(member=member, purpose="all", place="", proof="")
        fold(store.ledger, [append_own(store, "consent.withdrawn", write_fact(fact), now, clock)])


def _keep_salt(store: Store, salt: str) -> str:
    state = store.forgetting.state()
    if not state.salt:
        store.forgetting.set_state(replace(state, salt=salt))
    return state.salt or salt


def _like(store: Store, member: str, random: Random) -> str:
    """A new id that is in the same control groups. With very many groups no such one may be found: then one that is in the same
    groups of the latest offers, as many as can be."""
    own = [(salt, percent, in_group(salt, percent, member)) for salt, percent in control_groups(store)]
    best, alike = new_id(random), -1
    for _ in range(MOST_DRAWS):
        drawn = new_id(random)
        same = 0
        for salt, percent, was in own:
            # Most are given up at the first or second group, so that thousands cost little.
            if in_group(salt, percent, drawn) != was:
                break
            same += 1
        if same > alike:
            best, alike = drawn, same
        if alike == len(own):
            break
    return best


def control_groups(store: Store) -> list[tuple[str, int]]:
    """Salt and share of the control group of every offer that has or had one, the latest offer first. Who walks a care plan is in
    its group by a fact of its own (`plan.entered`), whatever the id."""
    campaigns = [one.campaign for one in store.campaigns.all()]
    campaigns.sort(key=lambda one: -one.starts_at)
    found = [(one.holdout_salt, one.holdout_percent) for one in campaigns]
    return list(dict.fromkeys((salt, percent) for salt, percent in found if salt and percent))
