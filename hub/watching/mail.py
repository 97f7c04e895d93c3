"""Sends one mail: over TLS, checked, or without it to this machine alone."""

from __future__ import annotations

import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage

from hub.config import Config
from hub.watching.messages import mail_subject, mail_text
from hub.watching.telling import Turn
from hub.wire.snapshot import Shop

WITHIN_S = 15.0
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def write_mail(turn: Turn, shop: Shop, config: Config, message: str, now: float) -> EmailMessage:
    """One mail to everybody who gets alarms. `message` makes its id, so that it is not kept twice."""
    mail = EmailMessage()
    mail["From"] = config.smtp_from
    mail["To"] = ", ".join(config.alarm_mail)
    mail["Subject"] = mail_subject(turn, shop)
    mail["Date"] = datetime.fromtimestamp(now, UTC)
    mail["Message-ID"] = f"<{message}@{config.smtp_from.rpartition('@')[2] or 'shopbell'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(mail_text(turn))
    return mail


def send_mail(config: Config, mail: EmailMessage, context: ssl.SSLContext | None = None) -> str:
    """Send it; "" where the server took it, else why not, as a sentence without a secret. `context` checks the server's
    certificate; the system's by default."""
    if not (config.smtp_host and config.smtp_from):
        return "Alarms by mail need HUB_SMTP_HOST and HUB_SMTP_FROM."
    if config.smtp_tls == "none" and config.smtp_host not in HERE:
        return "Without TLS mail goes to a server on this machine only. Set HUB_SMTP_TLS."
    checked = context or ssl.create_default_context()
    try:
        if config.smtp_tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                config.smtp_host, config.smtp_port, timeout=WITHIN_S, context=checked
            )
        else:
            server = smtplib.SMTP(config.smtp_host, config.smtp_port, timeout=WITHIN_S)
        with server:
            if config.smtp_tls == "starttls":
                server.starttls(context=checked)
            if config.smtp_user:
                server.login(config.smtp_user, config.smtp_password)
            server.send_message(mail)
    except smtplib.SMTPAuthenticationError:
        return "The mail server does not know HUB_SMTP_USER with this password."
    except smtplib.SMTPResponseException as wrong:
        return f"The mail server refused it with {wrong.smtp_code}."
    except (smtplib.SMTPException, OSError) as wrong:
        return f"The mail server could not be used: {type(wrong).__name__}."
    return ""
