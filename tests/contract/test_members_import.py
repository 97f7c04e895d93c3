"""Members from a CSV file: each bad line is named, nobody gets messages without a proof or is there twice, nothing lies open."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.config import Config
from hub.members.book import Book
from hub.members.consent import all_of, standing, withdraw
from hub.members.importing import FILE, KIND, import_work, seal_file
from hub.members.people_key import people_key
from hub.store.work_records import Work
from hub.wire.card import make_member_code
from hub.work import Progress, WorkFailed, claim, keep_upload, submit
from tests.hub_house import NOON, House

HEAD = "name,phone,mail,birthday,language,card,consent,consent_text,consent_at,consent_place,consent_proof,free:size\n"


class Files:
    """A shop that takes files in."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        self.key = people_key(folder)
        self.book = Book(self.house.store, self.key)
        self.config = Config(dir=folder)

    def begin(self, body: bytes, *, dry: bool = False) -> Progress:
        store = self.house.store
        made = submit(store, KIND, {"dry_run": dry}, "Ines", NOON)
        keep_upload(store, made.id, FILE, iter([seal_file(self.key, store.shop.number, body)]), NOON)
        work = claim(store, "w", [KIND], NOON)
        assert isinstance(work, Work)
        return Progress(store, work, lambda: self.house.now)

    def take(self, body: str | bytes, *, dry: bool = False) -> dict[str, object]:
        progress = self.begin(body.encode() if isinstance(body, str) else body, dry=dry)
        return import_work(self.house.store, self.config, json.loads(progress.work.arguments), progress)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    made = Files(tmp_path / "hub")
    yield made
    made.house.close()


def line(**cells: str) -> str:
    names = HEAD.strip().split(",")
    return ",".join(f'"{cells.get(name.replace("free:", ""), "")}"' for name in names) + "\n"


PROVED = {
    "consent": "sms mail",
    "consent_text": "Text me.",
    "consent_at": "2024-05-01",
    "consent_place": "Shop",
    "consent_proof": "paper form, folder 3",
}


def test_a_line_with_a_proof_brings_consent_and_one_without_joins_without_messages(files: Files) -> None:
    body = (
        HEAD
        + line(name="Anna", phone="0151 12345678", size="XL", **PROVED)
        + line(name="Bert", mail="bert@example.org", consent="mail", consent_text="Write.")
        + line(name="Carl", mail="carl@example.org", language="zh")
    )
    assert files.take(body, dry=True) == {
        "kind": "members", "dry_run": True, "rows": 3, "good": 3, "bad": 0, "known": 0, "without": 1, "lines": [],
    }  # fmt: skip
    assert files.house.store.register.count() == 0
    assert files.take(body)["kept"] == 3
    anna, bert = files.book.by_number("+4915112345678"), files.book.by_mail("bert@example.org")
    assert anna
    assert bert
    store = files.house.store
    assert standing(store, anna, "messages", "sms", NOON)
    assert standing(store, anna, "messages", "mail", NOON)
    assert not standing(store, bert, "messages", "mail", NOON)
    record = all_of(store, anna).records[0]
    assert (record.words, record.proof, record.place) == ("Text me.", "paper form, folder 3", "Shop")
    assert record.at == 1_714_521_600.0
    assert files.book.fields(anna).free == {"size": "XL"}


def test_the_same_file_again_takes_nobody_in_twice_nor_anybody_who_was_forgotten(files: Files) -> None:
    body = HEAD + line(name="Anna", phone="0151 12345678") + line(name="Only a name")
    files.take(body)
    assert files.take(body)["known"] == 1
    assert files.house.store.register.count() == 2
    anna = files.book.by_number("+4915112345678")
    assert anna
    withdraw(files.house.store, anna, "all", place="Shop", proof="page", now=NOON, clock="ntp")
    files.book.remove(anna)
    files.take(body)
    assert files.book.by_number("+4915112345678") is None


