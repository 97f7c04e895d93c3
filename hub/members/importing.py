"""Takes members in from a CSV file: first a dry run that names every bad line, then all of it, some at a time.

Consent is not typed by whoever has the file. A line brings consent to messages only where it says the words, the day, the place
and how it is known (`consent_proof`); else its person joins without messages. Who is a member already, by number or by
address, is left as they are: what they told themselves goes before what a file says.

A file lies sealed under `people.key` while it waits, and is deleted when it was taken in. Ids follow from what a line says, so
that neither work that is begun again nor the same file once more makes anybody twice.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

import msgspec

from hub.changing import changed
from hub.config import Config
from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.members.book import Book
from hub.members.consent import is_forgotten
from hub.members.fields import Fields, fold_mail, is_findable, read_fields
from hub.members.people_key import NONCE_BYTES, PeopleKey, people_key
from hub.outside.csv_lines import MOST_BAD, Bad, Columns, Row, read_rows
from hub.outside.importing import told_line
from hub.outward import outward_of
from hub.sentences import said
from hub.store.base import Store
from hub.store.whole import HubStore
from hub.storefront.numbers import read_phone
from hub.wire.card import card_hash, read_member_code
from hub.wire.events import ClockState, ConsentGiven
from hub.wire.events_members import MemberJoined
from hub.wire.fact import Fact, Medium
from hub.work import Progress, WorkFailed

KIND = "import_members"
FILE = "members.csv"
FIELDS = ("name", "phone", "mail", "birthday")
CONSENT = ("consent", "consent_text", "consent_at", "consent_place", "consent_proof")
MOST_FREE = 20
AT_ONCE = 200
"""Members in one transaction: tills wait for it."""

MEDIA: tuple[Medium, ...] = ("sms", "mail", "push", "screen")
PLACE = "Import"
LANGUAGE_LONGEST = 20
CONSENT_VERSION = "import"

_SEALED_AS = "file of members"


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a line says that its person agreed to, and how that is known. `at`: seconds of UTC."""

    media: tuple[Medium, ...]
    text: str
    at: float
    place: str
    proof: str


@dataclass(frozen=True, slots=True)
class NewMember:
    """One line."""

    line: int
    fields: Fields
    language: str
    code: str = ""
    agreed: Agreed | None = None


@dataclass(slots=True)
class Read:
    """What a file came to. `known`: lines whose person is a member already; `without`: lines that ask for messages and lack what
    shows that their person agreed."""

    members: list[NewMember] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    rows: int = 0
    known: int = 0
    without: int = 0


def seal_file(key: PeopleKey, shop: int, body: bytes) -> bytes:
    """A file as it lies in the database until it is taken in."""
    return key.seal(shop, _SEALED_AS, body, os.urandom(NONCE_BYTES)).encode()


def open_file(key: PeopleKey, shop: int, sealed: bytes) -> bytes | None:
    """The file again; None where it cannot be opened."""
    return key.unseal(shop, _SEALED_AS, sealed.decode("ascii", "replace"))


def import_work(
    store: HubStore, config: Config, arguments: Mapping[str, Any], progress: Progress
) -> dict[str, object]:
    """Look at the file, or take it in."""
    key, shop = people_key(config.dir), store.shop.get()
    body = open_file(key, store.shop.number, b"".join(store.work.parts(progress.work.id, FILE)))
    if body is None or shop is None:
        raise WorkFailed(
            "unreadable", "This file was sealed under another people.key, or is not there any more."
        )
    book = Book(store, key)
    country = outward_of(config, shop.timezone).country
    today = datetime.fromtimestamp(progress.now(), UTC).date()
    tongue = next(iter(shop.name), "en")
    read = read_file(
        body, book, country, tongue, today, lambda done, total: progress.step(done, total, "reading", "lines")
    )
    told: dict[str, object] = {
        "kind": "members",
        "dry_run": bool(arguments.get("dry_run")),
        "rows": read.rows,
        "good": len(read.members),
        "bad": len(read.bad),
        "known": read.known,
        "without": read.without,
        "lines": [told_line(one) for one in read.bad[:MOST_BAD]],
    }
    if told["dry_run"]:
        return told
    if read.bad:
        sentence = f"{len(read.bad)} things are wrong with the file; nobody was taken in. Mend these lines, and send it again."
        raise WorkFailed("bad_lines", sentence, **told)
    kept = 0
    progress.step(0, len(read.members), "keeping", "lines", tell=True)
    for some in _parts(read.members):
        with progress.last_step():
            kept += keep(book, key, some, progress.now(), "ntp")
        progress.step(kept, len(read.members), "keeping", "lines")
    with progress.last_step():
        store.work.drop_file(progress.work.id, FILE)
        store.people.note(changed(progress.now(), progress.work.by, "members.imported", str(kept), {}))
    progress.step(kept, len(read.members), "keeping", "lines", tell=True)
    return told | {"kept": kept}


def read_file(
    body: bytes,
    book: Book,
    country: str,
    tongue: str,
    today: date,
    step: Callable[[int, int], None] = lambda _done, _total: None,
) -> Read:
    """All of a file, with all that is wrong with it. `tongue`: the language of lines that name none."""
    free = _free_columns(body)
    rows, bad = read_rows(
        body, Columns((), (*FIELDS, "language", "card", *CONSENT, *(f"free:{one}" for one in free)))
    )
    read = Read(bad=bad, rows=len(rows))
    if len(free) > MOST_FREE:
        read.bad.append(Bad(1, "", said("At most %(count)s columns of the shop's own.", count=MOST_FREE)))
        return read
    seen: dict[str, int] = {}
    for place, row in enumerate(rows):
        if place % 100 == 0:
            step(place, len(rows))
        one = _member(row, country, tongue, today, free, seen)
        if isinstance(one, list):
            read.bad += one
        elif _is_known(book, one.fields):
            read.known += 1
        else:
            read.members.append(one)
            if row.cells.get("consent") and one.agreed is None:
                read.without += 1
    read.bad.sort(key=lambda one: one.line)
    return read


