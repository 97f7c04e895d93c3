"""What nodes ask of the hub, over HTTP, and the document that describes it: `/v1/sync`, `/v1/enrol`, `/v1/renew`; for tills
`/v1/redeem`; for the hub of a shop `/v1/backup`; and every question of `hub.every_question`.

Every answer is JSON; every refusal a `Problem` with a sentence. An answer to a request that names its device and counter is
signed over them, also a refusal, so that a node can believe it. No input makes this side fail: 400 a body that cannot be
read, 401 not signed, 403 withdrawn, 409 counted wrongly, 413 too long, 429 too many wrong codes, 507 the disk is full.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from hub.answering import claims, signed_answer, whole_body
from hub.client.clock import Clock
from hub.client.db import StorageError
from hub.code_keys import SECTION as CODE_KEYS
from hub.code_keys import CodeKeys
from hub.devices import BAD_PAIRING_CODE, enrol, secret_hash
from hub.every_question import EVERY
from hub.fleet.doors import ask as ask_in
from hub.fleet.doors import is_old_hardware
from hub.fleet.listening import Listening
from hub.giving import Giver
from hub.ingest import Batch, all_taken, read_batch, take
from hub.keys import heard, renewed, wants_new_key
from hub.members.people_key import PeopleKey, no_people
from hub.outward import NOWHERE, Outward
from hub.presenting import Beside, check_ahead
from hub.question import AnyQuestion, Here
from hub.redeeming import redeem
from hub.refusing import Refusing, decode, unless_refused, unreadable
from hub.sealed import Secret
from hub.setback import RECOVERING, ask_again, notice_answered, notice_copy, recovering
from hub.snapshots import SnapshotMaker
from hub.store.base import Store
from hub.store.records import Device
from hub.tenants import Tenants
from hub.upstream.asking import Asker, settle
from hub.upstream.below import BELOW
from hub.upstream.housed import OneRoof, asker_of, decide_below
from hub.upstream.keeping import NOT_A_SHOP, Keeping
from hub.upstream.receiving import receive
from hub.upstream.relaying import HeadOffice
from hub.wire.backup import BackupRequest
from hub.wire.identity import SIGNATURE_HEADER, public_text, read_public, request_is_signed
from hub.wire.joining import AskRequest, HelloReply, HelloRequest
from hub.wire.sync import (
    WIRE_VERSION,
    EnrolRequest,
    Problem,
    RedeemReply,
    RedeemRequest,
    RenewRequest,
    SyncHead,
    SyncReply,
)

logger = logging.getLogger(__name__)

_redeem = msgspec.json.Decoder(RedeemRequest)
_enrol = msgspec.json.Decoder(EnrolRequest)
_hello = msgspec.json.Decoder(HelloRequest)
_ask = msgspec.json.Decoder(AskRequest)
_renew = msgspec.json.Decoder(RenewRequest)
_backup = msgspec.json.Decoder(BackupRequest)
_decoders = {question.name: msgspec.json.Decoder(question.asked) for question in EVERY}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Api:
    """The hub as nodes of one shop see it."""

    store: Store
    key: Ed25519PrivateKey
    snapshots: SnapshotMaker
    clock: Clock
    codes: CodeKeys
    fleet: Listening
    asker: Asker | OneRoof | None = None
    keeping: Keeping | None = None
    people: Callable[[], PeopleKey] = no_people
    outward: Outward = NOWHERE

    def sync(self, body: bytes) -> msgspec.Struct:
        """One exchange: facts up with a verdict for each, the snapshot down."""
        device, counter = self._who(body)
        apart = read_batch(device.device, body)
        if isinstance(apart, str):
            raise unreadable(apart)
        asked, batch = apart
        now = self.clock.now()
        reply = self.store.together(lambda: self._exchange(device, counter, asked, batch, now))
        if asked.relay is not None:
            told = receive(self.store, device.device, asked.relay, asked.books, now, self.clock.state())
            reply = msgspec.structs.replace(reply, relayed=told)
        return reply

    def _exchange(self, device: Device, counter: int, asked: SyncHead, batch: Batch, now: float) -> SyncReply:
        """What of an exchange is one change of the database."""
        before = self._count(device, counter, now)
        notice_answered(self.store, asked.answered, before.window.highest, before.seen_at, now)
        verdicts = take(self.store, batch, now, self.clock.state())
        retell = ask_again(self.store, device.device, asked.retold, now)
        heard(self.store, before, asked.signs_with, now)
        self.codes.tend(now)
        device = self.store.devices.get(device.device) or before
        snapshot = self.snapshots.for_device(device, asked.have, now, asked.rights)
        renew = wants_new_key(self.store, device, now, asked.signs_with)
        self.fleet.after(device, asked, verdicts, now)
        every = len(verdicts) if asked.brief and all_taken(verdicts) else 0
        told = () if every else verdicts
        return SyncReply(WIRE_VERSION, now, told, snapshot, retell, renew, all_taken=every)

    def renew(self, body: bytes) -> msgspec.Struct:
        """A node has a new key for its coupons."""
        device, counter = self._who(body)
        asked = decode(_renew, body)
        now = self.clock.now()
        with self.store.writing():
            device = self._count(device, counter, now)
            answer = renewed(self.store, device, asked, now)
        return unless_refused(answer)

    def redeem(self, body: bytes) -> msgspec.Struct:
        """A till asks, or a shop's hub about a coupon of the chain; the decision is on disk before it is answered."""
        device, counter = self._who(body)
        asked = decode(_redeem, body)
        # Head office is asked on before the lock is taken: nobody else at a till waits for it.
        asked_on = (
            self.asker.ask(device, asked) if self.asker is not None and device.program == "kiosk" else None
        )

        def answer(device: Device, asked: RedeemRequest, now: float) -> RedeemReply | tuple[int, Problem]:
            state = self.clock.state()
            if asked_on is not None:
                return settle(self.store, device, asked, asked_on, now, state)
            decide = decide_below if device.program == BELOW else redeem
            return decide(self.store, device, asked, now, state, self.beside())

        return self._decided(device, counter, asked, answer, {"kiosk", BELOW})

    def answer(self, question: AnyQuestion, body: bytes) -> msgspec.Struct:
        """Any other question, in one transaction that is on disk before it is answered."""
        device, counter = self._who(body)

        def answer(device: Device, asked: msgspec.Struct, now: float) -> msgspec.Struct | tuple[int, Problem]:
            here = Here(self.store, self.key, self.people, self.clock.state(), self.beside(), self.outward)
            return question.answer(here, device, asked, now)

        asked = decode(_decoders[question.name], body)
        return self._decided(device, counter, asked, answer, question.programs, changes=question.changes)

    def backup(self, body: bytes) -> msgspec.Struct:
        """A shop's hub keeps a piece of its backup here, or gets one back: under its own shop's number, whatever it asks."""
        device, counter = self._who(body)
        below = self.store.chain.shop_below(device.device) if device.program == BELOW else None
        if below is None or self.keeping is None:
            return unless_refused(NOT_A_SHOP)
        return unless_refused(self.keeping.answer(below.tenant, counter, decode(_backup, body)))

    def beside(self) -> Beside:
        """What a decision needs and the store does not hold."""
        return Beside(self.codes.keys, self.snapshots.giver.told)

    def _decided(
        self,
        device: Device,
        counter: int,
        asked: T,
        answer: Callable[[Device, T, float], msgspec.Struct | tuple[int, Problem]],
        programs: Container[str],
        *,
        changes: bool = True,
    ) -> msgspec.Struct:
        if device.program not in programs:
            raise Refusing(403, "not_a_till", f"{device.name} is no till, so it cannot ask this.")
        check_ahead(self.store, getattr(asked, "text", ""))
        now = self.clock.now()

        def decide() -> msgspec.Struct | tuple[int, Problem]:
            counted = self._count(device, counter, now)
            return RECOVERING if changes and recovering(self.store, now) else answer(counted, asked, now)

        return unless_refused(self.store.together(decide))

    def enrol(self, asked: EnrolRequest) -> msgspec.Struct:
        """A new node with the installer's code."""
        answer = unless_refused(enrol(self.store, self.key, asked, self.clock.now()))
        self.snapshots.giver.met(answer.device)
        logger.info("enrolled device=%s program=%s", answer.device, asked.program)
        return answer

    def _who(self, body: bytes) -> tuple[Device, int]:
        """The device that signed this request, and the number that it put on it."""
        claimed = claims()
        if claimed is None:
            raise Refusing(401, "unsigned", "This request is not signed by a device of the shop.")
        name, counter = claimed
        device = self.store.devices.get(name)
        if device is None:
            raise Refusing(401, "unknown_device", f"This hub knows no device called {name}. Enrol it again.")
        signature = request.headers.get(SIGNATURE_HEADER, "")
        public = read_public(device.public)
        if not request_is_signed(public, name, counter, request.method, request.path, body, signature):
            if is_old_hardware(self.store, device, counter, request.method, request.path, body, signature):
                raise Refusing(
                    403, "withdrawn", f"{device.name} has other hardware now. This one is not used any more."
                )
            raise Refusing(
                401, "bad_signature", f"The signature on this request is not the one of {device.name}."
            )
        if device.withdrawn_at is not None:
            raise Refusing(
                403, "withdrawn", f"{device.name} was withdrawn from this shop. Enrol it again to use it."
            )
        return device, counter

    def _count(self, device: Device, counter: int, now: float) -> Device:
        """Use the number up, in the transaction of what was asked; the device as it stood before that. Looks again: it may just
        have been withdrawn."""
        fresh = self.store.devices.get(device.device)
        if fresh is None or fresh.withdrawn_at is not None:
            raise Refusing(403, "withdrawn", f"{device.name} was withdrawn from this shop.")
        window = fresh.window.admit(counter)
        if window is None:
            sentence = "This request was seen before, or its number is too old. The device counts on from the highest."
            raise Refusing(409, "counter_used", sentence, fresh.window.highest)
        self.store.devices.admit(device.device, window, now)
        return fresh


