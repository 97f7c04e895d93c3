"""Members at the till: a card is scanned, and staff see who it is, what they have, what there is to do; a guest is asked to join.

What the hub told of a member is in memory for a quarter of an hour and on no disk. Nobody signed in here can answer for a guest:
these pages know an invitation by a name with which it can only be watched and ended.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hub.client.sessions import SignedIn
from hub.storefront.languages import gettext as _
from hub.storefront.languages import language, locale
from hub.storefront.qr import qr_svg
from hub.storefront.when import money, until
from hub.wire.coupon import show_code
from hub.wire.snapshot import say
from hub.wire.sync import Problem
from hub.wire.sync_care import TaskRequest
from hub.wire.sync_doors import InvitedReply, InvitedRequest, InviteReply, InviteRequest
from hub.wire.sync_members import MemberReply, TaskLine
from kiosk.asking import Asking, Invitation
from kiosk.members import MemberDesk, Refusal, Seen
from kiosk.pictures import MOST_BYTES, Unseen, read_picture
from kiosk.scans import LONGEST, act_of
from kiosk.tillpage.frame import FORM_BYTES, Frame, unseen_in_words

MOST_SEEN = 50
SEEN_S = 900.0
LOOKS_AGAIN_S = 3


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody whose card was scanned by a session."""

    mark: str
    seen: Seen
    at: float


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody signed in who did something on the page of a member of whom the hub told. `here`: that page's address."""

    who: SignedIn
    nonce: str
    met: Met
    reply: MemberReply
    here: str


