"""Every channel of messages against a peer: nothing without the gate, each once, what is open is called unsure, reports and
stops."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import http_ece
import msgspec
import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID

from hardware.modem.fields import Piece
from hub.messages.channel import (
    Channel,
    ChannelName,
    Heard,
    HeardPart,
    NotSent,
    Outgoing,
    Reported,
    Sent,
    Unsure,
)
from hub.messages.http import HttpChannel, Provider
from hub.messages.mail import MailChannel, Server
from hub.messages.modem import ModemChannel
from hub.messages.posting import NoWay, Posting
from hub.messages.push import PushChannel, push_key
from hub.messages.pushed import BadSubscription, Subscription, public_text, read_subscription
from hub.messages.screen import ScreenChannel, notes_for, show_notes, tell_notes
from hub.messages.smpp import Centre as Where
from hub.messages.smpp import SmppChannel
from hub.question import Here
from hub.wire.sync_members import MemberReply
from tests.message_centre import Centre, message_centre
from tests.message_house import MessageHouse, letter
from tests.modem_bench import FarBench, until
from tests.printer_emulator import free_port
from tests.webhook_receiver import Receiver, receiving

NOW = 1_795_000_000.0
NUMBER = "+493012345678"


@dataclass
class Gates:
    """Gates as a test wants them; how often each was passed."""

    opens: bool = True
    passed: int = 0

    @contextmanager
    def __call__(self) -> Iterator[bool]:
        self.passed += 1
        yield self.opens


@dataclass
class Ears:
    """Who listens, in memory; `full`: nothing can be kept now."""

    heards: list[Heard] = field(default_factory=list)
    parts: list[HeardPart] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    reports: list[Reported] = field(default_factory=list)
    full: bool = False

    def heard(self, heard: Heard) -> None:
        if self.full:
            raise OSError("no space left on device")
        self.heards.append(heard)

    def heard_part(self, part: HeardPart) -> None:
        if self.full:
            raise OSError("no space left on device")
        self.parts.append(part)

    def acknowledged(self, channel: ChannelName, key: str) -> None:
        assert channel == "smpp"
        self.told.append(key)

    def reported(self, reported: Reported) -> None:
        if self.full:
            raise OSError("no space left on device")
        self.reports.append(reported)


def outgoing(text: str = "Hello", address: str = NUMBER, **more: str) -> Outgoing:
    return Outgoing("7-12", address, text, **more)  # type: ignore[arg-type]  # words


# By a provider on the web


def provider(receiver: Receiver, **more: str) -> HttpChannel:
    return HttpChannel(
        lambda: Provider(receiver.url, token="top-secret", sender="Corner", **more), answer_s=0.5
    )


def test_a_provider_gets_a_message_once_with_its_name_and_our_token() -> None:
    with receiving(lambda _: 202) as receiver:
        assert provider(receiver).hand_over(outgoing("Grüße 你好"), Gates()) == Sent(1)
        assert provider(receiver, style="form").hand_over(outgoing("Grüße"), Gates()) == Sent(1)
    first, second = receiver.got
    assert msgspec.json.decode(first.body) == {
        "to": NUMBER,
        "text": "Grüße 你好",
        "from": "Corner",
        "id": "7-12",
    }
    assert first.headers["authorization"] == "Bearer top-secret"
    assert first.headers["idempotency-key"] == "7-12"
    assert parse_qs(second.body.decode()) == {
        "To": [NUMBER], "Body": ["Grüße"], "From": ["Corner"], "Reference": ["7-12"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (500, "Unsure"), (502, "Unsure"), (401, "gone"), (402, "no-credit"), (429, "busy"), (503, "busy"), (400, "refused"),
        (404, "refused"),
    ],
)  # fmt: skip
def test_what_a_provider_answers_is_told_as_what_it_is(status: int, outcome: str) -> None:
    with receiving(lambda _: status) as receiver:
        done = provider(receiver).hand_over(outgoing(), Gates())
    assert (done.reason if isinstance(done, NotSent) else type(done).__name__) == outcome
    assert len(receiver.got) == 1


def test_a_provider_that_hangs_leaves_it_unsure_and_one_that_is_away_has_nothing() -> None:
    hung = threading.Event()
    with receiving(lambda _: (hung.wait(10) and 200) or 200) as receiver:
        done = provider(receiver).hand_over(outgoing(), Gates())
        hung.set()
        assert isinstance(done, Unsure)
    gate = Gates()
    gone = provider(receiver).hand_over(outgoing(), gate)
    assert isinstance(gone, NotSent)
    assert (gone.reason, gate.passed) == ("gone", 0)


def test_a_shut_gate_lets_nothing_to_a_provider() -> None:
    with receiving() as receiver:
        assert provider(receiver).hand_over(outgoing(), Gates(opens=False)) == NotSent("held")
        assert receiver.got == []


def test_the_providers_own_name_of_a_message_is_kept() -> None:
    from hub.messages import http

    with answering(b'{"sid": "SM-17"}') as url:
        channel = http.HttpChannel(lambda: Provider(url))
        assert channel.hand_over(outgoing("x" * 200), Gates()) == Sent(2, ("SM-17",))


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """A server that takes one request and answers with this body."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        session, _ = server.accept()
        with session:
            session.recv(65_536)
            session.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/send"
    thread.join(5)
    server.close()


