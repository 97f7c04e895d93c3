"""What a provider brings, under the names and forms that providers use; nothing by a way in that is not the secret one."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.messages.channel import ChannelName, Heard, HeardPart, Reported
from hub.messages.incoming import create_incoming
from hub.messages.kannel import kannel_request
from tests.message_house import MORNING

SECRET = "a-way-in-that-nobody-guesses"
ANN = "+4915112345678"


class Keeps:
    """A listener that keeps in memory."""

    def __init__(self) -> None:
        self.messages: list[Heard] = []
        self.reports: list[Reported] = []

    def heard(self, heard: Heard) -> None:
        self.messages.append(heard)

    def heard_part(self, part: HeardPart) -> None:
        raise AssertionError("a provider brings whole messages")

    def acknowledged(self, channel: ChannelName, key: str) -> None:
        raise AssertionError("a provider has names for its messages")

    def reported(self, reported: Reported) -> None:
        self.reports.append(reported)


@pytest.fixture
def keeps() -> Keeps:
    return Keeps()


@pytest.fixture
def client(keeps: Keeps) -> FlaskClient:
    app = Flask("incoming")
    app.register_blueprint(create_incoming(SECRET, keeps, lambda: MORNING))
    return app.test_client()


def test_a_message_is_taken_as_json_as_a_form_and_from_the_address(client: FlaskClient, keeps: Keeps) -> None:
    ways = (
        client.post(f"/sms/{SECRET}/in", json={"from": ANN, "text": "退订", "to": "4930", "id": "m1"}),
        client.post(
            f"/sms/{SECRET}/in", data={"From": ANN, "Body": "退订", "To": "4930", "MessageSid": "m1"}
        ),
        client.get(f"/sms/{SECRET}/in?sender={quote(ANN)}&message={quote('退订')}&to=4930&id=m1"),
        client.get(f"/sms/{SECRET}/in?from=+{ANN[1:]}&text={quote('退订')}&to=4930&id=m1"),
    )
    assert [answer.status_code for answer in ways] == [202] * 4
    assert {answer.get_data() for answer in ways} == {b""}
    assert keeps.messages == [Heard("m1", "http", ANN, "退订", None, "4930")] * 4


def test_kannel_gives_the_octets_of_a_text_and_says_which(client: FlaskClient, keeps: Keeps) -> None:
    octets = quote("退订，谢谢😀".encode("utf-16-be"))
    client.get(f"/sms/{SECRET}/in?from={quote(ANN)}&text={octets}&id=1&charset=UTF-16BE")
    client.get(f"/sms/{SECRET}/in?from={quote(ANN)}&text=Caf%E9&id=2&charset=WINDOWS-1252")
    assert [one.text for one in keeps.messages] == ["退订，谢谢😀", "Café"]


def test_the_same_text_without_a_name_is_one_message_for_ten_minutes(
    client: FlaskClient, keeps: Keeps
) -> None:
    for text in ("hello", "hello", "other"):
        client.post(f"/sms/{SECRET}/in", json={"from": ANN, "text": text})
    keys = [one.key for one in keeps.messages]
    assert keys[0] == keys[1]
    assert keys[2] != keys[0]


@pytest.mark.parametrize(
    "path", ["/sms/wrong/in", f"/sms/{SECRET}x/in", "/sms//in", "/sms/%ff/in", f"/sms/{SECRET[:-1]}/report"]
)
def test_without_the_secret_there_is_no_page(client: FlaskClient, keeps: Keeps, path: str) -> None:
    assert client.post(path, json={"from": ANN, "text": "x", "status": "1", "id": "1"}).status_code == 404
    assert not keeps.messages
    assert not keeps.reports


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"from": ["x"], "text": {}}', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"", "text/plain"),
        (b"from=", "application/x-www-form-urlencoded"),
    ],
)
def test_what_cannot_be_read_is_told(client: FlaskClient, keeps: Keeps, body: bytes, kind: str) -> None:
    assert client.post(f"/sms/{SECRET}/in", data=body, content_type=kind).status_code == 422
    assert client.post(f"/sms/{SECRET}/report", data=body, content_type=kind).status_code == 422
    assert not keeps.messages


def test_a_huge_or_crowded_request_is_turned_away(client: FlaskClient, keeps: Keeps) -> None:
    assert (
        client.post(f"/sms/{SECRET}/in", data=b"x" * 600_000, content_type="application/json").status_code
        == 413
    )
    crowded = "&".join(f"a{n}=1" for n in range(500))
    assert client.get(f"/sms/{SECRET}/in?{crowded}&from=1&text=2").status_code == 422
    assert not keeps.messages


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("delivered", "delivered"),
        ("DELIVRD", "delivered"),
        ("1", "delivered"),
        ("undelivered", "failed"),
        ("2", "failed"),
        ("sent", "trying"),
        ("8", "trying"),
    ],
)
def test_what_became_of_a_message_is_understood(
    client: FlaskClient, keeps: Keeps, status: str, outcome: str
) -> None:
    client.get(f"/sms/{SECRET}/report?message=7-12&status={status}")
    client.post(f"/sms/{SECRET}/report", data={"MessageSid": "SM1", "MessageStatus": status})
    assert [(one.outcome, one.message, one.reference) for one in keeps.reports] == [
        (outcome, "7-12", ""),
        (outcome, "", "SM1"),
    ]
    assert client.get(f"/sms/{SECRET}/report?message=7-12&status=unheard-of").status_code == 422


def test_kannel_is_asked_in_its_own_words() -> None:
    body, headers = kannel_request(
        "退订", ANN, "4930", "shop:secret", "reply 1 a%b", "http://hub/sms/s/report"
    )
    assert body.decode() == "退订"
    assert headers["X-Kannel-Coding"] == "2"
    assert (headers["X-Kannel-Username"], headers["X-Kannel-Password"]) == ("shop", "secret")
    assert headers["X-Kannel-DLR-URL"] == "http://hub/sms/s/report?message=reply+1+a%%25b&status=%d"
    assert kannel_request("Hi", ANN, "", "a:b", "1", "")[1]["X-Kannel-Coding"] == "0"