def test_work_that_is_begun_again_after_a_crash_makes_nobody_twice(files: Files) -> None:
    body = HEAD + "".join(line(name=f"Guest {number}") for number in range(450))
    progress = files.begin(body.encode())
    taken = 0

    def stop() -> bool:
        nonlocal taken
        taken += 1
        return files.house.store.register.count() >= 200

    crashing = Progress(files.house.store, progress.work, lambda: NOON, stopping=stop)
    with pytest.raises(Exception, match=r"^$"):
        import_work(files.house.store, files.config, {"dry_run": False}, crashing)
    some = files.house.store.register.count()
    assert 0 < some < 450
    import_work(files.house.store, files.config, {"dry_run": False}, progress)
    assert files.house.store.register.count() == 450
    assert files.house.store.journal.kinds()["member.joined"] == 450


@pytest.mark.parametrize(
    ("cells", "column", "sentence"),
    [
        ({"phone": "123"}, "phone", "no phone number"),
        ({"name": "A" * 65_536}, "name", "at most 200 characters"),
        ({"name": "A", "mail": "a@b"}, "mail", "no mail address"),
        ({"name": "A", "birthday": "1990-02-30"}, "birthday", "no day of a birth"),
        ({"name": "A", "birthday": "2090-02-03"}, "birthday", "no day of a birth"),
        ({"name": "A", "card": "ABCD"}, "card", "no card of this shop"),
        ({"name": "A", "consent": "fax"}, "consent", "Name channels"),
        ({"name": "A", **PROVED, "consent_at": "2099-01-01"}, "consent_at", "Nobody can have agreed"),
        ({"name": "A", **PROVED, "consent_at": "soon"}, "consent_at", "2026-11-30"),
        ({"size": "XL"}, "", "no name, number, address or card"),
        ({"name": "A", "language": "the one\u202eof"}, "language", "Name a language"),
    ],
)
def test_a_bad_line_is_named_with_what_to_do_and_nobody_is_taken_in(
    files: Files, cells: dict[str, str], column: str, sentence: str
) -> None:
    body = HEAD + line(name="Good") + line(**cells)
    found = files.take(body, dry=True)["lines"]
    assert isinstance(found, list)
    assert len(found) == 1
    assert (found[0]["line"], found[0]["column"]) == (3, column)
    assert sentence in found[0]["sentence"]
    assert "A" * 100 not in json.dumps(found)
    with pytest.raises(WorkFailed, match="nobody was taken in"):
        files.take(body)
    assert files.house.store.register.count() == 0


def test_the_same_number_twice_in_a_file_is_told(files: Files) -> None:
    code = make_member_code(os.urandom(10))
    body = HEAD + line(name="A", phone="0151 12345678", card=code) + line(name="B", phone="+49 151 12345678")
    found = files.take(body, dry=True)["lines"]
    assert isinstance(found, list)
    assert "line 2 already" in found[0]["sentence"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b'name,phone\n"never closed',
        b"surname\nHuber\n",
        b"name,name\na,b\n",
        b"free:\na\n",
        b"name\n" + b"\x00\n",
        b"name;phone\nA;1;2\n",
        "name\n\udcff".encode("utf-8", "surrogatepass"),
        b",".join(b"free:%d" % number for number in range(300)) + b"\n" + b"," * 299,
    ],
)
def test_a_file_of_another_kind_gets_a_sentence_and_changes_nothing(files: Files, body: bytes) -> None:
    told = files.take(body, dry=True)
    assert told["bad"]
    assert files.house.store.register.count() == 0


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "😀👩‍👩‍👧", "محمد", "<b>x</b>", "+49 Anna", "-1+1", "@SUM(1)"]
)
def test_names_of_every_kind_are_kept_as_text(files: Files, name: str) -> None:
    files.take((HEAD + line(name=name)).encode("utf-16"))
    (row,) = files.house.store.register.each()
    assert files.book.fields(row.member).name == name


def test_a_file_that_waits_lies_sealed_and_is_gone_when_it_was_taken_in(files: Files, tmp_path: Path) -> None:
    secret = "Waldemar Geheimnis"
    body = HEAD + line(name=secret, phone="0151 12345678")
    progress = files.begin(body.encode())
    disk = b"".join(path.read_bytes() for path in (tmp_path / "hub").iterdir() if path.is_file())
    assert secret.encode() not in disk
    assert b"15112345678" not in disk
    import_work(files.house.store, files.config, {"dry_run": False}, progress)
    assert files.house.store.work.files(progress.work.id) == []