def _answer(question: AnyQuestion, api: Api, body: bytes) -> msgspec.Struct:
    return api.answer(question, body)


def _questions(
    store: Store, shops: Tenants[Api], key: Ed25519PrivateKey, clock: Clock
) -> dict[str, Callable[[bytes], msgspec.Struct]]:
    """What may be asked under `/v1`, of the shop whose node asks."""

    def of_node(ask: Callable[[Api, bytes], msgspec.Struct]) -> Callable[[bytes], msgspec.Struct]:
        def of_its_shop(body: bytes) -> msgspec.Struct:
            # As far as a name says; whether it is that node, its shop finds out.
            claimed = claims()
            return ask(shops.of_node(claimed[0]) if claimed else shops.home(), body)

        return of_its_shop

    def take_in(body: bytes) -> msgspec.Struct:
        """A new node comes into the shop that gave its code out."""
        asked = decode(_enrol, body)
        mark = secret_hash(asked.secret)
        number = store.shop_of_pairing(mark) or store.fleet.shop_of_secret(mark)
        if number is None and len(store.shops()) > 1:
            store.count_wrong_pairing()
            raise Refusing(403, BAD_PAIRING_CODE.code, BAD_PAIRING_CODE.sentence)
        return (shops.home() if number is None else shops.of_shop(number)).enrol(asked)

    def hello(body: bytes) -> msgspec.Struct:
        """Which hub this is, before a node makes a key."""
        decode(_hello, body)
        return HelloReply(public_text(key), clock.now())

    def wait(body: bytes) -> msgspec.Struct:
        """A node that shows a code waits until somebody of a shop accepts it."""
        asked, place = decode(_ask, body), request.remote_addr or ""
        answer = unless_refused(ask_in(store, key, asked, place, clock.now()))
        if answer.enrolled is not None:
            shops.of_node(answer.enrolled.device).snapshots.giver.met(answer.enrolled.device)
        return answer

    return {
        "hello": hello,
        "ask": wait,
        "sync": of_node(Api.sync),
        "redeem": of_node(Api.redeem),
        "enrol": take_in,
        "renew": of_node(Api.renew),
        "backup": of_node(Api.backup),
        **{one.name: of_node(partial(_answer, one)) for one in EVERY},
    }


