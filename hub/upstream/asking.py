"""A till asks about a coupon of the chain: the shop's hub asks head office on, before it takes its own lock; where that does not
answer in time, it decides within the rights that the shop was given.

Head office decides by its own ledger, so a coupon of the chain is spent once wherever its hub is heard. What a shop accepted
without it goes up with the journal, and a second use is a conflict with its cost (`hub.upstream.spent`).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import RedeemedHere, RefusedHere, write_fact
from hub.redeeming import asked_for
from hub.spending import standing_act
from hub.store.base import Store
from hub.store.records import Device
from hub.upstream.chain_rights import accepted_alone, rights_of_chain
from hub.upstream.merging import FromAbove, from_above
from hub.upstream.presenting import OfChain, of_chain
from hub.upstream.relaying import HeadOffice, Upstream
from hub.wire.coupon import Coupon
from hub.wire.events import ClockState
from hub.wire.refusals import Refusal
from hub.wire.revoking import covers
from hub.wire.rules import Accepted, CutOff, Decision, Facts, Refused, decide
from hub.wire.sync import Problem, RedeemReply, RedeemRequest

logger = logging.getLogger(__name__)

WAIT_S = 2.0
"""A till waits three seconds for its hub; what is left is for deciding here."""

WAIT_WHILE_AWAY_S = 0.7
"""While head office is known not to answer: it may be back."""

LONGEST_NONCE = 64
_RECOVERING = frozenset({"recovering", "storage", "broken"})


@dataclass(frozen=True, slots=True)
class Question:
    """A question that head office has to decide, and what came of asking it on. `answer` None: nobody answered."""

    above: FromAbove
    shown: OfChain
    answer: RedeemReply | Problem | None


def nonce_above(device: str, nonce: str) -> str:
    """Under which nonce head office knows an act of a till: no two tills of a shop have the same."""
    plain = f"{device}/{nonce}"
    if len(plain) <= LONGEST_NONCE:
        return plain
    return hashlib.blake2b(plain.encode(), digest_size=16).hexdigest()


class Asker:
    """Asks head office on, for the tills of one shop. Safe from several threads."""

    def __init__(self, store: Store, office: HeadOffice) -> None:
        self._store = store
        self._office = office

    def ask(self, device: Device, request: RedeemRequest) -> Question | None:
        """None where the shop's hub decides by itself, or has decided before. Call outside of any transaction."""
        upstream = self._office.upstream()
        if upstream is None:
            return None
        return ask_on(self._store, device, request, lambda asked: self._post(upstream, asked))

    def _post(self, upstream: Upstream, asked: RedeemRequest) -> RedeemReply | Problem | None:
        record = self._store.chain.upstream()
        away = record is None or record.failing_since is not None
        reply = upstream.link.post(
            "/v1/redeem", msgspec.json.encode(asked), WAIT_WHILE_AWAY_S if away else WAIT_S
        )
        try:
            if reply.status == 200:
                return msgspec.json.decode(reply.body, type=RedeemReply)
            if reply.status:
                told = msgspec.json.decode(reply.body, type=Problem)
                return None if told.code in _RECOVERING else told
        except (msgspec.MsgspecError, UnicodeDecodeError):
            logger.warning("head office: an answer that cannot be read, status %s", reply.status)
        return None


def ask_on(
    store: Store,
    device: Device,
    request: RedeemRequest,
    post: Callable[[RedeemRequest], RedeemReply | Problem | None],
) -> Question | None:
    """A till's question to head office, where it is one; `post` gives head office's answer, None where nobody answers. Call
    outside of any transaction."""
    above = from_above(store)
    shown = of_chain(store, above, request.text)
    if shown is None or standing_act(store.ledger, device.device, request.nonce) is not None:
        return None
    if store.journal.answer(device.device, request.nonce) is not None:
        return None
    shop = store.shop.get()
    place = request.till if shop is None else f"{shop.name.get('en', '') or shop.number}: {request.till}"
    asked = msgspec.structs.replace(
        request,
        nonce=nonce_above(device.device, request.nonce),
        till=place[:200],
        spare=(),
        reservation="",
        vouched=shown.vouched,
    )
    answer = post(asked)
    if shown.coupon is None and not (isinstance(answer, RedeemReply) and answer.accepted):
        known = isinstance(answer, RedeemReply) and answer.refusal != Refusal.UNKNOWN_COUPON.value
        # A code that nobody knows is the shop's to count as a guess.
        return Question(above, shown, answer) if known else None
    return Question(above, shown, answer)