def test_no_posting_goes_where_it_must_not() -> None:
    with receiving() as receiver:
        with pytest.raises(NoWay) as wrong:
            Posting(receiver.url)
        assert wrong.value.final
        with pytest.raises(NoWay, match="TLS"):
            Posting("http://example.org/", private=True, resolve=lambda _host, _port: ["93.184.216.34"])
        assert receiver.got == []


# By a message centre


@contextmanager
def session(centre: Centre, *, quiet_s: float = 30.0) -> Iterator[SmppChannel]:
    channel = SmppChannel(
        Where("127.0.0.1", centre.port, "shop", centre.password, quiet_s=quiet_s),
        lambda: "Corner",
        reference=lambda: 7,
    )
    try:
        yield channel
    finally:
        channel.close()


def ready(channel: Channel) -> None:
    until(lambda: channel.trouble() == "")


def test_a_centre_gets_a_message_once_and_says_how_it_calls_it() -> None:
    with message_centre() as centre, session(centre) as channel:
        ready(channel)
        assert channel.hand_over(outgoing("Hello €"), Gates()) == Sent(1, ("m1",))
        assert channel.hand_over(outgoing("你好"), Gates()) == Sent(1, ("m2",))
    plain, chinese = centre.got
    assert (plain.source, plain.to, plain.coding, plain.report) == ("Corner", NUMBER[1:], 0, 1)
    assert plain.octets == b"Hello \x1be"
    assert (chinese.coding, chinese.octets.decode("utf-16-be")) == (8, "你好")


def test_a_long_message_goes_as_joined_parts_in_one_gate() -> None:
    gate = Gates()
    with message_centre() as centre, session(centre) as channel:
        ready(channel)
        assert channel.hand_over(outgoing("字" * 150), gate) == Sent(3, ("m1", "m2", "m3"))
    assert gate.passed == 1
    assert [one.octets[:6] for one in centre.got] == [
        b"\x05\x00\x03\x07\x03" + bytes([at]) for at in (1, 2, 3)
    ]
    assert "".join(one.octets[6:].decode("utf-16-be") for one in centre.got) == "字" * 150
    assert {one.esm_class for one in centre.got} == {0x40}


def test_a_shut_gate_lets_nothing_to_a_centre_and_the_next_message_goes() -> None:
    with message_centre() as centre, session(centre) as channel:
        ready(channel)
        assert channel.hand_over(outgoing(), Gates(opens=False)) == NotSent("held")
        assert centre.got == []
        assert isinstance(channel.hand_over(outgoing(), Gates()), Sent)


