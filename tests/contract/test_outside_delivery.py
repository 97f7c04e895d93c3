"""A message to another program is signed, bounded in time, and never goes where it must not."""

from __future__ import annotations

import socket
import threading

import pytest
from webhook_receiver import receiving

from hub.outside.delivery import deliver
from hub.outside.signed import is_signed, read_secret, secret_text, sign

NOW = 1_795_000_000.0
SECRET = bytes(range(32))


def test_a_signature_is_the_one_that_other_libraries_of_the_standard_make() -> None:
    secret = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_arrives_with_its_id_and_a_signature_of_each_secret() -> None:
    with receiving() as receiver:
        done = deliver(
            receiver.url, b'{"a":1}', message="msg-1", now=NOW, secrets=[SECRET, SECRET[::-1]], private=True
        )
    assert (done.status, done.taken) == (204, True)
    (got,) = receiver.got
    assert (got.path, got.body, got.headers["content-type"]) == ("/hook", b'{"a":1}', "application/json")
    at, signature = got.headers["webhook-timestamp"], got.headers["webhook-signature"]
    for secret in (SECRET, SECRET[::-1]):
        assert is_signed(secret, "msg-1", at, signature, got.body, NOW + 10)
    assert not is_signed(SECRET, "msg-2", at, signature, got.body, NOW)
    assert not is_signed(SECRET, "msg-1", at, signature, b'{"a":2}', NOW)
    assert not is_signed(SECRET, "msg-1", at, signature, got.body, NOW + 600)
    assert not is_signed(bytes(32), "msg-1", at, signature, got.body, NOW)


def test_a_redirect_is_not_followed() -> None:
    with receiving() as elsewhere, receiving(lambda _: elsewhere.url) as receiver:
        done = deliver(receiver.url, b"{}", message="m", now=NOW, private=True)
    assert (done.status, done.taken, elsewhere.got) == (302, False, [])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0x7f000001:{port}/",
        "http://2130706433:{port}/",
        "http://127.1:{port}/",
    ],
)
def test_nothing_goes_to_this_machine_in_whatever_way_it_is_written(url: str) -> None:
    with receiving() as receiver:
        port = receiver.url.rpartition(":")[2].partition("/")[0]
        done = deliver(url.format(port=port), b"{}", message="m", now=NOW)
    assert (done.status, done.final, receiver.got) == (0, True, [])
    assert "own network" in done.said


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "fd00::1",
        "::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "::ffff:10.0.0.1",
        "169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "0.0.0.0",
        "240.0.0.1",
    ],
)
def test_a_name_that_leads_into_the_shop_is_refused_when_it_is_connected_to(address: str) -> None:
    done = deliver("https://looks.example", b"{}", message="m", now=NOW, resolve=lambda *_: [address])
    assert (done.status, done.final) == (0, True)
    assert address in done.said


def test_a_name_with_one_public_and_one_private_address_is_refused_whole() -> None:
    done = deliver(
        "https://looks.example", b"{}", message="m", now=NOW, resolve=lambda *_: ["93.184.216.34", "10.0.0.1"]
    )
    assert done.final
    assert "10.0.0.1" in done.said


def test_even_the_owner_cannot_allow_the_address_that_hands_out_a_clouds_passwords() -> None:
    done = deliver("http://169.254.169.254/latest", b"{}", message="m", now=NOW, private=True)
    assert (done.status, done.final) == (0, True)


def test_what_was_checked_is_what_is_connected_to_and_the_name_is_asked_for_once() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    asked: list[str] = []

    def changing(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    with receiving() as receiver:
        port = receiver.url.rpartition(":")[2].partition("/")[0]
        done = deliver(
            f"http://changes.example:{port}/", b"{}", message="m", now=NOW, private=True, resolve=changing
        )
    assert (done.taken, asked) == (True, ["changes.example"])
    assert [got.headers["host"] for got in receiver.got] == [f"changes.example:{port}"]


def test_without_tls_nothing_goes_over_the_internet() -> None:
    done = deliver(
        "http://public.example",
        b"{}",
        message="m",
        now=NOW,
        private=True,
        resolve=lambda *_: ["93.184.216.34"],
    )
    assert done.final
    assert "https" in done.said


def test_a_receiver_that_never_finishes_its_answer_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def drip() -> None:
            conn, _ = listening.accept()
            with conn:
                conn.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.05):
                    try:
                        conn.sendall(b"X-More: and more\r\n")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        done = deliver(
            f"http://127.0.0.1:{listening.getsockname()[1]}",
            b"{}",
            message="m",
            now=NOW,
            private=True,
            within_s=0.5,
        )
        over.set()
        thread.join(10)
    assert (done.status, done.final) == (0, False)
    assert "0.5 s" in done.said


def test_a_name_that_nobody_looks_up_in_time_is_not_waited_for() -> None:
    over = threading.Event()

    def slow(_host: str, _port: int) -> list[str]:
        over.wait(30)
        return []

    done = deliver("https://slow.example", b"{}", message="m", now=NOW, resolve=slow, within_s=0.2)
    over.set()
    assert (done.status, done.final) == (0, False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a.example",
        "https://",
        "https://a b",
        "https://u:p@a.example",
        "https://a.example:0",
        "//a",
        "https://ä.example",
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(url: str) -> None:
    done = deliver(url, b"{}", message="m", now=NOW)
    assert done.final
    assert done.said.endswith(".")


def test_a_secret_comes_back_from_its_text_and_a_short_one_is_none() -> None:
    assert read_secret(secret_text(SECRET)) == SECRET
    for bad in ("whsec_", "whsec_AAAA", "whsec_*", "whsec_ä"):
        with pytest.raises(ValueError, match="whsec_"):
            read_secret(bad)