def settle(
    store: Store, device: Device, request: RedeemRequest, question: Question, now: float, clock: ClockState
) -> RedeemReply | tuple[int, Problem]:
    """Write down what came of it, or decide within the shop's rights. Call inside `store.writing()`."""
    answer = question.answer
    if isinstance(answer, Problem):
        return 409 if answer.code == "nonce_used" else 404, answer
    if answer is not None:
        return _keep(store, device, request, answer, now, clock)
    if request.only_known:
        return 404, Problem(
            "not_asked", "Head office does not answer, and this hub has not decided that scan."
        )
    decision = _decide_alone(store, request, question, now, clock)
    coupon = question.shown.coupon
    if isinstance(decision, Accepted) and coupon is not None:
        fact = _redeemed(device, request, coupon.serial, coupon.campaign, decision.value_cents)
        fact = msgspec.structs.replace(fact, offline=True, right_spent=True)
        fold(store.ledger, [append_own(store, "coupon.redeemed", write_fact(fact), now, clock)])
        return RedeemReply(
            accepted=True,
            serial=coupon.serial,
            campaign=coupon.campaign,
            value_cents=decision.value_cents,
            at=now,
            till=request.till,
            staff=request.staff,
        )
    refused = decision if isinstance(decision, Refused) else Refused(Refusal.UNKNOWN_COUPON)
    first = refused.first_use
    reply = RedeemReply(
        accepted=False,
        refusal=refused.refusal.value,
        serial=None if coupon is None else coupon.serial,
        campaign=None if coupon is None else coupon.campaign,
        at=first.at if first else None,
        till=first.till if first else None,
        staff=first.staff if first else None,
    )
    # Nothing is kept of "head office does not answer": the same question may be asked again once it does.
    if refused.refusal is Refusal.HUB_UNREACHABLE:
        return reply
    return _keep(store, device, request, reply, now, clock)


def _keep(
    store: Store, device: Device, request: RedeemRequest, reply: RedeemReply, now: float, clock: ClockState
) -> RedeemReply:
    """An answer of head office's in the shop's own journal: what was sold here stands in the shop's books."""
    if reply.accepted and reply.serial is not None and reply.campaign is not None:
        fact = _redeemed(device, request, reply.serial, reply.campaign, reply.value_cents)
        fact = msgspec.structs.replace(fact, balance_cents=reply.balance_cents)
        fold(store.ledger, [append_own(store, "coupon.redeemed", write_fact(fact), now, clock)])
        return msgspec.structs.replace(reply, till=request.till, right_spent=False)
    refused = RefusedHere(
        refusal=reply.refusal or Refusal.UNKNOWN_COUPON.value,
        nonce=request.nonce,
        till=request.till,
        staff=request.staff,
        serial=reply.serial,
        campaign=reply.campaign,
        asked_by=device.device,
    )
    fold(store.ledger, [append_own(store, "coupon.refused", write_fact(refused), now, clock)])
    store.journal.keep_answer(
        device.device, request.nonce, asked_for(request), msgspec.json.encode(reply), now
    )
    return reply


def _redeemed(
    device: Device, request: RedeemRequest, serial: str, campaign: int, value_cents: int
) -> RedeemedHere:
    return RedeemedHere(
        serial=serial,
        campaign=campaign,
        nonce=request.nonce,
        till=request.till,
        staff=request.staff,
        value_cents=value_cents,
        basket_cents=request.basket_cents,
        member=request.member,
        asked_by=device.device,
        purchase=request.purchase,
    )


def _decide_alone(
    store: Store, request: RedeemRequest, question: Question, now: float, clock: ClockState
) -> Decision:
    """The one rule with what this shop knows; what only head office can know is not decided without it."""
    shown, above = question.shown, question.above
    coupon = shown.coupon
    if coupon is None:
        return Refused(Refusal.HUB_UNREACHABLE)
    offer = above.offer(coupon.campaign)
    right = rights_of_chain(store).get(coupon.campaign)
    left = 0 if right is None else right.accept - max(right.accepted, accepted_alone(store, coupon.campaign))
    shop = store.shop.get()
    issued_at = None if shown.issue is None else shown.issue.issued_at
    vouched = shown.issue is not None or shown.key is not None
    first = store.ledger.first_act(coupon.serial) if vouched else None
    progress = next((one for one in above.progress if one.campaign == coupon.campaign), None)
    facts = Facts(
        now=now,
        shop=above.number,
        campaign=offer,
        key=shown.key,
        known=shown.issue is not None,
        revoked=_called_back(above, coupon, issued_at),
        first_use=first.as_first_use() if first is not None else None,
        redeemed=0 if progress is None else progress.redeemed,
        redeemed_today=0 if progress is None else progress.today,
        basket_cents=request.basket_cents,
        cut_off=CutOff(left, clock != "unset"),
        timezone="UTC" if shop is None else shop.timezone,
        products=request.products,
        amount_cents=request.amount_cents,
        member=request.member,
        bound_to=shown.issue.member if shown.issue is not None else "",
        staff_member=store.people.membership(request.staff),
        issued_at=issued_at,
    )
    decision = decide(coupon, facts)
    if decision == Refused(Refusal.BAD_SIGNATURE) and shown.key is None:
        # A shop that joined while the line was cut may have handed it out; it cannot be told from a forgery here.
        return Refused(Refusal.HUB_UNREACHABLE)
    return decision


def _called_back(above: FromAbove, coupon: Coupon, issued_at: float | None) -> bool:
    offer = above.offer(coupon.campaign)
    return coupon.serial in above.revoked or any(
        covers(rule, coupon, offer, issued_at) for rule in above.rules if rule.campaign is not None
    )
