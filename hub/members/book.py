"""The book of members: the one place where an opaque id becomes a person, and a number, an address or a card an id.

Everything here is about one shop: that of its store. A member may have several memberships that were merged
(`hub.members.merging`): every question about one of them is answered for the person, under the id that stands.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

import msgspec

from hub.client.trouble import StorageError
from hub.members.duplicates import note_pairs
from hub.members.fields import MOST_WORDS, combine, fold_mail, lookups, without_changed
from hub.members.people_key import NONCE_BYTES, PEOPLE_FILE, PeopleKey
from hub.store.base import Store
from hub.store.register_records import MemberRow
from hub.wire.card import CardCode, CardToken, card_hash, read_card
from hub.wire.fact import Medium
from hub.wire.identity import read_public
from hub.wire.sync_members import Fields

MOST_WITH_ONE_MARK = 400
MOST_ON_A_DAY = 100_000

_fields = msgspec.json.Decoder(Fields)


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as the office and their own page see them. `member`: the id that stands; `merged`: ids that were merged into it.

    `readable` False: their fields were sealed under another `people.key`.
    """

    member: str
    fields: Fields
    language: str
    way: str
    joined_at: float
    told_at: float
    merged: tuple[str, ...] = ()
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Joined:
    """`member`: the id that stands. `known`: this membership was here before."""

    member: str
    known: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose card that is, or why nobody's: as `MemberReply.refusal`."""

    member: str = ""
    refusal: Literal["", "unknown", "bad_signature", "withdrawn", "wrong_shop"] = ""