class Membering:
    """The pages about members."""

    def __init__(self, frame: Frame, desk: MemberDesk, asking: Asking) -> None:
        self._frame = frame
        self._desk = desk
        self._asking = asking
        self._lock = threading.Lock()
        self._met: OrderedDict[str, Met] = OrderedDict()

    # A card

    def page(self) -> ResponseReturnValue:
        """The field for a card, and the way to ask a guest."""
        request.max_content_length = MOST_BYTES + FORM_BYTES
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        self._frame.hands.ask(who, None)
        if request.method == "GET" or not who.made(request.form.get("mark", "")):
            return self._scan(who)
        text = request.form.get("text", "").strip()[:LONGEST]
        picture = request.files.get("picture")
        if not text and picture is not None and picture.filename:
            found = read_picture(picture.stream.read(MOST_BYTES + 1))
            if isinstance(found, Unseen):
                return self._scan(who, unseen_in_words(found))
            text = found
        if not text:
            return self._scan(who, _("Scan a member's card, or type its code."))
        return redirect(self.meet(who, text), 303)

    def meet(self, who: SignedIn, text: str) -> str:
        """Somebody's card was scanned: where their page is."""
        nonce = self._frame.counter.random(16).hex()
        self.keep(nonce, who.mark, self._desk.who(text, who.person.id))
        return url_for("till.member", nonce=nonce)

    def keep(self, nonce: str, mark: str, seen: Seen) -> None:
        """Remember for a while what was told of somebody."""
        now = self._frame.counter.clock.now()
        with self._lock:
            self._met[nonce] = Met(mark, seen, now)
            while len(self._met) > MOST_SEEN:
                self._met.popitem(last=False)

    def knows(self, nonce: str) -> bool:
        """Whether this is somebody whose card was scanned, and not an act."""
        with self._lock:
            return nonce in self._met

    def met(self, nonce: str, who: SignedIn) -> str:
        """The opaque id of somebody whose card this session has scanned; empty where that is forgotten."""
        met = self._of(nonce, who)
        return met.seen.member if met is not None else ""

    def member(self, nonce: str) -> ResponseReturnValue:
        """Who it is: hello, what they have, what there is to do, and their next coupon."""
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        self._frame.hands.ask(who, None)
        met = self._of(nonce, who)
        if met is None:
            return redirect(url_for("till.members"), 303)
        if met.seen.refusal:
            return self._scan(who, refused_in_words(met.seen))
        return self._show(who, nonce, met.seen)

    def task(self, nonce: str) -> ResponseReturnValue:
        """What came of a task; told to the hub."""
        acting = self._acting(nonce)
        if not isinstance(acting, Acting):
            return acting
        task, outcome = request.form.get("task", ""), request.form.get("outcome", "")
        if not any(one.task == task and outcome in one.outcomes for one in acting.reply.tasks):
            return redirect(acting.here, 303)

        def tell() -> str:
            node, staff = self._frame.counter.node.name, acting.who.person.id
            answer = self._desk.task_done(TaskRequest(task, outcome, act_of(nonce, task, None), node, staff))
            return answer.sentence if isinstance(answer, Problem) else "" if answer is not None else _silent()

        return self._tell(acting, tell)

    def told(self, nonce: str) -> ResponseReturnValue:
        """Staff told them what the shop wanted them to know: it is not shown again."""
        acting = self._acting(nonce)
        if not isinstance(acting, Acting):
            return acting
        notes = {str(note.number): note.number for note in acting.reply.notes}
        number = notes.get(request.form.get("note", ""))
        if number is None:
            return redirect(acting.here, 303)
        return self._tell(
            acting, lambda: "" if self._desk.told(acting.met.seen.member, number) else _silent()
        )

    def _acting(self, nonce: str) -> Acting | ResponseReturnValue:
        """Staff did something on a member's page, by a form of that page; else the answer that leads back."""
        request.max_content_length = FORM_BYTES
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        met, here = self._of(nonce, who), url_for("till.member", nonce=nonce)
        reply = met.seen.reply if met is not None else None
        if met is None or reply is None or not who.made(request.form.get("mark", "")):
            return redirect(here, 303)
        return Acting(who, nonce, met, reply, here)

    def _tell(self, acting: Acting, tell: Callable[[], str]) -> ResponseReturnValue:
        """Tell the hub (`tell`: why it could not be told, or nothing) and show the page as the hub has it then."""
        who, nonce, met = acting.who, acting.nonce, acting.met
        if self._frame.training(who):
            return self._show(who, nonce, met.seen, note=_("Training: nothing was told to the office."))
        wrong = tell()
        if wrong:
            return self._show(who, nonce, met.seen, wrong=wrong, status=503)
        # Asked anew, so that what this page shows is what the hub has.
        self.keep(nonce, who.mark, self._desk.who(met.seen.member, who.person.id))
        return redirect(acting.here, 303)

    # A guest who is asked

    def ask(self) -> ResponseReturnValue:
        """Ask the guest who stands there: on the screen beside the till, and by a QR for their own phone."""
        request.max_content_length = FORM_BYTES
        who = self._frame.who()
        if who is None or request.method == "GET" or not who.made(request.form.get("mark", "")):
            return redirect(url_for("till.members"), 303)
        counter = self._frame.counter
        invitation = self._asking.ask(who.person.id, counter.clock.now())
        wanted = InviteRequest(invitation.nonce, who.person.id, counter.node.name)
        answer = counter.line.question("/v1/invite", wanted, InviteReply)
        if isinstance(answer, InviteReply):
            self._asking.at_phone(invitation.nonce, answer.url)
        return redirect(url_for("till.asked", nonce=invitation.nonce), 303)

    def asked(self, nonce: str) -> ResponseReturnValue:
        """What the guest says; looks again by itself. Only the guest can answer: here one can stop asking."""
        request.max_content_length = FORM_BYTES
        who = self._frame.who()
        if who is None:
            return redirect(url_for("till.home"), 303)
        invitation = self._asking.of_till(nonce, self._frame.counter.clock.now())
        if invitation is None or invitation.staff != who.person.id:
            return redirect(url_for("till.members"), 303)
        ending = request.method == "POST" and who.made(request.form.get("mark", ""))
        invitation = self._heard(invitation, ending=ending)
        if ending:
            return redirect(url_for("till.members"), 303)
        if invitation.state == "joined":
            return redirect(self.meet(who, invitation.member), 303)
        qr = qr_svg(invitation.url, _("QR code for the guest's phone")) if invitation.url else ""
        return self._frame.page(
            "asked.html",
            who=who,
            name="members",
            state=invitation.state,
            nonce=nonce,
            qr=qr,
            no_url=invitation.no_url,
            again_s=LOOKS_AGAIN_S if invitation.state == "open" else 0,
        )

    def _heard(self, invitation: Invitation, *, ending: bool) -> Invitation:
        """The invitation with what the hub heard from the guest's phone; an answer at the screen ends the one at the hub."""
        counter = self._frame.counter
        if ending:
            self._asking.settle(invitation.nonce, "over")
        settled_here = ending or invitation.state != "open"
        if invitation.url:
            wanted = InvitedRequest(invitation.nonce, settled_here)
            answer = counter.line.question("/v1/invited", wanted, InvitedReply)
            if (
                isinstance(answer, InvitedReply)
                and answer.state in ("joined", "refused")
                and not settled_here
            ):
                self._asking.settle(invitation.nonce, answer.state, answer.member)
        return self._asking.of_till(invitation.nonce, counter.clock.now()) or invitation

    # What all share

    def _of(self, nonce: str, who: SignedIn) -> Met | None:
        with self._lock:
            met = self._met.get(nonce)
        fresh = met is not None and abs(self._frame.counter.clock.now() - met.at) <= SEEN_S
        return met if met is not None and fresh and met.mark == who.mark else None

    def _scan(self, who: SignedIn, wrong: str = "") -> Response:
        return self._frame.page("members.html", 422 if wrong else 200, who=who, name="members", wrong=wrong)

    def _show(self, who: SignedIn, nonce: str, seen: Seen, status: int = 200, **values: Any) -> Response:
        frame, reply = self._frame, seen.reply
        shop, now = frame.shop, frame.counter.clock.now()
        told = reply or MemberReply(seen.member)
        return frame.page(
            "member.html",
            status,
            who=who,
            name="members",
            nonce=nonce,
            member=seen.member,
            alone=reply is None,
            greeting=told.greeting,
            speaks=told.language,
            points=told.points,
            pending=told.pending,
            tier=told.tier,
            stored=money(told.stored_cents, shop.currency, locale()) if told.stored_cents else "",
            punch=[(say(one.name, language()), one.have, one.need) for one in told.punch],
            tasks=[_task(one) for one in told.tasks],
            notes=[(note.number, note.text) for note in told.notes],
            coupons=[
                (
                    say(one.title, language()) or _("A coupon"),
                    one.code,
                    show_code(one.code),
                    until(one.expires_at, now, shop, locale()),
                )
                for one in told.coupons
            ],
            **{"note": "", "wrong": "", **values},
        )


def _silent() -> str:
    return str(_("The hub does not answer. Try again in a moment."))


def _task(task: TaskLine) -> tuple[str, str, list[tuple[str, str]]]:
    outcomes = [(key, say(words, language()) or key) for key, words in task.outcomes.items()]
    return task.task, say(task.say, language()), outcomes


def refused_in_words(seen: Seen) -> str:
    """Why nobody is known by what was scanned."""
    words: dict[Refusal, str] = {
        "unknown": _("Nobody here has this card. Perhaps a character is wrong, or its holder has left."),
        "bad_signature": _(
            "This card was not made by this shop, or was changed. Ask for the code beneath it."
        ),
        "withdrawn": _(
            "The device that made this card is not trusted any more. Give the guest a new card: they open their page."
        ),
        "wrong_shop": _("This card is another shop's."),
        "left": _("The holder of this card has left and was forgotten."),
        "needs_hub": _("The hub does not answer, and a typed code needs it. Scan the card's QR instead."),
    }
    return seen.sentence or words.get(seen.refusal, words["unknown"])