def create_api(
    store: Store,
    key: Ed25519PrivateKey,
    clock: Clock,
    *,
    secrets: Sequence[Secret] = (),
    giver: Giver | None = None,
    above: HeadOffice | None = None,
    keeping: Keeping | None = None,
    people: Callable[[], PeopleKey] = no_people,
    outward: Outward = NOWHERE,
) -> Blueprint:
    """The blueprint for `/v1`, for the nodes of every shop in the store's database. `giver`: one for the hub's own shop, where
    it has several such parts. `above`: the head office of that shop. `keeping`: where the backups of shops below are.
    `people`: the key of personal fields; `outward`: how the hub is reached."""
    home = store.shop.number

    def make(own: Store) -> Api:
        notice_copy(own, clock.now())
        codes = CodeKeys(own, key)
        sealed = [Secret(CODE_KEYS, codes.content), *secrets]
        remembers = giver if own.shop.number == home else None
        snapshots = SnapshotMaker(own, key, sealed, remembers)
        asker = asker_of(own, above if own.shop.number == home else None, lambda one: shops.of_shop(one))
        return Api(
            own,
            key,
            snapshots,
            clock,
            codes,
            Listening(own, snapshots.settings),
            asker,
            keeping,
            people,
            outward,
        )

    shops = Tenants(store, make)
    blueprint = Blueprint("api", __name__, url_prefix="/v1")

    def answering(ask: Callable[[bytes], msgspec.Struct]) -> Callable[[], Response]:
        def view() -> Response:
            try:
                return signed_answer(key, 200, ask(whole_body()))
            except Refusing as refusing:
                return signed_answer(key, refusing.status, refusing.problem)
            except StorageError as wrong:
                logger.warning("storage: %s", wrong)
                return signed_answer(key, 507, Problem("storage", str(wrong)))

        return view

    asking = _questions(store, shops, key, clock)
    for name, ask in asking.items():
        blueprint.add_url_rule(f"/{name}", name, answering(ask), methods=["POST"])

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        from hub.openapi import document

        return Response(msgspec.json.encode(document()), mimetype="application/json")

    @blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def not_here(rest: str) -> Response:
        sentence = f"The hub has no {request.method} /v1/{rest[:100]}. See /v1/openapi.json."
        return signed_answer(key, 404, Problem("not_here", sentence))

    @blueprint.errorhandler(HTTPException)
    def http_problem(wrong: HTTPException) -> Response:
        return signed_answer(key, wrong.code or 400, Problem("http", wrong.description or wrong.name))

    @blueprint.errorhandler(Exception)
    def broken(wrong: Exception) -> Response:
        logger.critical("a request could not be answered", exc_info=wrong)
        return signed_answer(
            key,
            500,
            Problem("broken", "Something went wrong in the hub. It is in its log. Nothing was lost."),
        )

    return blueprint
