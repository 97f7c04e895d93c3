"""Reads portraits of some members at a time, of each only what the definitions at hand look at.

Merged memberships are one person: what each of them did counts as done by the one that stands, and the others are nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.members.consent_rules import MEDIA, Merged, stands
from hub.members.people_key import PeopleKey
from hub.segments.definition import Definition, Need, needs, reach_back
from hub.segments.portrait import Day, Portrait, Scores, Stay
from hub.store.base import Store
from hub.store.consent_records import ConsentRow
from hub.store.local_days import EPOCH_DAY, QUARTER_S, QUARTERS_OF_A_DAY, place

Birthdays = Mapping[str, tuple[int, int]]
"""Month and day by the keyed hash under which the register has them."""

NO_BIRTHDAYS: Birthdays = {}
_DAYS_OF = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def birthdays(key: PeopleKey, shop: int) -> Birthdays:
    """The hashes of all days of a year: with the key nobody's fields have to be opened to know whose birthday it is."""
    return {
        key.mark(shop, "birthday", f"{month:02}-{day:02}"): (month, day)
        for month, most in enumerate(_DAYS_OF, 1)
        for day in range(1, most + 1)
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be read for some definitions: which parts, and what happened since which day (0: all of it)."""

    parts: frozenset[Need]
    since: int


def wanted(definitions: Iterable[Definition], today: int) -> Wanted:
    """What these look at, today."""
    parts: set[Need] = set()
    since = today
    for definition in definitions:
        parts |= needs(definition)
        reach = reach_back(definition)
        since = min(since, 0 if reach is None else today - reach)
    return Wanted(frozenset(parts), since)


def portraits(
    store: Store, members: Collection[str], want: Wanted, born: Birthdays = NO_BIRTHDAYS
) -> dict[str, Portrait]:
    """Each of these members; one that was merged into another, or whom nobody knows, stands for nobody."""
    found = {one: Portrait(one) for one in members}
    roots = {str(one): str(into) for one, into in store.portraits.into(members)}
    standing = [one for one in members if one not in roots]
    owner = {one: one for one in standing}
    merged: dict[str, list[str]] = defaultdict(list)
    for into, one in store.portraits.merged(standing):
        owner[str(one)] = str(into)
        merged[str(into)].append(str(one))
    reading = _Reading(store, found, owner, store.portraits.timezone())
    reading.heads(merged)
    reading.more(want, born)
    return found


def roots_of(store: Store, members: Collection[str]) -> set[str]:
    """Under whom these stand: themselves, or whom they were merged into; those that were merged are there, too."""
    return set(members) | {str(into) for _, into in store.portraits.into(members)}


class _Reading:
    """One set of members. `owner`: whose portrait what each membership did belongs to."""

    def __init__(
        self, store: Store, found: dict[str, Portrait], owner: Mapping[str, str], timezone: str
    ) -> None:
        self._store = store
        self._read = store.portraits
        self._found = found
        self._owner = owner
        self._timezone = timezone

    def heads(self, merged: Mapping[str, list[str]]) -> None:
        """Who they are, and what they agree to."""
        cards: dict[str, float] = {}
        for member, joined_at, card_at, way, language in self._read.heads(self._owner):
            portrait = self._of(member)
            day = None if joined_at is None else self._day(joined_at)
            if day is not None and (portrait.joined_day is None or day < portrait.joined_day):
                portrait.joined_day = day
            portrait.way = portrait.way or way
            if member == portrait.member or not portrait.language:
                portrait.language = language or portrait.language
            if card_at is not None:
                cards[portrait.member] = max(cards.get(portrait.member, 0.0), card_at)
        records: dict[str, list[ConsentRow]] = defaultdict(list)
        for row in self._store.consents.records(self._owner):
            records[self._owner[row.member]].append(row)
        for member in set(self._owner.values()):
            portrait = self._found[member]
            merges = self._merges([member, *merged[member]]) if member in merged else []
            _agree(portrait, records[member], merges, cards.get(member))

    def more(self, want: Wanted, born: Birthdays) -> None:
        """What they did, and what is thought of them."""
        readers = {
            "days": self._days,
            "stays": self._stays,
            "used": self._used,
            "held": self._held,
            "answers": self._answers,
            "scores": self._scores,
            "list": self._listed,
        }
        for part in want.parts & readers.keys():
            readers[part](want.since)
        if "birthday" in want.parts and born:
            for member, mark in self._read.marks(self._owner, "birthday"):
                self._of(member).birthday = born.get(str(mark)) or self._of(member).birthday

    def _days(self, since: int) -> None:
        for member, day, visits, *rest in self._read.days(self._owner, since):
            portrait = self._of(member)
            seen = int(visits) if ("recognise", "") in portrait.agreed else 0
            portrait.days.append(Day(int(day), seen, *(int(number) for number in rest)))

    def _used(self, since: int) -> None:
        begun = max(0.0, (since - EPOCH_DAY - 1) * 86_400.0)
        for member, campaign, at in self._read.used(self._owner, begun):
            self._of(member).used.append((int(campaign), self._day(at)))

    def _held(self, _since: int) -> None:
        for member, campaign, expires_at in self._read.held(self._owner):
            self._of(member).held.append((int(campaign), self._day(expires_at - 1)))

    def _answers(self, _since: int) -> None:
        for member, plan, outcome, at in self._read.answers(self._owner):
            self._of(member).answers.append((int(plan), str(outcome), self._day(at)))

    def _scores(self, _since: int) -> None:
        for member, alive, loss, expected, cents in self._read.scores(self._owner):
            if self._owner[member] == member:
                self._found[member].scores = Scores(alive, loss, expected, cents)

    def _listed(self, _since: int) -> None:
        for member, segment in self._read.listed(self._owner):
            self._of(member).listed |= {int(segment)}

    def _stays(self, since: int) -> None:
        quarter = max(0, (since - EPOCH_DAY - 1) * QUARTERS_OF_A_DAY)
        for member, at, zone, visits, dwell_ms in self._read.stays(self._owner, quarter):
            portrait = self._of(member)
            if ("recognise", "") in portrait.agreed:
                day = place(self._timezone, int(at))[0]
                portrait.stays.append(Stay(day, str(zone), int(visits), int(dwell_ms)))

    def _merges(self, group: list[str]) -> list[Merged]:
        return list(
            {
                row.act: Merged(row.member, row.into, row.at)
                for one in group
                for row in self._store.register.merges_of(one)
                if row.parted_at is None
            }.values()
        )

    def _of(self, member: Any) -> Portrait:
        return self._found[self._owner[str(member)]]

    def _day(self, at: float) -> int:
        return place(self._timezone, int(max(0.0, at)) // QUARTER_S)[0]


def _agree(portrait: Portrait, rows: list[ConsentRow], merges: list[Merged], card_at: float | None) -> None:
    """What stands. Who joined is a member until they take everything back; who only agreed to something, while that stands."""
    agreed = set()
    if rows:
        if stands(rows, "recognise", "", merges) is not None:
            agreed.add(("recognise", ""))
        if any(row.purpose == "messages" for row in rows):
            agreed |= {
                ("messages", medium)
                for medium in MEDIA
                if stands(rows, "messages", medium, merges) is not None
            }
    portrait.agreed = frozenset(agreed)
    left_at = max((row.at for row in rows if row.purpose == "all" and not row.given), default=None)
    joined = card_at is not None and (left_at is None or card_at > left_at)
    portrait.standing = bool(agreed) or joined
