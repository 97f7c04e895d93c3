"""Mail to members by the shop's mail server: everything but the last dot beforehand, the dot inside the gate.

A server has no mail before "CR LF . CR LF" (RFC 5321, 4.1.1.4), so a mail that is held back there was never sent. Each mail of
the shop's own wish carries a link that ends messages, and says to mail programs that one request there is enough (RFC 2369, RFC
8058).
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TypeVar

from hub.messages.channel import GATE_S, ChannelName, Gate, Listener, NotSent, Outcome, Outgoing, Sent, Unsure
from hub.watching.mail import HERE
from hub.wire.fact import Medium

WITHIN_S = 20.0
_O = TypeVar("_O")
_END = b"\r\n.\r\n"
"""RFC 5321, 4.1.1.4."""


class Server:
    """The mail server of the settings (`HUB_SMTP_…`). `sender`: the address; `shown`: the shop's name, as readers see it."""

    __slots__ = ("host", "password", "port", "sender", "shown", "tls", "user")

    def __init__(
        self, host: str, port: int, tls: str, user: str, password: str, sender: str, shown: Callable[[], str]
    ) -> None:
        self.host, self.port, self.tls = host, port, tls
        self.user, self.password, self.sender, self.shown = user, password, sender, shown


class MailChannel:
    """A mail server as a channel."""

    name: ChannelName = "mail"
    medium: Medium = "mail"

    def __init__(
        self, server: Server, now: Callable[[], float], context: ssl.SSLContext | None = None
    ) -> None:
        self._server = server
        self._now = now
        self._context = context

    def hand_over(self, message: Outgoing, gate: Gate) -> Outcome:
        """Send it."""
        mail = write_letter(message, self._server.sender, self._server.shown(), self._now())
        line: smtplib.SMTP | None = None
        try:
            line = self._connected()
            refused = self._announced(line, message.address)
            if refused is not None:
                return refused
            # A dot at the beginning of a line is doubled (RFC 5321, 4.5.2).
            content = mail.as_bytes(policy=SMTP).rstrip(b"\r\n").replace(b"\r\n.", b"\r\n..")
            line.send(content)
        except smtplib.SMTPAuthenticationError:
            return _drop(
                line, NotSent("gone", "The mail server does not know HUB_SMTP_USER with this password.")
            )
        except (smtplib.SMTPException, OSError) as wrong:
            return _drop(line, NotSent("gone", f"The mail server could not be used: {type(wrong).__name__}."))
        with gate() as go:
            if not go:
                # Without its end it is no mail: the server throws away what it has.
                return _drop(line, NotSent("held"))
            if line.sock is not None:
                line.sock.settimeout(GATE_S)
            given = _give(line)
        outcome = (
            _answered(line) if given else Unsure("The connection to the mail server broke with the mail.")
        )
        return _drop(line, outcome)

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.tls == "none" and server.host not in HERE:
            raise smtplib.SMTPException("without TLS mail goes to this machine only")
        checked = self._context or ssl.create_default_context()
        line: smtplib.SMTP
        if server.tls == "tls":
            line = smtplib.SMTP_SSL(server.host, server.port, timeout=WITHIN_S, context=checked)
        else:
            line = smtplib.SMTP(server.host, server.port, timeout=WITHIN_S)
        line.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            line.starttls(context=checked)
            line.ehlo_or_helo_if_needed()
        if server.user:
            line.login(server.user, server.password)
        return line

    def _announced(self, line: smtplib.SMTP, address: str) -> NotSent | None:
        code, _ = line.mail(self._server.sender)
        if code != 250:
            return _no(line, code, "The mail server does not take our sender")
        code, _ = line.rcpt(address)
        if code not in (250, 251):
            return _no(line, code, "The mail server does not take this address")
        code, _ = line.docmd("DATA")
        return None if code == 354 else _no(line, code, "The mail server takes no mail")

    def listen(self, listener: Listener) -> None:
        """Mail that comes to the shop is read by its own mail program."""

    def trouble(self) -> str:
        """Nothing is known before a mail is sent."""
        return ""

    def close(self) -> None:
        """Nothing stays open."""


def write_letter(message: Outgoing, sender: str, shown: str, now: float) -> EmailMessage:
    """One mail. ValueError is never raised: what cannot stand in a header is left out of it."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(_line(shown), addr_spec=sender) if shown else sender
    mail["To"] = message.address
    subject = _line(message.subject) or _line(message.text.strip().splitlines()[0])[:78]
    mail["Subject"] = subject
    mail["Date"] = datetime.fromtimestamp(now, UTC)
    mail["Message-ID"] = f"<shopbell-{message.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    text = message.text
    if message.stop_link:
        mail["List-Unsubscribe"] = f"<{message.stop_link}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if message.stop_link not in text:
            text = f"{text.rstrip()}\n\n-- \n{message.stop_link}\n"
    mail.set_content(text, cte="quoted-printable")
    return mail


def _line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _give(line: smtplib.SMTP) -> bool:
    try:
        line.send(_END)
    except (smtplib.SMTPException, OSError):
        return False
    return True


def _answered(line: smtplib.SMTP) -> Outcome:
    try:
        if line.sock is not None:
            line.sock.settimeout(WITHIN_S * 3)
        code, _ = line.getreply()
    except (smtplib.SMTPException, OSError):
        return Unsure("The mail server did not answer: it may have the mail or not.")
    if code == 250:
        return Sent()
    return NotSent(
        "busy" if 400 <= code < 500 else "refused", f"The mail server refused the mail with {code}."
    )


def _no(line: smtplib.SMTP, code: int, sentence: str) -> NotSent:
    line.close()
    return NotSent("busy" if 400 <= code < 500 else "refused", f"{sentence} (answer {code}).")


def _drop(line: smtplib.SMTP | None, outcome: _O) -> _O:
    if line is not None:
        line.close()
    return outcome
