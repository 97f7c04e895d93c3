"""Printed codes, text messages and the staff's page where they matter: with real phones, a real gate, real packets."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator

import guest_inside as inside
import pytest
from guest_network import INTERNET, GuestNetwork, Namespace, Phone, need
from guest_shop import PORTAL, GuestShop, enter, is_out, open_shop

STAFF = "http://127.0.0.1:8082/staff"
ENDS_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[GuestNetwork, GuestShop]]:
    """A shop that lets in by printed codes and by text messages."""
    need()
    ways = {"PORTAL_WAYS": "code,sms", "PORTAL_MODEM": "modem:sim:delay=0"}
    with open_shop(phones=0, **ways) as (network, shop):
        yield network, shop


class Counter:
    """Somebody of the staff at the machine itself."""

    def __init__(self, place: Namespace, pin: str) -> None:
        self._place = place
        page = self._ask("GET", f"{STAFF}/in")
        (person,) = re.findall(r'name="staff" value="([^"]*)"', page.body)
        came = self._ask("POST", f"{STAFF}/in", form={"staff": person, "pin": pin})
        assert came.status == 303, came
        self._cookie = came.headers["set-cookie"].partition(";")[0]
        self._mark = re.findall(r'name="mark" value="([^"]*)"', self.get("/").body)[0]

    def _ask(self, method: str, url: str, **options: object) -> inside.Answer:
        return inside.Answer(**self._place.call(inside.fetch, method, url, options))

    def get(self, path: str) -> inside.Answer:
        return self._ask("GET", STAFF + path, headers={"Cookie": self._cookie})

    def post(self, path: str, **form: str) -> inside.Answer:
        done = self._ask(
            "POST", STAFF + path, headers={"Cookie": self._cookie}, form={"mark": self._mark, **form}
        )
        assert done.status == 303, done
        return done

    def make_codes(self, uses: int = 1) -> tuple[str, list[str]]:
        """A batch, and its codes."""
        made = self.post(
            "/codes", what_for="Breakfast", count="3", lasts="1", unit="hours", uses=str(uses), mbytes="0",
            valid_until=time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400)), down_kbytes="0", up_kbytes="0",
        )  # fmt: skip
        batch = made.headers["location"].partition("?")[0].rpartition("/")[2]
        return batch, re.findall(r"[0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4}", self.get(f"/codes/{batch}").body)


def a_phone(network: GuestNetwork) -> Phone:
    came = network.add_phone()
    came.lease()
    return came


def test_a_printed_code_lets_a_phone_out_and_staff_end_it_with_its_batch(
    shop: tuple[GuestNetwork, GuestShop],
) -> None:
    network, door = shop
    phone, counter = a_phone(network), Counter(network.gateway, door.staff_pin)
    assert not is_out(phone)
    assert "Nobody is in" in counter.get("/").body
    batch, codes = counter.make_codes()
    wrong = enter(phone, typed=codes[0][:-1] + ("2" if codes[0][-1] != "2" else "3"), remember="no")
    assert "A character of that code is wrong." in html.unescape(wrong.body)
    assert not is_out(phone)
    assert enter(phone, typed=codes[0], remember="no").status == 303
    assert is_out(phone)
    listed = counter.get("/").body
    assert "Printed code" in listed
    assert phone.mac not in listed
    counter.post(f"/codes/{batch}/end")
    assert ends(phone)
    again = enter(phone, typed=codes[1], remember="no")
    assert "not valid any more" in again.body
    assert not is_out(phone)


def ends(phone: Phone) -> bool:
    """Whether nothing goes out any more within two seconds of the tap."""
    until = time.monotonic() + ENDS_WITHIN_S
    while is_out(phone):
        if time.monotonic() > until:
            return False
    return True


def test_a_code_that_is_passed_on_takes_the_first_phone_out(shop: tuple[GuestNetwork, GuestShop]) -> None:
    network, door = shop
    first, second, third = (a_phone(network) for _ in range(3))
    _, codes = Counter(network.gateway, door.staff_pin).make_codes(uses=2)
    for phone in (first, second):
        assert enter(phone, typed=codes[0], remember="no").status == 303
    assert is_out(first)
    assert is_out(second)
    assert enter(third, typed=codes[0], remember="no").status == 303
    assert is_out(third)
    assert is_out(second)
    assert ends(first)


def test_staff_put_one_guest_out_and_later_all(shop: tuple[GuestNetwork, GuestShop]) -> None:
    network, door = shop
    one, other = a_phone(network), a_phone(network)
    counter = Counter(network.gateway, door.staff_pin)
    _, codes = counter.make_codes(uses=2)
    for phone in (one, other):
        assert enter(phone, typed=codes[0], remember="no").status == 303
        assert is_out(phone)
    # The list shows a phone by the last two numbers of its address.
    name = ".".join(one.lease().ip.split(".")[2:])
    row = next(row for row in counter.get("/").body.split("<tr>") if f">{name}<" in row)
    (ref,) = set(re.findall(r"/staff/guest/([0-9a-f]{16})", row))
    counter.post(f"/guest/{ref}", do="end")
    assert ends(one)
    assert is_out(other)
    counter.post("/end-all")
    assert ends(other)


def test_a_code_by_text_message_lets_a_phone_out(shop: tuple[GuestNetwork, GuestShop]) -> None:
    network, door = shop
    phone, counter = a_phone(network), Counter(network.gateway, door.staff_pin)
    step = enter(phone, phone_number="0151 23456789", remember="no")
    assert step.status == 200
    assert "Simulated modem" in phone.get(f"{PORTAL}/").body
    sent = re.findall(r">([0-9]{6}) is your Wi-Fi code for Corner Shop", counter.get("/").body)
    assert len(sent) == 1
    form = dict(re.findall(r'name="(handle|sent_to|phone_number)" value="([^"]*)"', step.body))
    assert not is_out(phone)
    done = phone.post(f"{PORTAL}/enter", {**form, "typed": sent[0], "remember": "no"})
    assert done.status == 303
    assert is_out(phone)
    assert phone.call(inside.connects, INTERNET, 443) == "open"
