"""Personal fields as people type them: what is kept, what is refused with a sentence, who may be the same person."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from hub.members.fields import (
    Fields,
    alike,
    combine,
    first_name,
    fits,
    fold_name,
    lookups,
    read_birthday,
    read_fields,
    read_mail,
    tidy,
    without_changed,
)
from hub.storefront.numbers import read_number, read_phone

TODAY = date(2026, 11, 30)


def number(typed: str) -> str | None:
    found = read_phone(typed, "AT")
    return found.e164 if found else None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Anna   Huber ", "Anna Huber"),
        ("Zoe\u0308", "Zoë"),
        ("محمد علي", "محمد علي"),
        ("\u202eevil\u202c", "evil"),
        ("a\x00b\nc", "a b c"),
        ("👩\u200d👩\u200d👧 Ann", "👩\u200d👩\u200d👧 Ann"),
        ("=1+1", "=1+1"),
        ("\ud800", "?"),
    ],
)
def test_a_name_is_kept_as_its_person_writes_it_without_what_would_turn_a_page(typed: str, kept: str) -> None:
    assert tidy(typed) == kept
    msgspec.json.encode(Fields(tidy(typed)))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ann@Example.ORG", "Ann@example.org"),
        ("a.b+c@sub.example.org", "a.b+c@sub.example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("", ""),
    ],
)
def test_a_mail_address_is_kept(typed: str, kept: str) -> None:
    assert read_mail(typed) == kept


NO_MAIL = (
    *("ann", "@example.org", "ann@", "ann@example", "a b@example.org", "a@b@example.org", "ann@exa_mple.org"),
    *("ann@1.2.3.4", "ann@-a.org", "ann@a..org", ".ann@example.org", "a" * 65 + "@example.org"),
    *(
        "ann@" + "a" * 300 + ".org",
        "a,b@example.org",
        "ann@example.org\r\nBcc: x@example.org",
        "<ann@example.org>",
    ),
)


@pytest.mark.parametrize("typed", NO_MAIL)
def test_what_is_no_mail_address_is_refused(typed: str) -> None:
    assert read_mail(typed) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1980-02-29", "1980-02-29"), ("1980-2-9", "1980-02-09"), ("--02-29", "--02-29"), ("2-29", "--02-29"),
        ("1980/02/29", "1980-02-29"), ("１９８０-０２-２９", "1980-02-29"), ("", ""),
        ("1981-02-29", None), ("2027-01-01", None), ("1800-01-01", None), ("--13-01", None), ("soon", None),
    ],
)  # fmt: skip
def test_a_birthday_may_leave_the_year_out_and_has_to_be_a_day(typed: str, kept: str | None) -> None:
    assert read_birthday(typed, TODAY) == kept


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("0660 1234567", "AT", "+436601234567"),
        ("+86 138 0013 8000", "AT", "+8613800138000"),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("００８６ 13800138000", "DE", "+8613800138000"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("01 5131234", "AT", "+4315131234"),
        ("12", "AT", None),
        ("0660 1234567", "", None),
        ("call me", "AT", None),
        ("+43 660 1234567 ext. 5", "AT", None),
    ],
)
def test_a_number_of_any_country_is_read(typed: str, country: str, kept: str | None) -> None:
    found = read_phone(typed, country)
    assert (found.e164 if found else None) == kept


def test_only_a_mobile_number_is_one_for_messages() -> None:
    assert read_number("01 5131234", "AT") is None
    assert read_number("0660 1234567", "AT") is not None


def test_all_that_is_wrong_is_told_at_once_and_nothing_typed_is_repeated() -> None:
    typed = {
        "name": "SECRET" * 50,
        "phone": "SECRET",
        "mail": "SECRET",
        "birthday": "SECRET",
        "free:size": "SECRET" * 200,
    }
    read = read_fields(typed, number, TODAY, ("size",))
    assert isinstance(read, dict)
    assert set(read) == {"name", "phone", "mail", "birthday", "free:size"}
    assert not any("SECRET" in str(sentence) for sentence in read.values())


def test_fields_that_are_too_much_together_are_refused() -> None:
    free = [f"field {place}" for place in range(20)]
    typed = {f"free:{label}": "字" * 400 for label in free}
    assert isinstance(read_fields(typed, number, TODAY, free), dict)
    assert not fits(Fields(free=dict.fromkeys(free, "字" * 400)))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Anna Huber", "Huber Anna", True),
        ("Anna Huber", "anna hubér", True),
        ("Anna Huber", "Anna Maria Huber", True),
        ("Anna Huber", "Anna Hubert", True),
        ("Anna Huber", "Anna Hbuer", True),
        ("王小明", "王小明", True),
        ("Anna Huber", "Anna Maier", False),
        ("Anna", "Anna Huber", False),
        ("Anna Huber", "Anna Maria Josefa Huber", False),
        ("Ann Li", "Ann Lu", False),
        ("", "", False),
    ],
)
def test_nearly_the_same_name_on_the_same_birthday_may_be_one_person(
    one: str, other: str, same: bool
) -> None:
    first, second = Fields(one, birthday="1980-02-29"), Fields(other, birthday="--02-29")
    assert alike(first, second) is same
    assert alike(second, first) is same
    assert not alike(first, Fields(other, birthday="1981-02-28"))
    assert not alike(Fields(one), Fields(other))


def test_whoever_is_alike_stands_under_one_mark_at_least() -> None:
    pairs = [("Anna Huber", "Huber Anna"), ("Anna Huber", "Anna Hubert"), ("王小明", "王小明")]
    for one, other in pairs:
        marks = [
            {value for kind, value in lookups(Fields(name, birthday="1980-02-29")) if kind == "alike"}
            for name in (one, other)
        ]
        assert marks[0] & marks[1], (one, other)


def test_a_merged_person_has_of_each_field_what_the_first_has_and_nothing_comes_back_that_they_took_away() -> (
    None
):
    root, old = (
        Fields("Anna", mail="a@example.org"),
        Fields("Ann", "+431", birthday="--02-29", free={"size": "38"}),
    )
    before = combine((root, old))
    assert before == Fields("Anna", "+431", "a@example.org", "--02-29", {"size": "38"})
    after = msgspec.structs.replace(before, phone="", free={})
    assert combine((after, without_changed(old, before, after))) == after


def test_a_screen_greets_by_the_first_name_and_a_name_is_folded_for_looking_up() -> None:
    assert first_name("  ") == ""
    assert first_name("Anna Maria Huber") == "Anna"
    assert first_name("A" * 900) == "A" * 40
    assert fold_name("Ｈübér-Straße, Änna") == "huber strasse anna"
