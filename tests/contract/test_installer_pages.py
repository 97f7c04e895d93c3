"""The installer's pages over HTTP: who gets in, what each state of the door looks like, in both languages."""

from __future__ import annotations

import re
import time
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from installer_door import FakeDoor, Pages, ear, heads, pages_in, seen, stood, walk

from edge.questions import (
    Answer,
    HeadsBegin,
    HeadsDone,
    HeadsEnd,
    HeadsSet,
    Look,
    WalkBegin,
    WalkDone,
    WalkEnd,
    WalkStand,
)
from hub.client.warnings import Severity, Shown

PAGES = ("/installer/", "/installer/calibrate", "/installer/calibrate/walk", "/installer/calibrate/heads")
OUTSIDE = stood("outside", outside=True)
STATES: dict[str, tuple[str, Answer]] = {
    "radio": ("/installer/", Answer(seen=seen(), zones=("door",))),
    "two radios, one broken": (
        "/installer/",
        Answer(
            seen=seen(ear("door"), ear("counter", "There is no adapter hci1. Plug it in.")),
            zones=("door", "counter"),
        ),
    ),
    "calibrate": ("/installer/calibrate", Answer()),
    "before a walk": ("/installer/calibrate/walk", Answer(senders=("phone", "ibeacon:7f3c1b5e/1/1"))),
    "held": ("/installer/calibrate/walk", Answer(walk=walk("hold", "too-weak"))),
    "two phones": ("/installer/calibrate/walk", Answer(walk=walk("hold", "two-phones"))),
    "beacon awaited": ("/installer/calibrate/walk", Answer(walk=walk("hold", "not-heard"))),
    "found": (
        "/installer/calibrate/walk",
        Answer(walk=walk("ready", places=(stood("door", False), stood("outside", False, True)))),
    ),
    "standing": (
        "/installer/calibrate/walk",
        Answer(walk=walk("stand", places=(stood("door", False), OUTSIDE), now_at="door")),
    ),
    "outside": (
        "/installer/calibrate/walk",
        Answer(walk=walk("stand", places=(stood("door"), stood("outside", False, True)), now_at="outside")),
    ),
    "three places": (
        "/installer/calibrate/walk",
        Answer(
            walk=walk("ready", places=(stood("door"), stood("counter", False), stood("outside", False, True)))
        ),
    ),
    "all measured": ("/installer/calibrate/walk", Answer(walk=walk("ready"))),
    "silent": ("/installer/calibrate/walk", Answer(walk=walk("ready", "silent"))),
    "over": ("/installer/calibrate/walk", Answer(walk=walk("ready", "over"))),
    "fitted": ("/installer/calibrate/walk", Answer(walk=walk("fitted"))),
    "before a count": ("/installer/calibrate/heads", Answer()),
    "counting": ("/installer/calibrate/heads", Answer(heads=heads("counting"))),
    "just begun": ("/installer/calibrate/heads", Answer(heads=heads("counting", 0))),
    "paused": ("/installer/calibrate/heads", Answer(heads=heads("paused"))),
    "counted": ("/installer/calibrate/heads", Answer(heads=heads("fitted"))),
}


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return pages_in(tmp_path, FakeDoor(), time.time)


@pytest.fixture
def inside(pages: Pages) -> FlaskClient:
    client = pages.app.test_client()
    came = client.post("/installer/in", data={"code": pages.code})
    assert (came.status_code, came.location) == (303, "/installer/")
    return client