@pytest.mark.parametrize(
    ("status", "reason"), [(0x58, "busy"), (0x14, "busy"), (0x0B, "bad-number"), (0x45, "refused")]
)
def test_what_a_centre_refuses_is_told_as_what_it_is(status: int, reason: str) -> None:
    with message_centre(lambda _: status) as centre, session(centre) as channel:
        ready(channel)
        done = channel.hand_over(outgoing(), Gates())
    assert isinstance(done, NotSent)
    assert done.reason == reason


def test_parts_of_which_only_some_were_taken_and_a_session_that_breaks_are_unsure() -> None:
    with message_centre(lambda number: 0 if number == 1 else 0x45) as centre, session(centre) as channel:
        ready(channel)
        assert isinstance(channel.hand_over(outgoing("x" * 200), Gates()), Unsure)
    with message_centre(lambda _: None) as centre, session(centre) as channel:
        ready(channel)
        threading.Thread(target=lambda: (centre.wait_for(lambda: centre.got), centre.drop())).start()
        assert isinstance(channel.hand_over(outgoing(), Gates()), Unsure)
        # It comes back by itself, and what is sent then goes.
        until(lambda: centre.binds == 2 and channel.trouble() == "")
        centre.answer = lambda _: 0
        assert isinstance(channel.hand_over(outgoing(), Gates()), Sent)


def test_a_centre_that_says_nothing_is_asked_and_left_and_a_wrong_password_is_told() -> None:
    with message_centre() as centre, session(centre, quiet_s=0.8) as channel:
        ready(channel)
        centre.wait_for(lambda: centre.enquired >= 2)
        assert centre.binds == 1, "it answers, so the session stays"
        centre.silent = True
        centre.wait_for(lambda: centre.binds >= 2)
    with message_centre() as centre:
        channel = SmppChannel(Where("127.0.0.1", centre.port, "shop", "wrong"), lambda: "")
        until(lambda: "password" in channel.trouble())
        gate = Gates()
        assert isinstance(channel.hand_over(outgoing(), gate), NotSent)
        assert gate.passed == 0
        channel.close()


def test_what_comes_from_a_centre_is_acknowledged_when_it_is_kept_and_its_key_ends_with_that() -> None:
    ears = Ears(full=True)
    with message_centre() as centre, session(centre) as channel:
        ready(channel)
        channel.listen(ears)
        first = centre.deliver("4930222", b"COFFEE")
        centre.wait_for(lambda: centre.acknowledged)
        assert centre.acknowledged == [(first, 0x64)]
        assert ears.told == []
        ears.full = False
        second = centre.deliver("4930222", b"COFFEE")
        third = centre.deliver("4930222", b"COFFEE")
        centre.wait_for(lambda: len(centre.acknowledged) == 3)
        until(lambda: len(ears.told) == 2)
    assert centre.acknowledged[1:] == [(second, 0), (third, 0)]
    assert [(one.sender, one.text, one.to) for one in ears.heards] == [("+4930222", "COFFEE", "4930")] * 2
    assert [one.key for one in ears.heards] == ears.told


def test_parts_of_a_long_message_from_a_centre_are_given_as_parts_and_receipts_are_reports() -> None:
    ears = Ears()
    text = "请问你们周末几点开门？" * 12
    whole = text.encode("utf-16-be")
    pieces = [whole[at : at + 134] for at in range(0, len(whole), 134)]
    with message_centre() as centre, session(centre) as channel:
        ready(channel)
        channel.listen(ears)
        for number, piece in sorted(enumerate(pieces, 1), reverse=True):
            head = b"\x05\x00\x03\x2a" + bytes([len(pieces), number])
            centre.deliver("4930222", head + piece, esm_class=0x40, coding=8)
        centre.receipt("m1")
        centre.receipt("m2", "UNDELIV")
        centre.receipt("m3", "ENROUTE")
        centre.wait_for(lambda: len(centre.acknowledged) == len(pieces) + 3)
    assert ears.heards == []
    assert [(one.sender, one.to, one.coding) for one in ears.parts] == [("+4930222", "4930", "ucs-2")] * len(
        pieces
    )
    assert [one.piece for one in reversed(ears.parts)] == [
        Piece(0x2A, len(pieces), number) for number in range(1, len(pieces) + 1)
    ]
    assert "".join(one.text for one in reversed(ears.parts)) == text
    assert [(one.reference, one.outcome) for one in ears.reports] == [
        ("m1", "delivered"), ("m2", "failed"), ("m3", "trying"),
    ]  # fmt: skip


