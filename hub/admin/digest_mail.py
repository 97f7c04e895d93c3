"""A digest in words, outside of any request, and on its way: a mail to each receiver, a post to its web address."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import msgspec
from babel import Locale
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, render_template
from flask_babel import force_locale  # type: ignore[import-untyped]

from hub.admin.naming import Names
from hub.admin.values import Values
from hub.admin.wording import Wording
from hub.config import Config
from hub.devices import hub_key
from hub.figures.digest import Issue, Plan, make_due, posted, read_issue, read_plan
from hub.figures.question import Dimension
from hub.outside.delivery import Delivered, deliver
from hub.outside.signed import read_secret
from hub.store.base import Store
from hub.store.outs_records import DigestRecord, SendingRecord
from hub.store.whole import HubStore
from hub.storefront.languages import gettext, speak
from hub.watching.mail import send_mail
from hub.wire.sealing import BadSeal, unseal
from hub.wire.snapshot import Shop, say

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent
LOCALES = {"en": "en", "zh": "zh_Hans"}

AFTER_S = (60, 300, 1_800, 7_200, 21_600, 43_200)
"""Until the next try. After the last one a digest is given up: by then there is a newer one, or the page has it."""

HELD_S = 90.0
"""So long a sending is nobody else's: longer than a try takes."""

AT_ONCE = 10
LOOK_FOR_S = 20.0
"""How long one turn sends before other small jobs have theirs."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A digest as a mail says it."""

    subject: str
    text: str
    html: str


@contextmanager
def words_of(shop: Shop, language: str, now: float) -> Iterator[Wording]:
    """Inside, texts are in that language."""
    app = Flask("digest", static_folder=None, template_folder=str(HERE / "templates"))
    speak(app, HERE / "translations")
    spoken = language if language in LOCALES else "en"
    with app.test_request_context(query_string={"lang": spoken}), force_locale(LOCALES[spoken]):
        yield Wording(shop, Locale.parse(LOCALES[spoken]), now)


def naming(
    store: Store, plan: Plan, dimension: Dimension, values: Sequence[str], now: float
) -> dict[str, str]:
    """What values of a dimension are called, in the language of a digest."""
    shop = store.shop.get() or Shop(0, {})
    campaigns = {
        str(one.number): say(one.campaign.offer.title, plan.language) for one in store.campaigns.all()
    }
    staff = {one.id: one.name for one in store.people.staff()}
    shops = {}
    for number in store.shops():
        other = store.of_shop(number).shop.get()
        shops[str(number)] = say(other.name, plan.language) if other else str(number)
    with words_of(shop, plan.language, now) as wording:
        names = Names(wording, campaigns, staff, shops)
        return {value: names.of(dimension, value) for value in values}


def compose(issue: Issue, shop: Shop, url: str) -> Letter:
    """The mail. `url`: where its page is; "" where nobody has said how this hub is reached."""
    plan, days = issue.plan, issue.answer.question.days
    with words_of(shop, plan.language, issue.made_at) as wording:
        values = Values(wording, plan.language)
        span = wording.span(days.first, days.last)
        subject = gettext("%(name)s: %(days)s", name=plan.name, days=span)
        shown = {
            "issue": issue,
            "values": values,
            "w": wording,
            "span": span,
            "shop_name": say(shop.name, plan.language) or "Shopbell",
            "url": url,
            "lang": "zh-Hans" if plan.language == "zh" else "en",
        }
        return Letter(
            subject, render_template("mail/digest.txt", **shown), render_template("mail/digest.html", **shown)
        )


def write_letter(
    letter: Letter, sender: str, receiver: str, message: str, now: float, language: str
) -> EmailMessage:
    """One mail to one receiver: nobody learns who else gets it. `message` makes its id, the same at every try."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = receiver
    mail["Subject"] = letter.subject
    mail["Date"] = datetime.fromtimestamp(now, UTC)
    mail["Message-ID"] = f"<{message}@{sender.rpartition('@')[2] or 'shopbell'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = language
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    return mail


def work_digests(store: HubStore, config: Config, now: float) -> None:
    """One turn: what is due is made, what waits is sent. Cheap where there is nothing to do."""
    make_due(store, naming, now)
    began = time.monotonic()
    while time.monotonic() - began < LOOK_FOR_S:
        if not send_due(store, config, now):
            return


def send_due(store: HubStore, config: Config, now: float, context: ssl.SSLContext | None = None) -> int:
    """Send some of what is due; how many were tried. `context` checks the servers' certificates; the system's by default."""
    taken = store.digests.take(now, now + HELD_S, AT_ONCE)
    for sending in taken:
        done = _send(store, config, sending, now, context)
        with store.writing():
            if done.taken:
                store.digests.tried(sending, "sent", done.status, "", now, now)
                continue
            tries = sending.tries + 1
            over = tries > len(AFTER_S)
            next_at = now + AFTER_S[min(tries, len(AFTER_S)) - 1]
            store.digests.tried(
                sending, "given_up" if over else "waiting", done.status, done.said[:300], next_at, now
            )
        if over:
            logger.warning("a digest was given up shop=%d digest=%d", store.shop.number, sending.digest)
    return len(taken)


def _send(
    store: HubStore, config: Config, sending: SendingRecord, now: float, context: ssl.SSLContext | None
) -> Delivered:
    digest = store.digests.get(sending.digest)
    record = store.digests.issue(sending.digest, sending.issue)
    if digest is None or record is None:
        return Delivered(200, "")  # nobody wants it any more
    issue, shop = read_issue(record), store.shop.get() or Shop(0, {})
    message = f"digest-{store.shop.number}-{sending.digest}-{sending.issue}"
    url = f"{config.url.rstrip('/')}/manage/digests/{sending.digest}/{sending.issue}" if config.url else ""
    if sending.way == "mail":
        if not (config.smtp_host and config.smtp_from):
            return Delivered(0, "Mail needs HUB_SMTP_HOST and HUB_SMTP_FROM on the hub.")
        letter = compose(issue, shop, url)
        mail = write_letter(letter, config.smtp_from, sending.receiver, message, now, issue.plan.language)
        wrong = send_mail(config, mail, context)
        return Delivered(0 if wrong else 250, wrong)
    plan = read_plan(digest)
    secrets = _secrets(digest, hub_key(config.dir))
    if not secrets:
        return Delivered(0, "Its secret cannot be read with this hub's key. Make this digest anew.")
    body = posted(issue, store.shop.number, sending.issue, url)
    return deliver(
        plan.url, body, message=message, now=now, secrets=secrets, private=plan.private, context=context
    )


def _secrets(digest: DigestRecord, key: Ed25519PrivateKey) -> list[bytes]:
    try:
        return [read_secret(text) for text in msgspec.json.decode(unseal(key, digest.sealed), type=list[str])]
    except (BadSeal, msgspec.MsgspecError, ValueError):
        return []