def mark_in(page: str) -> str:
    found = re.search(r'name="mark" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("path", PAGES)
def test_without_the_code_there_is_a_way_in_and_nothing_else(pages: Pages, path: str) -> None:
    client = pages.app.test_client()
    answer = client.get(path)
    assert (answer.status_code, answer.location) == (303, "/installer/in")
    assert client.post(path, data={"do": "begin"}).status_code in (303, 405)
    assert pages.door.asked == []


@pytest.mark.parametrize(
    "path", ["/installer/radio.json", "/installer/calibrate/walk.json", "/installer/calibrate/heads.json"]
)
def test_without_the_code_a_script_learns_nothing(pages: Pages, path: str) -> None:
    answer = pages.app.test_client().get(path)
    assert (answer.status_code, answer.json) == (401, {"signed_in": False})


def test_the_cookie_is_for_these_pages_only_and_for_no_script(pages: Pages) -> None:
    came = pages.app.test_client().post("/installer/in", data={"code": pages.code})
    cookie = came.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/installer/" in cookie
    assert "Secure" not in cookie
    tls = pages.app.test_client().post(
        "/installer/in", data={"code": pages.code}, base_url="https://door.local"
    )
    assert "Secure" in tls.headers["Set-Cookie"]


def test_wrong_codes_are_refused_then_slowed(pages: Pages) -> None:
    client = pages.app.test_client()
    said = [client.post("/installer/in", data={"code": "AAAA"}).status_code for _ in range(7)]
    assert said == [401] * 5 + [429] * 2
    assert "Wait" in client.post("/installer/in?lang=en", data={"code": pages.code}).text
    elsewhere = client.post(
        "/installer/in", data={"code": pages.code}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert elsewhere.location == "/installer/in"


def test_leaving_ends_the_session_on_the_disk_too(pages: Pages, inside: FlaskClient) -> None:
    cookie = inside.get_cookie("shopbell-installer", path="/installer/")
    assert cookie is not None
    inside.post("/installer/out", data={"mark": mark_in(inside.get("/installer/").text)})
    again = pages.app.test_client()
    again.set_cookie("shopbell-installer", cookie.value, path="/installer/")
    assert again.get("/installer/").status_code == 303


def test_a_form_of_another_site_changes_nothing(pages: Pages, inside: FlaskClient) -> None:
    for mark in ("", "0" * 32, "ü"):
        answer = inside.post(
            "/installer/calibrate/walk", data={"do": "begin", "sender": "phone", "mark": mark}
        )
        assert answer.status_code == 403
    assert inside.post("/installer/out", data={}).status_code == 403
    assert pages.door.asked == []
    assert inside.get("/installer/").status_code == 200


@pytest.mark.parametrize(
    ("path", "typed", "asked"),
    [
        ("walk", {"do": "begin", "sender": "phone"}, WalkBegin("phone")),
        ("walk", {"do": "stand", "place": "door"}, WalkStand("door")),
        ("walk", {"do": "done"}, WalkDone()),
        ("walk", {"do": "accept"}, WalkEnd(True)),
        ("walk", {"do": "discard"}, WalkEnd(False)),
        ("heads", {"do": "begin", "heads": "4"}, HeadsBegin(4)),
        ("heads", {"do": "set", "heads": "5"}, HeadsSet(5)),
        ("heads", {"do": "pause", "heads": "5"}, HeadsSet(5, paused=True)),
        ("heads", {"do": "done"}, HeadsDone()),
        ("heads", {"do": "accept"}, HeadsEnd(True)),
        ("heads", {"do": "discard"}, HeadsEnd(False)),
    ],
)
def test_each_button_asks_the_door_for_what_it_says_and_leads_on(
    pages: Pages, inside: FlaskClient, path: str, typed: dict[str, str], asked: object
) -> None:
    mark = mark_in(inside.get("/installer/").text)
    pages.door.asked.clear()
    answer = inside.post(f"/installer/calibrate/{path}", data={**typed, "mark": mark})
    assert pages.door.asked == [asked]
    assert answer.status_code == 303
    ends = typed["do"] in ("accept", "discard")
    assert answer.location.partition("?")[0] == f"/installer/calibrate{'' if ends else '/' + path}"
    if typed["do"] == "accept":
        assert "Accepted" in inside.get(answer.location).text


@pytest.mark.parametrize("typed", [{}, {"do": "x"}, {"do": "begin", "heads": "-1"}, {"do": "set", "heads": "1e9"},
                                   {"do": "begin", "heads": "٣"}, {"do": "stand", "place": "x" * 99}])  # fmt: skip
def test_a_form_that_makes_no_sense_asks_the_door_nothing(
    pages: Pages, inside: FlaskClient, typed: dict[str, str]
) -> None:
    mark = mark_in(inside.get("/installer/").text)
    pages.door.asked.clear()
    for path in ("walk", "heads"):
        assert (
            inside.post(
                f"/installer/calibrate/{path}", data={**typed, "mark": mark, "sender": ""}
            ).status_code
            == 303
        )
    assert pages.door.asked == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_page_in_both_languages_and_its_part_for_the_script(
    pages: Pages, inside: FlaskClient, state: str, language: str
) -> None:
    path, pages.door.answer = STATES[state]
    page = inside.get(f"{path}?lang={language}")
    assert page.status_code == 200
    assert "'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style", page.text), "the policy forbids it"
    if language == "zh":
        assert english_in(page.text) == []
    poll = re.search(r'data-poll="([^"]+)"', page.text)
    if poll:
        part = inside.get(unescape(poll[1])).json
        assert part is not None
        assert part["signed_in"] is True
        assert f"lang={language}" in poll[1]
        assert part["html"].strip() in page.text


def english_in(page: str) -> list[str]:
    """Words of the page that are no name, no unit and no code."""
    body = re.sub(
        r"<(script|style|head|code|option)\b.*?</\1>|<[^>]+class=\"code[^>]*>.*?</span>|<bdi>.*?</bdi>",
        " ",
        page,
        flags=re.DOTALL,
    )
    shown = unescape(re.sub(r"<[^>]+>", " ", body))
    known = {"dBm", "iBeacon", "AltBeacon", "Eddystone", "TLM", "URL", "UID", "EID", "English", "python", "edge", "run", "BlueZ",
             "chose", "the", "interval", "door", "counter", "There", "adapter", "hci", "Plug", "ibeacon"}  # fmt: skip
    return [word for word in re.findall(r"[A-Za-z]{3,}", shown) if word not in known]


@pytest.mark.parametrize("why", ["not-running", "no-answer", "no-right"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_door_that_is_silent_is_a_sentence_and_the_page_comes_back_by_itself(
    pages: Pages, inside: FlaskClient, why: str, language: str
) -> None:
    pages.door.silent = why
    for path in PAGES:
        page = inside.get(f"{path}?lang={language}")
        assert page.status_code == 503
        assert {"en": "The door", "zh": "门口程序"}[language] in page.text
        assert 'http-equiv="refresh"' in page.text
    part = inside.get(f"/installer/radio.json?lang={language}").json
    assert part is not None
    assert {"en": "The door", "zh": "门口程序"}[language] in part["html"]
    pages.door.silent = ""
    assert inside.get("/installer/").status_code == 200


@pytest.mark.parametrize(
    "code", ["no-walk", "not-complete", "too-little-heard", "no-difference", "disk", "anything else"]
)
def test_what_the_door_refuses_is_a_sentence_with_a_way_back(
    pages: Pages, inside: FlaskClient, code: str
) -> None:
    mark = mark_in(inside.get("/installer/").text)
    pages.door.answer = Answer(refused=code, detail="The disk is full.")
    for language in ("en", "zh"):
        page = inside.post(f"/installer/calibrate/walk?lang={language}", data={"do": "done", "mark": mark})
        assert page.status_code == 409
        assert "/installer/calibrate/walk" in page.text
        assert ("The disk is full." in page.text) == (code == "disk")


def test_what_is_wrong_at_the_door_stands_on_top_in_the_readers_language(
    pages: Pages, inside: FlaskClient
) -> None:
    pages.door.warnings = [
        Shown(
            "radio-deaf",
            Severity.WARNING,
            {"en": "Hears nothing", "zh": "收不到信号"},
            {"en": "Unplug it.", "zh": "请拔下。"},
            1_796_040_000.0,
        )
    ]
    assert "Hears nothing" in inside.get("/installer/?lang=en").text
    assert "收不到信号" in inside.get("/installer/?lang=zh").text


def test_looking_asks_the_door_to_look_and_to_do_nothing(pages: Pages, inside: FlaskClient) -> None:
    for path in (
        *PAGES,
        "/installer/radio.json",
        "/installer/calibrate/walk.json",
        "/installer/calibrate/heads.json",
    ):
        inside.get(path)
    assert set(map(type, pages.door.asked)) == {Look}


def test_odd_addresses_and_methods_are_pages_too(inside: FlaskClient) -> None:
    assert inside.get("/installer/nowhere").status_code == 404
    assert inside.put("/installer/").status_code == 405
    assert inside.post("/installer/calibrate/walk", data={"do": "x" * 9_000}).status_code == 413