def test_parts_whose_place_stands_beside_the_text_are_parts_too_also_where_they_say_the_same() -> None:
    ears = Ears(full=True)
    with message_centre() as centre, session(centre) as channel:
        ready(channel)
        channel.listen(ears)
        for number in (1, 2):
            centre.deliver("4930222", b"HA HA HA ", place=(0x1234, 2, number))
        centre.wait_for(lambda: len(centre.acknowledged) == 2)
        assert {status for _, status in centre.acknowledged} == {0x64}, (
            "a part that is not kept is sent again"
        )
        ears.full = False
        for number in (1, 2, 2):
            centre.deliver("4930222", b"HA HA HA ", place=(0x1234, 2, number))
        centre.wait_for(lambda: len(centre.acknowledged) == 5)
    assert [one.piece for one in ears.parts] == [Piece(0x1234, 2, number, wide=True) for number in (1, 2, 2)]
    assert len({one.key for one in ears.parts}) == 2, "the same octets at the same place have the same key"


# By a modem


def test_a_modem_sends_behind_the_gate_and_a_shut_one_lets_nothing_out(tmp_path: Path) -> None:
    bench = FarBench(tmp_path)
    channel = ModemChannel(bench.modem)
    try:
        assert channel.hand_over(outgoing(), Gates(opens=False)) == NotSent(
            "held", "It was held back at the last moment."
        )
        assert bench.taken() == []
        gate = Gates()
        done = channel.hand_over(outgoing("字" * 80), gate)
        assert isinstance(done, Sent)
        assert (done.parts, len(done.references), gate.passed) == (2, 2, 1)
        assert bench.taken() == [(NUMBER, "字" * 80)]
        ears = Ears()
        channel.listen(ears)
        bench.arrive(NUMBER, "谢谢")
        bench.report(int(done.references[0]))
        until(lambda: ears.heards and ears.reports)
        assert (ears.heards[0].sender, ears.heards[0].text) == (NUMBER, "谢谢")
        assert (ears.reports[0].message, ears.reports[0].outcome) == ("7-12", "delivered")
    finally:
        channel.close()
        bench.close()


# By mail


@dataclass
class Post:
    """A mail server that keeps what it gets."""

    mails: list[EmailMessage] = field(default_factory=list)
    code: str = "250 OK"
    refuses: str = ""
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        if self.code.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        return self.code


@contextmanager
def post_office() -> Iterator[Post]:
    post = Post(port=free_port())
    controller = Controller(post, hostname="127.0.0.1", port=post.port)
    controller.start()
    try:
        yield post
    finally:
        controller.stop()


def mailer(post: Post) -> MailChannel:
    server = Server("127.0.0.1", post.port, "none", "", "", "shop@example.org", lambda: "Corner & 街角")
    return MailChannel(server, lambda: NOW)


