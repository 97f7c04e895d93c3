"""Alarms reach a real receiver of webhooks and a real mail server, once each, also when the hub starts again."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.app import create_app, open_database
from hub.client.link import WsgiLink
from hub.client.warnings import Shown
from hub.config import Config
from hub.devices import hub_key
from hub.health import SILENT_AFTER_S, look
from hub.outside.signed import is_signed, read_secret, secret_text
from hub.watching.mail import send_mail, write_mail
from hub.watching.teller import channels, tell
from hub.watching.telling import CALM_S, look_at
from tests.hub_house import House
from tests.printer_emulator import free_port
from tests.webhook_receiver import Receiver, receiving

SECRET = secret_text(bytes(range(32)))
AGAIN_S = 12 * 3_600.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "hub")
    yield made
    made.close()


def troubles(house: House) -> list[Shown]:
    return look(house.store, Config(house.folder), house.now)


def say(house: House, config: Config) -> int:
    return tell(
        house.store,
        troubles(house),
        channels(config, house.store, lambda: house.now),
        lambda: house.now,
        AGAIN_S,
    )


def test_a_silent_node_is_told_once_signed_and_told_when_it_is_back(house: House, receiver: Receiver) -> None:
    config = Config(house.folder, alarm_url=receiver.url, alarm_secret=SECRET)
    till = house.node(name="Till 1")
    till.report()
    assert say(house, config) == 0
    house.now += SILENT_AFTER_S + 1
    assert say(house, config) == 1
    headers, body = receiver.got[0].headers, receiver.got[0].body
    assert is_signed(
        read_secret(SECRET), headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], body,
        house.now,
    )  # fmt: skip
    (one,) = msgspec.json.decode(body)["data"]["troubles"]
    assert (one["code"], one["subject"], one["what"]["en"]) == ("device-silent", "Till 1", "Till 1 is silent")
    # A hub that starts again has it in its database.
    house.store.close()
    house.store = open_database(house.folder)
    for _ in range(20):
        house.now += 30
        assert say(house, config) == 0
    till.house = house
    house.app = create_app(
        Config(house.folder), house.store, hub_key(house.folder), clock=house.clock, admin=False
    )
    house.link = WsgiLink(house.app)
    till.report()
    assert say(house, config) == 0
    house.now += CALM_S + 1
    till.report()
    assert say(house, config) == 1
    assert [row["subject"] for row in msgspec.json.decode(receiver.got[-1].body)["data"]["over"]] == [
        "Till 1"
    ]
    assert len(receiver.got) == 2


def test_a_receiver_that_fails_is_tried_again_and_keeps_no_other_channel_waiting(
    house: House, receiver: Receiver
) -> None:
    config = Config(house.folder, alarm_url=receiver.url)
    house.node(name="Till 1").report()
    house.now += SILENT_AFTER_S + 1
    receiver.answer = lambda _: 500
    assert say(house, config) == 0
    assert say(house, config) == 0
    assert len(receiver.got) == 1
    assert {row.channel: row.tries for row in house.store.alarms.all()} == {"screen": 0, "url": 1}
    receiver.answer = lambda _: 204
    house.now += 61
    assert say(house, config) == 1
    assert len(receiver.got) == 2


@dataclass
class Mails:
    """What a mail server took."""

    got: list[Message] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        self.got.append(message_from_bytes(envelope.content, policy=default))
        return "250 taken"


def certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Mails, int, Path]]:
    pem = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    mails = Mails()

    def check(_server: Any, _session: Any, _envelope: Any, _how: str, given: LoginPassword) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (b"hub", b"tea"), handled=False)

    running = Controller(
        mails, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True, authenticator=check,
        auth_required=True,
    )  # fmt: skip
    running.start()
    assert running.server is not None
    yield mails, running.server.sockets[0].getsockname()[1], pem
    running.stop()


def mail_config(folder: Path, port: int, **more: Any) -> Config:
    plain: dict[str, Any] = {
        "alarm_mail": ("ines@example.org", "office@example.org"), "smtp_host": "localhost", "smtp_port": port,
        "smtp_user": "hub", "smtp_password": "tea", "smtp_from": "hub@example.org",
    }  # fmt: skip
    return Config(folder, **(plain | more))


def test_a_mail_goes_out_over_tls_to_a_server_that_was_checked(
    house: House, server: tuple[Mails, int, Path]
) -> None:
    mails, port, pem = server
    config = mail_config(house.folder, port)
    house.node(name="Till\r\nBcc: evil@example.org").report()
    house.now += SILENT_AFTER_S + 1
    turn = look_at("mail", [], troubles(house), house.now, AGAIN_S)
    shop = house.store.shop.get()
    assert shop is not None
    mail = write_mail(turn, shop, config, "alarm-1", house.now)
    assert "could not be used: SSLCertVerificationError" in send_mail(config, mail)
    trusting = ssl.create_default_context(cafile=str(pem))
    assert send_mail(config, mail, trusting) == ""
    (got,) = mails.got
    assert got["To"] == "ines@example.org, office@example.org"
    assert got["Message-ID"] == "<alarm-1@example.org>"
    assert got["Bcc"] is None
    text = got.get_content()  # type: ignore[attr-defined]
    assert "is silent" in text
    assert "没有消息" in text


def test_a_mail_server_that_does_not_know_us_is_told_without_the_password(
    house: House, server: tuple[Mails, int, Path]
) -> None:
    mails, port, pem = server
    config = mail_config(house.folder, port, smtp_password="wrong-password")
    house.node(name="Till 1").report()
    house.now += SILENT_AFTER_S + 1
    turn = look_at("mail", [], troubles(house), house.now, AGAIN_S)
    shop = house.store.shop.get()
    assert shop is not None
    said = send_mail(
        config, write_mail(turn, shop, config, "a", house.now), ssl.create_default_context(cafile=str(pem))
    )
    assert said == "The mail server does not know HUB_SMTP_USER with this password."
    assert mails.got == []


def test_without_tls_no_mail_leaves_this_machine(house: House) -> None:
    config = mail_config(house.folder, 25, smtp_host="mail.example.org", smtp_tls="none")
    house.node(name="Till 1").report()
    house.now += SILENT_AFTER_S + 1
    turn = look_at("mail", [], troubles(house), house.now, AGAIN_S)
    shop = house.store.shop.get()
    assert shop is not None
    assert "this machine only" in send_mail(config, write_mail(turn, shop, config, "a", house.now))


def test_strangers_hear_of_a_trouble_but_of_no_name_no_path_and_no_address(house: House) -> None:
    house.node(name="Till 1").report()
    house.now += SILENT_AFTER_S + 1
    config = Config(house.folder, backup_to=f"file:{house.folder}/elsewhere")
    app = create_app(config, house.store, house.key, clock=house.clock, admin=False)
    client = app.test_client()
    outside = client.get("/healthz", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert outside.status_code == 200
    told = outside.get_json()
    assert {"code": "device-silent", "severity": "warning"} in told["warnings"]
    assert {"code": "backup-late", "severity": "warning"} in told["warnings"]
    assert told["status"] == "warning"
    for word in ("Till 1", str(house.folder), "127.0.0.1", "since", "what"):
        assert word not in outside.get_data(as_text=True)
    here = client.get("/healthz")
    assert "Till 1 is silent" in here.get_data(as_text=True)
