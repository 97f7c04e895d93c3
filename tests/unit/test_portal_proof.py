"""The proof of the portal can fail: what it is there to see, it sees."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.prove._hostile import Form, Hostile, Sent, read_page
from tests.prove.portal import MOST_GROWTH_KB, Outcome, judge

SOUND, WILD = Sent("own", b"GET / HTTP/1.1\r\n\r\n"), Sent("noise", b"\x00", sound=False)


def outcome(
    *answers: tuple[Sent, bytes | None], growth_kb: int = 0, alive: bool = True, said: str = ""
) -> Outcome:
    made = Outcome(warm_kb=60_000, end_kb=60_000 + growth_kb, alive=alive, said=said)
    for sent, answer in answers:
        made.take(sent, answer)
    return made


@pytest.mark.parametrize(
    ("seen", "ok"),
    [
        (outcome((SOUND, b"HTTP/1.1 200 OK\r\n\r\n"), (WILD, b""), growth_kb=MOST_GROWTH_KB), True),
        (outcome((SOUND, b"HTTP/1.1 511 Network Authentication Required\r\n\r\n")), True),
        (outcome((SOUND, b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\n\r\n")), False),
        (outcome((WILD, b"HTTP/1.1 503 Service Unavailable\r\n\r\n")), False),
        (outcome((SOUND, b"HTTP/1.1 200 OK\r\n\r\nx" + b"HTTP/1.1 500 Later\r\n\r\n")), False),
        (outcome((SOUND, b"")), False),
        (outcome((WILD, None)), False),
        (outcome(growth_kb=MOST_GROWTH_KB + 1), False),
        (outcome(alive=False), False),
        (outcome(said="Traceback (most recent call last):"), False),
    ],
)
def test_every_kind_of_failure_breaks_the_promise(seen: Outcome, ok: bool) -> None:
    assert judge({"gate": outcome(), "no gate": seen}, 1).ok == ok


def test_every_subset_of_a_forms_fields_is_sent() -> None:
    page = (
        '<a href="/x#y">x</a><form method="post" action="/enter"><input name="a" value="1"><input name="b">'
        '<button name="c" value="2">Go</button></form><form action="/search"><input name="q"></form>'
    )
    forms, links = read_page(page)
    assert links == ["/x#y"]
    assert forms == [Form("/enter", (("a", "1"), ("b", ""), ("c", "2")))]
    seen = set()
    for sent in itertools.islice(Hostile(random.Random(1), ["/"], forms), 400):
        if sent.kind == "form":
            body = sent.octets.partition(b"\r\n\r\n")[2].decode()
            seen.add(frozenset(pair.partition("=")[0] for pair in body.split("&") if pair))
    assert seen == {frozenset(chosen) for size in range(4) for chosen in itertools.combinations("abc", size)}


def test_the_same_seed_is_the_same_row_of_requests_and_of_every_kind() -> None:
    forms = [Form("/enter", (("way", "click"),))]
    first, again = (
        list(itertools.islice(Hostile(random.Random(7), ["/", "/offers"], forms), 600)) for _ in range(2)
    )
    assert first == again
    assert len({sent.kind for sent in first}) == 12
    assert max(len(sent.octets) for sent in first) > 65_536