class Book:
    """The members of the store's shop. Any call may be part of a transaction of the store.

    `key`: the hub's key of personal fields (`people_key(folder)`). `hub_public`: the hub's own public key in 64 hexadecimal
    digits, for cards that the hub made; empty: such cards are not believed.
    """

    def __init__(
        self,
        store: Store,
        key: PeopleKey,
        hub_public: str = "",
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.store = store
        self._key = key
        self._hub_public = hub_public
        self._random = random

    def join(
        self,
        member: str,
        fields: Fields,
        *,
        language: str,
        way: str,
        at: float,
        code_hash: str = "",
        change: bool = False,
    ) -> Joined:
        """Keep a membership; the same id again changes nothing, unless it is a `change` that is later than the one before.

        `at`: when it was told, seconds of UTC. `code_hash`: `hub.wire.card.card_hash` of their card's code. The facts about it
        (`member.joined`, `consent.given`) are written by whoever calls, in the same transaction where they are the hub's own.
        """
        with self.store.writing():
            self.check_key()
            before = self.store.register.get(member)
            if code_hash:
                self.store.register.add_mark(member, "card", self._mark("card", code_hash))
            if before is None:
                self._put(MemberRow(member, "", language, way, at, at), fields)
                note_pairs(self, member, fields, at)
            elif change and at >= before.told_at:
                self.change(member, fields, at=at, language=language)
            return Joined(self.store.register.into(member), before is not None)

    def change(self, member: str, fields: Fields, *, at: float, language: str = "") -> bool:
        """A person's fields are these from now on, in all their memberships; False where there is no such member."""
        with self.store.writing():
            self.check_key()
            group = self.store.register.group(member)
            rows = self.store.register.some(group)
            if not rows:
                return False
            own = {one: self._open(row) or Fields() for one, row in rows.items()}
            before = combine(own[one] for one in group if one in own)
            kept = next(one for one in group if one in rows)
            for one, row in rows.items():
                changed = fields if one == kept else without_changed(own[one], before, fields)
                if one == kept or changed != own[one]:
                    told = MemberRow(one, "", language or row.language, row.way, row.joined_at, at)
                    self._put(told, changed)
            note_pairs(self, kept, fields, at)
            return True

    def remove(self, member: str) -> tuple[str, ...]:
        """Forget the fields and marks of all memberships of a person, overwritten on the disk; their ids."""
        with self.store.writing():
            group = self.store.register.group(member)
            for one in group:
                self.store.register.remove(one)
            return group

    def is_leaving(self, member: str) -> bool:
        """Whether they are being forgotten: a worker still needs their rows, and nobody else is shown them."""
        return self.store.forgetting.any_asked(self.store.register.group(member))

    def into(self, member: str) -> str:
        """The id under which this membership stands."""
        return self.store.register.into(member)

    def profile(self, member: str) -> Profile | None:
        """The person behind an id; None where nobody of that id is kept."""
        group = self.store.register.group(member)
        rows = self.store.register.some(group)
        if not rows:
            return None
        return self._profile(group, rows)

    def profiles(self, members: Collection[str]) -> dict[str, Profile]:
        """The persons behind many ids, each by the id that was asked for; those that are not kept are left out."""
        groups = {member: self.store.register.group(member) for member in members}
        rows = self.store.register.some({one for group in groups.values() for one in group})
        return {
            member: self._profile(group, rows)
            for member, group in groups.items()
            if any(one in rows for one in group)
        }

    def fields(self, member: str) -> Fields:
        """A person's fields; empty ones where nobody of that id is kept."""
        profile = self.profile(member)
        return profile.fields if profile is not None else Fields()

    def language(self, member: str) -> str:
        """The language that they chose; empty where nobody of that id is kept."""
        profile = self.profile(member)
        return profile.language if profile is not None else ""

    def address(self, member: str, medium: Medium) -> str | None:
        """Where a message of this channel reaches them: a number in E.164, a mail address; None where they told none, and for
        channels that need none."""
        fields = self.fields(member)
        return {"sms": fields.phone, "mail": fields.mail}.get(medium) or None

    def by_card(self, text: str) -> str | None:
        """The member with this card, by its token or its code; None where there is none."""
        return self.holder(text).member or None

    def holder(self, text: str) -> Holder:
        """The same, with the reason where it is nobody's."""
        card = read_card(text)
        if isinstance(card, CardCode):
            return self._one(self.store.register.marked("card", self._mark("card", card_hash(card.code))))
        if isinstance(card, CardToken):
            return self._of_token(card)
        return Holder(refusal="unknown")

    def by_number(self, e164: str) -> str | None:
        """The member with this number; where several share it (a family's phone), the one who joined first."""
        return next(iter(self.all_by_number(e164)), None)

    def by_mail(self, mail: str) -> str | None:
        """The member with this mail address; where several share it, the one who joined first."""
        return next(iter(self.all_by_mail(mail)), None)

    def all_by_number(self, e164: str) -> tuple[str, ...]:
        """Every person with this number, who joined first first: a stop that comes from it is everybody's."""
        return self._persons("phone", e164)

    def all_by_mail(self, mail: str) -> tuple[str, ...]:
        """Every person with this mail address, who joined first first."""
        return self._persons("mail", fold_mail(mail))

    def found(self, kind: str, value: str) -> tuple[str, ...]:
        """Every person who is found by this (`hub.members.fields.LOOKED_UP`), who joined first first."""
        return self._persons(kind, value)

    def named(self, folded: str, limit: int = MOST_WITH_ONE_MARK) -> list[str]:
        """Memberships with all of these words in their name (`fold_name`), by id."""
        marks = {self._mark("word", word) for word in folded.split()[:MOST_WORDS]}
        return self.store.register.marked_with_all("word", marks, limit) if marks else []

    def born_on(self, month: int, day: int) -> list[str]:
        """Everybody whose birthday is that day of the year, by id: for plans that begin on it."""
        value = f"{month:02}-{day:02}"
        found = self.store.register.marked("birthday", self._mark("birthday", value), MOST_ON_A_DAY)
        return sorted({self.store.register.into(one) for one in found})

    def add_card(self, member: str, code: str) -> None:
        """Let them be known by one more card's code."""
        self.store.register.add_mark(member, "card", self._mark("card", card_hash(code)))

    def known_as(self, member: str) -> str:
        """What stands for a member in the record of changes, which can never be edited: nobody finds the id by it, and when they
        are forgotten it is a mark of nobody."""
        return f"member {self._mark('record', member)[:12]}"

    def rows_with(self, kind: str, value: str, limit: int) -> list[MemberRow]:
        """Rows of memberships that are found by this, in two questions however many there are."""
        found = self.store.register.marked(kind, self._mark(kind, value), limit)
        return list(self.store.register.some(found).values())

    def open_row(self, row: MemberRow) -> Fields | None:
        """The fields of one row; None where they cannot be opened with this key."""
        return self._open(row)

    def put_many(self, pairs: Collection[tuple[MemberRow, Fields]]) -> None:
        """Keep many new memberships at once, for an import. Call inside a transaction."""
        self.check_key()
        self.store.register.put_many(
            (self._sealed(row, fields), self._marks(fields)) for row, fields in pairs
        )

    def check_key(self) -> None:
        """StorageError where the members of this shop are sealed under another key. Call inside a transaction."""
        name, kept = self._key.name, self.store.register.key_name()
        if not kept:
            self.store.register.set_key_name(name)
        elif kept != name:
            raise StorageError(
                f"The members of this shop are sealed under another {PEOPLE_FILE}. Put the file that belongs to this "
                "database beside hub.key, and start the hub again."
            )

    def _persons(self, kind: str, value: str) -> tuple[str, ...]:
        if not value:
            return ()
        found = self.store.register.marked(kind, self._mark(kind, value), MOST_WITH_ONE_MARK)
        roots = dict.fromkeys(self.store.register.into(one) for one in found)
        if len(roots) < 2:
            return tuple(roots)
        rows = self.store.register.some(roots)
        return tuple(sorted(roots, key=lambda one: (rows[one].joined_at if one in rows else 0.0, one)))

    def _one(self, found: list[str]) -> Holder:
        if not found:
            return Holder(refusal="unknown")
        return Holder(self.store.register.into(found[0]))

    def _of_token(self, token: CardToken) -> Holder:
        card = token.card
        if card.shop != self.store.shop.number:
            return Holder(refusal="wrong_shop")
        if card.key_number is None:
            public, withdrawn = self._hub_public, False
        else:
            key = self.store.keys.get(card.key_number)
            public, withdrawn = (key.public, key.withdrawn_at is not None) if key is not None else ("", False)
        if not public or not token.is_signed_by(read_public(public)):
            return Holder(refusal="bad_signature")
        if withdrawn:
            return Holder(refusal="withdrawn")
        return Holder(self.store.register.into(card.member))

    def _profile(self, group: tuple[str, ...], rows: dict[str, MemberRow]) -> Profile:
        there = [rows[one] for one in group if one in rows]
        opened = [self._open(row) for row in there]
        first = there[0]
        return Profile(
            group[0],
            combine(one for one in opened if one is not None),
            first.language,
            first.way,
            min(row.joined_at for row in there),
            max(row.told_at for row in there),
            group[1:],
            all(one is not None for one in opened),
        )

    def _put(self, row: MemberRow, fields: Fields) -> None:
        self.store.register.put(self._sealed(row, fields), self._marks(fields))
        # A birthday may decide who is in a segment.
        self.store.segments.stir([row.member])

    def _sealed(self, row: MemberRow, fields: Fields) -> MemberRow:
        sealed = ""
        if fields != Fields():
            content = msgspec.json.encode(fields)
            sealed = self._key.seal(self.store.shop.number, row.member, content, self._random(NONCE_BYTES))
        return MemberRow(row.member, sealed, row.language, row.way, row.joined_at, row.told_at)

    def _open(self, row: MemberRow) -> Fields | None:
        if not row.sealed:
            return Fields()
        content = self._key.unseal(self.store.shop.number, row.member, row.sealed)
        if content is None:
            return None
        try:
            return _fields.decode(content)
        except msgspec.MsgspecError:
            return None

    def _marks(self, fields: Fields) -> list[tuple[str, str]]:
        return [(kind, self._mark(kind, value)) for kind, value in lookups(fields)]

    def _mark(self, kind: str, value: str) -> str:
        return self._key.mark(self.store.shop.number, kind, value)
