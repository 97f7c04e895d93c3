"""Who may run the shop: the set-up code, passwords, the growing wait, sessions, PINs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.client.db import StorageError
from hub.people import (
    NewStaff,
    add_manager,
    add_staff,
    hash_pin,
    make_pin,
    new_pin,
    pin_fault,
    pin_fits,
    set_own_member,
    set_staff_active,
)
from hub.pepper import PEPPER_FILE, hub_pepper, under_another
from hub.signing.joining import make_setup_code, set_up
from hub.signing.knocking import FREE_FROM_ONE_PLACE, Wait, wait_s
from hub.signing.login import SESSION_S, LoggedIn, change_password, log_in, log_out, session_of
from hub.signing.passwords import form_token, hash_secret, password_fault, secret_fits
from hub.signing.sessions import note_seen
from hub.store.entry import Knocks
from hub.store.sqlite import SqliteStore
from hub.wire.pins import read_pin
from hub.wire.snapshot import Shop

NOW = 1_790_000_000.0
PASSWORD = "seven green kettles"
PEPPER = bytes(range(32))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "hub.db")
    opened.shop.save(Shop(7, {"en": "Corner Bakery"}), NOW)
    yield opened
    opened.close()


@pytest.fixture
def managed(store: SqliteStore) -> SqliteStore:
    assert add_manager(store, "Ines", PASSWORD, NOW, who="shell") is None
    return store


def test_the_set_up_code_makes_the_first_manager_and_works_once(store: SqliteStore) -> None:
    code = make_setup_code(store, NOW)
    first = set_up(store, code.lower().replace("-", " "), "Ines", PASSWORD, "here", NOW)
    assert isinstance(first, LoggedIn)
    session = session_of(store, first.token, NOW)
    assert session is not None
    assert session.manager == "Ines"
    second = set_up(store, code, "Mallory", PASSWORD, "here", NOW)
    assert isinstance(second, dict)
    assert [manager.name for manager in store.people.managers()] == ["Ines"]


def test_a_new_set_up_code_replaces_the_one_before(store: SqliteStore) -> None:
    old, new = make_setup_code(store, NOW), make_setup_code(store, NOW)
    assert set(set_up(store, old, "Ines", PASSWORD, "here", NOW)) == {"code"}  # type: ignore[arg-type]
    assert isinstance(set_up(store, new, "Ines", PASSWORD, "here", NOW), LoggedIn)


def test_set_up_tells_every_fault_at_once_and_keeps_the_code(store: SqliteStore) -> None:
    code = make_setup_code(store, NOW)
    assert set(set_up(store, "", " ", "short", "here", NOW)) == {"code", "name", "password"}  # type: ignore[arg-type]
    assert isinstance(set_up(store, code, "Ines", PASSWORD, "here", NOW), LoggedIn)


def test_guessing_the_set_up_code_meets_a_wait(store: SqliteStore) -> None:
    make_setup_code(store, NOW)
    answers = [
        set_up(store, "AAAA-AAAA-AAAA", "Ines", PASSWORD, "here", NOW) for _ in range(FREE_FROM_ONE_PLACE + 1)
    ]
    assert isinstance(answers[-1], Wait)


def test_no_secret_stands_on_the_disk(store: SqliteStore, tmp_path: Path) -> None:
    code = make_setup_code(store, NOW)
    person = set_up(store, code, "Ines", PASSWORD, "here", NOW)
    assert isinstance(person, LoggedIn)
    store.close()
    disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (PASSWORD, code, code.replace("-", ""), person.token):
        assert secret.encode() not in disk


def test_a_session_ends_by_logging_out_and_by_itself(managed: SqliteStore) -> None:
    person = log_in(managed, "Ines", PASSWORD, "here", NOW)
    assert isinstance(person, LoggedIn)
    for hour in range(1, SESSION_S // 3_600):
        session = session_of(managed, person.token, NOW + hour * 3_600)
        assert session is not None
        note_seen(managed, session, NOW + hour * 3_600)
    assert session_of(managed, person.token, NOW + SESSION_S - 1) is not None
    assert session_of(managed, person.token, NOW + SESSION_S) is None
    log_out(managed, person.token)
    assert session_of(managed, person.token, NOW) is None
    assert session_of(managed, "", NOW) is None


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(managed: SqliteStore) -> None:
    assert log_in(managed, "Nobody", PASSWORD, "here", NOW) is None
    assert log_in(managed, "Ines", "wrong wrong wrong", "there", NOW) is None
    assert log_in(managed, "Ines", "x" * 5_000, "elsewhere", NOW) is None


def test_the_wait_grows_and_even_the_right_password_has_to_sit_it_out(managed: SqliteStore) -> None:
    for _ in range(FREE_FROM_ONE_PLACE):
        assert log_in(managed, "Ines", "wrong", "here", NOW) is None
    waiting = log_in(managed, "Ines", PASSWORD, "here", NOW)
    assert isinstance(waiting, Wait)
    assert isinstance(log_in(managed, "Ines", PASSWORD, "here", NOW + waiting.seconds + 1), LoggedIn)
    assert log_in(managed, "Ines", "wrong", "here", NOW + 99) is None, "a right one clears the row"


def test_another_place_is_not_locked_out_by_somebody_elses_guesses(managed: SqliteStore) -> None:
    for _ in range(FREE_FROM_ONE_PLACE + 3):
        log_in(managed, "Ines", "wrong", "attacker", NOW)
    assert isinstance(log_in(managed, "Ines", PASSWORD, "office", NOW), LoggedIn)


def test_waits_double_up_to_their_limit_and_survive_a_clock_that_was_set_back() -> None:
    waits = [wait_s(Knocks(count, NOW), NOW, free=5, longest_s=900) for count in range(4, 16)]
    assert waits[0] == 0
    assert waits == sorted(waits)
    assert waits[1:4] == [5, 10, 20]
    assert waits[-1] == 900
    assert wait_s(Knocks(9, NOW + 1e6), NOW, free=5, longest_s=900) <= 900


def test_a_new_password_ends_every_session(managed: SqliteStore) -> None:
    person = log_in(managed, "Ines", PASSWORD, "here", NOW)
    assert isinstance(person, LoggedIn)
    assert change_password(managed, "Ines", "short", NOW) is not None
    assert change_password(managed, "Ines", "eight blue saucers", NOW) is None
    assert session_of(managed, person.token, NOW) is None
    assert isinstance(log_in(managed, "Ines", "eight blue saucers", "here", NOW), LoggedIn)


@pytest.mark.parametrize(
    "password", ["short", "password123", "PASSWORD123", "1234567890", "aaaaaaaaaaaa", "woaini1314"]
)
def test_a_password_that_anybody_would_try_is_refused(password: str) -> None:
    assert password_fault(password, "Ines") is not None


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "0000", "1234", "4321", "１２３５"])
def test_a_pin_that_anybody_would_try_is_refused(pin: str) -> None:
    assert pin_fault(pin) is not None


def test_a_pin_that_is_made_is_a_good_one() -> None:
    assert all(pin_fault(make_pin()) is None for _ in range(200))


def test_staff_are_let_in_kept_out_and_given_another_pin(store: SqliteStore) -> None:
    added = add_staff(store, "Mina", "4711", NOW, who="Ines", pepper=PEPPER)
    assert isinstance(added, NewStaff)
    assert pin_fits(added.member.pin, "4711", PEPPER)
    assert not pin_fits(added.member.pin, "4712", PEPPER)
    assert set(add_staff(store, "mina", "12", NOW, who="Ines", pepper=PEPPER)) == {"pin"}  # type: ignore[arg-type]
    assert set(add_staff(store, "mina", None, NOW, who="Ines", pepper=PEPPER)) == {"name"}  # type: ignore[arg-type]
    fresh = new_pin(store, added.member.id, NOW, who="Ines", pepper=PEPPER)
    assert fresh is not None
    assert pin_fits(store.people.staff()[0].pin, fresh.pin, PEPPER)
    assert set_staff_active(store, added.member.id, False, NOW, who="Ines")
    assert not store.people.staff()[0].active
    assert not set_staff_active(store, "s99", True, NOW, who="Ines")
    assert [entry.what for entry in store.people.audit()][:3] == [
        "staff.withdrawn",
        "staff.pin_changed",
        "staff.added",
    ]


def test_a_pin_cannot_be_tried_without_the_pepper(store: SqliteStore) -> None:
    added = add_staff(store, "Mina", "4711", NOW, who="Ines", pepper=PEPPER)
    assert isinstance(added, NewStaff)
    assert not pin_fits(added.member.pin, "4711", bytes(32))
    assert not secret_fits(read_pin(added.member.pin).hashed, "4711")
    assert pin_fits(hash_secret("4711"), "4711", PEPPER), (
        "a PIN of the time before the pepper goes on being right"
    )


def test_staff_may_have_a_membership_of_their_own(store: SqliteStore) -> None:
    added = add_staff(store, "Mina", "4711", NOW, who="Ines", pepper=PEPPER, member="m-0123456789abcdef")
    assert isinstance(added, NewStaff)
    assert store.people.staff()[0].member == "m-0123456789abcdef"
    assert set_own_member(store, added.member.id, "<script>", NOW, who="Ines") is not None
    assert set_own_member(store, "s9", "", NOW, who="Ines") is not None
    assert set_own_member(store, added.member.id, "", NOW, who="Ines") is None
    assert store.people.staff()[0].member == ""
    assert all("0123456789abcdef" not in entry.detail for entry in store.people.audit())


def test_the_pepper_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: hub_pepper(tmp_path / "hub"), range(16)))
    assert made == {hub_pepper(tmp_path / "hub")}
    assert len(made.pop()) == 32
    (only,) = (tmp_path / "hub").iterdir()
    assert only.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("broken", ["", "zz", "00" * 31])
def test_a_broken_pepper_is_told_and_not_replaced(tmp_path: Path, broken: str) -> None:
    (tmp_path / PEPPER_FILE).write_text(broken)
    with pytest.raises(StorageError, match="Restore it"):
        hub_pepper(tmp_path)
    assert (tmp_path / PEPPER_FILE).read_text() == broken


def test_pins_under_another_pepper_are_counted() -> None:
    kept = [hash_pin("4711", PEPPER), hash_secret("4711"), hash_pin("4711", bytes(32))]
    assert under_another(kept, PEPPER) == 1
    assert under_another(kept, bytes(range(1, 33))) == 2


def test_secrets_are_hashed_with_argon2id_and_a_salt() -> None:
    one, other = hash_secret("4711"), hash_secret("4711")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other
    assert not secret_fits("no hash at all", "4711")


def test_a_form_token_is_bound_to_its_cookie_and_does_not_show_it() -> None:
    assert form_token("one") != form_token("other")
    assert "one" not in form_token("one")