def test_a_mail_is_whole_and_ends_messages_with_one_request() -> None:
    link = "https://shop.example/u/abc"
    text = "Liebe Ann,\n.\n..zwei Punkte\n你好 " + "x" * 2_000
    with post_office() as post:
        done = mailer(post).hand_over(
            outgoing(text, "ann@example.org", subject="Neu\nBcc: a@b", stop_link=link), Gates()
        )
    assert done == Sent()
    (mail,) = post.mails
    assert str(mail["To"]) == "ann@example.org"
    assert str(mail["Subject"]) == "Neu Bcc: a@b"
    assert mail["Bcc"] is None
    assert str(mail["List-Unsubscribe"]) == f"<{link}>"
    assert str(mail["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    assert mail.get_content().replace("\r\n", "\n").rstrip() == f"{text}\n\n-- \n{link}"
    assert "街角" in str(mail["From"])


def test_a_mail_that_is_held_at_its_last_dot_was_never_sent() -> None:
    with post_office() as post:
        assert mailer(post).hand_over(outgoing(address="ann@example.org"), Gates(opens=False)) == NotSent(
            "held"
        )
        # The server has seen the connection end, and is ready for the next one.
        assert mailer(post).hand_over(outgoing("Second", "ann@example.org"), Gates()) == Sent()
    assert [mail.get_content().strip() for mail in post.mails] == ["Second"]


@pytest.mark.parametrize(
    ("code", "refuses", "reason"),
    [
        ("451 later", "", "busy"),
        ("554 no", "", "refused"),
        ("250 OK", "550 nobody", "refused"),
        ("250 OK", "450 grey", "busy"),
    ],
)
def test_what_a_mail_server_refuses_is_told_as_what_it_is(code: str, refuses: str, reason: str) -> None:
    with post_office() as post:
        post.code, post.refuses = code, refuses
        gate = Gates()
        done = mailer(post).hand_over(outgoing(address="ann@example.org"), gate)
    assert isinstance(done, NotSent)
    assert done.reason == reason
    assert gate.passed == (0 if refuses else 1)
    assert "ann@" not in done.sentence


# By push


@dataclass
class Browser:
    """A browser that asked to be told: its own keys, and an independent way to read what comes."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = bytes(range(16))

    def subscription(self) -> Subscription:
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return read_subscription(self.endpoint, plain64(point), plain64(self.auth))

    def read(self, body: bytes) -> dict[str, str]:
        told = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        found: dict[str, str] = msgspec.json.decode(told)
        return found


def plain64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def from64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a push service on loopback shows, and who believes it."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "push")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(dt.datetime(2020, 1, 1)).not_valid_after(dt.datetime(2049, 1, 1))  # noqa: DTZ001 - as x509 wants it
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "all.pem").write_bytes(secret + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "all.pem")
    client = ssl.create_default_context(cadata=pem.decode())
    return server, client


def pusher(
    folder: Path, client: ssl.SSLContext, gone: Callable[[Subscription], None] = lambda _one: None
) -> PushChannel:
    return PushChannel(push_key(folder), "shop@example.org", lambda: NOW, gone, private=True, context=client)


def to_browsers(text: str, *browsers: Browser) -> Outgoing:
    address = msgspec.json.encode([one.subscription() for one in browsers]).decode()
    return outgoing(text, address, subject="Corner")


def test_a_push_message_is_read_by_the_browser_alone_and_signed_by_the_shops_own_key(
    tmp_path: Path, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    with receiving(lambda _: 201, tls=tls[0]) as receiver:
        browser = Browser(receiver.url)
        done = pusher(tmp_path, tls[1]).hand_over(
            to_browsers("你好 https://shop.example/n/0076", browser), Gates()
        )
    assert done == Sent(1)
    (got,) = receiver.got
    told = browser.read(got.body)
    assert (told["title"], told["link"]) == ("Corner", "https://shop.example/n/0076")
    assert told["text"].startswith("你好")
    assert "你好".encode() not in got.body
    assert (got.headers["content-encoding"], got.headers["ttl"]) == ("aes128gcm", "86400")
    # The key is the same after a restart, and lies in a file that others cannot read.
    key = push_key(tmp_path)
    assert (tmp_path / "push.key").stat().st_mode & 0o77 == 0
    words = dict(
        part.strip().split("=", 1) for part in got.headers["authorization"].removeprefix("vapid ").split(",")
    )
    assert words["k"] == public_text(key)
    head, claims, signature = words["t"].split(".")
    raw = from64(signature)
    whole = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.public_key().verify(whole, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    said = msgspec.json.decode(from64(claims))
    assert said["aud"] == receiver.url.removesuffix("/hook")
    assert NOW < said["exp"] <= NOW + 86_400
    assert said["sub"] == "mailto:shop@example.org"


def test_a_browser_that_is_gone_is_forgotten_and_a_silent_service_leaves_it_unsure(
    tmp_path: Path, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    gone: list[Subscription] = []
    for status, outcome in ((410, "no-address"), (500, "Unsure"), (429, "busy"), (413, "refused")):
        with receiving(lambda _, status=status: status, tls=tls[0]) as receiver:  # type: ignore[misc]  # bound at once
            done = pusher(tmp_path, tls[1], gone.append).hand_over(
                to_browsers("x", Browser(receiver.url)), Gates()
            )
        assert (done.reason if isinstance(done, NotSent) else type(done).__name__) == outcome
    assert len(gone) == 1


def test_all_browsers_of_a_member_get_it_in_one_gate_and_a_shut_one_lets_nothing_out(
    tmp_path: Path, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    with receiving(lambda _: 201, tls=tls[0]) as receiver:
        both = [Browser(receiver.url), Browser(receiver.url + "2")]
        channel = pusher(tmp_path, tls[1])
        assert channel.hand_over(to_browsers("x", *both), Gates(opens=False)) == NotSent("held")
        assert receiver.got == []
        gate = Gates()
        assert channel.hand_over(to_browsers("x" * 9_000, *both), gate) == Sent(1)
    assert gate.passed == 1
    assert {got.path for got in receiver.got} == {"/hook", "/hook2"}
    assert all(len(got.body) <= 4_096 for got in receiver.got)


def test_a_browser_cannot_send_us_into_the_shops_own_network(tmp_path: Path) -> None:
    with receiving(lambda _: 201) as receiver:
        https = Browser(receiver.url.replace("http:", "https:"))
        channel = PushChannel(push_key(tmp_path), "shop@example.org", lambda: NOW, lambda _one: None)
        done = channel.hand_over(to_browsers("x", https), Gates())
        assert isinstance(done, NotSent)
        assert receiver.got == []
    for endpoint, point, auth in (
        ("http://push.example/x", plain64(bytes(65)), plain64(bytes(16))),
        ("https://push.example/x", plain64(b"\x04" + bytes(64)), plain64(bytes(16))),
        ("https://push.example/x", "?", "?"),
        ("https://push.example/" + "x" * 2_000, plain64(bytes(65)), plain64(bytes(16))),
    ):
        with pytest.raises(BadSubscription):
            read_subscription(endpoint, point, auth)


# On a screen


def test_what_a_screen_shows_next_time_stands_there_once(tmp_path: Path) -> None:
    house = MessageHouse(tmp_path)
    member = house.member(media=("screen",))
    house.queue(letter(1, member, medium="screen", text="Your parcel is here, {name}", campaign=1))
    channel = ScreenChannel(house.store, lambda: house.now)
    house.run(house.hander(channel))  # type: ignore[arg-type]  # a channel of another make
    (note,) = notes_for(house.store, member, house.now)
    assert (note.text, note.campaign) == ("Your parcel is here, Ann", 1)
    # The till sees it beside the member; their own page shows it once.
    here = Here(house.store, house.key, lambda: house.people, "ntp", None)  # type: ignore[arg-type]  # asked by nobody
    told = tell_notes(here, MemberReply(member), house.now).notes
    assert [one.text for one in told] == ["Your parcel is here, Ann"]
    assert show_notes(house.store, member, house.now) == ["Your parcel is here, Ann"]
    assert show_notes(house.store, member, house.now) == []
    assert tell_notes(here, MemberReply(member), house.now).notes == ()
    house.now += 86_400
    second = house.queue(letter(2, member, medium="screen"))
    house.stop(member)
    house.run(house.hander(channel))  # type: ignore[arg-type]  # as above
    assert notes_for(house.store, member, house.now) == []
    assert house.kept(second).state == "stopped"
    house.close()