def id_of(key: PeopleKey, shop: int, one: NewMember) -> str:
    """The id of whoever a line is about. It follows from what the line says: the same file twice makes nobody twice, and does not
    bring back who was forgotten."""
    told = msgspec.json.encode((one.fields, one.code))
    return hmac.digest(key.secret, f"import {shop} ".encode() + told, hashlib.sha256)[:16].hex()


def keep(book: Book, key: PeopleKey, members: Sequence[NewMember], now: float, clock: ClockState) -> int:
    """Take some of them in, with their facts; how many. Call inside a transaction."""
    store = book.store
    for one in members:
        member = id_of(key, store.shop.number, one)
        if is_forgotten(store, member):
            continue
        joined = book.join(
            member,
            one.fields,
            language=one.language,
            way="import",
            at=now,
            code_hash=card_hash(one.code) if one.code else "",
        )
        if joined.known:
            continue
        _tell(
            store,
            "member.joined",
            MemberJoined(member=member, way="import", place=PLACE, language=one.language),
            now,
            clock,
        )
        if one.agreed is not None:
            for medium in one.agreed.media:
                given = ConsentGiven(
                    member=member,
                    purpose="messages",
                    medium=medium,
                    text=one.agreed.text,
                    text_version=CONSENT_VERSION,
                    language=one.language,
                    place=one.agreed.place,
                    proof=one.agreed.proof,
                )
                _tell(store, "consent.given", given, now, clock, one.agreed.at)
    return len(members)


def _tell(
    store: Store, kind: str, fact: Fact, now: float, clock: ClockState, at: float | None = None
) -> None:
    fold(store.ledger, [append_own(store, kind, write_fact(fact), now, clock, at)])


def _member(
    row: Row,
    country: str,
    tongue: str,
    today: date,
    free: Sequence[str],
    seen: dict[str, int],
) -> NewMember | list[Bad]:
    cells = row.cells

    def number(typed: str) -> str | None:
        found = read_phone(typed, country)
        return found.e164 if found is not None else None

    fields = read_fields(cells, number, today, free)
    if not isinstance(fields, Fields):
        return [Bad(row.line, name, sentence) for name, sentence in fields.items()]
    bad = []
    code = read_member_code(cells.get("card", "")) or ""
    if cells.get("card") and not code:
        bad.append(
            Bad(row.line, "card", said("This is no card of this shop: such a code has sixteen characters."))
        )
    if not is_findable(fields) and not code:
        bad.append(Bad(row.line, "", said("This line has no name, number, address or card.")))
    for column, value in (("phone", fields.phone), ("mail", fold_mail(fields.mail)), ("card", code)):
        before = seen.setdefault(f"{column} {value}", row.line) if value else row.line
        if before != row.line:
            bad.append(
                Bad(
                    row.line,
                    column,
                    said("This stands in line %(line)s already. Keep one of the two.", line=before),
                )
            )
    language = cells.get("language", "") or tongue
    if len(language) > LANGUAGE_LONGEST or not language.replace("-", "").isalnum():
        bad.append(Bad(row.line, "language", said("Name a language as en, zh or de.")))
    agreed = _agreed(row, today)
    if isinstance(agreed, Bad):
        bad.append(agreed)
    if bad:
        return bad
    return NewMember(row.line, fields, language, code, cast("Agreed | None", agreed))


def _agreed(row: Row, today: date) -> Agreed | Bad | None:
    """What a line proves that its person agreed to; None where it does not prove it."""
    cells = row.cells
    media = cells.get("consent", "").lower().replace(",", " ").replace(";", " ").split()
    if not media:
        return None
    if any(one not in MEDIA for one in media):
        return Bad(row.line, "consent", said("Name channels: %(known)s.", known=", ".join(MEDIA)))
    text, place, proof = (cells.get(one, "") for one in ("consent_text", "consent_place", "consent_proof"))
    if not (text and cells.get("consent_at") and place and proof):
        return None
    for column, most, said_text in (
        ("consent_text", 1_000, text),
        ("consent_place", 200, place),
        ("consent_proof", 200, proof),
    ):
        if len(said_text) > most:
            return Bad(row.line, column, said("At most %(most)s characters.", most=most))
    try:
        day = date.fromisoformat(cells["consent_at"][:10])
    except ValueError:
        return Bad(row.line, "consent_at", said("Write the day as 2026-11-30."))
    if not day.year >= 2000 or day > today:
        return Bad(row.line, "consent_at", said("Nobody can have agreed on that day."))
    at = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    return Agreed(cast("tuple[Medium, ...]", tuple(dict.fromkeys(media))), text, at, place, proof)


def _is_known(book: Book, fields: Fields) -> bool:
    return bool(
        (fields.phone and book.by_number(fields.phone))
        or (not fields.phone and fields.mail and book.by_mail(fields.mail))
    )


def _free_columns(body: bytes) -> tuple[str, ...]:
    """The names of the shop's own columns: those of the first line that begin with `free:`."""
    encoding = "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    first = body.decode(encoding, "replace").lstrip("\n").partition("\n")[0]
    names = [
        part.strip().strip('"').strip().lower()
        for part in first.replace(";", ",").replace("\t", ",").split(",")
    ]
    return tuple(name.removeprefix("free:") for name in names if name.startswith("free:") and name != "free:")


def _parts(members: Sequence[NewMember]) -> Iterator[Sequence[NewMember]]:
    for start in range(0, len(members), AT_ONCE):
        yield members[start : start + AT_ONCE]
