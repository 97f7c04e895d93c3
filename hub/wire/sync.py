"""What machines of a shop ask each other: one exchange (facts up, the snapshot down), and what a till asks beside it.

Pure. `hub.wire.session` makes and reads the exchange on a device; `hub.api` answers. Everything may be lost, doubled or late: a
fact stays pending until its own verdict came, an act is known by its nonce.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.wire.chain import Relay, Relayed
from hub.wire.conditions import ProductCode
from hub.wire.events import Count, Name, Ordinal, Serial, Short
from hub.wire.snapshot import Key, Shop, Snapshot

WIRE_VERSION = 1
BATCH = 500
"""Facts in a first exchange, and in any on an ordinary line: a body of some 150 kB, a transaction of a few milliseconds."""

MAX_BODY_BYTES = 4 * 2**20
MAX_BATCH = 2_000


class Held(msgspec.Struct, frozen=True, array_like=True):
    """What a node holds of one campaign's rights and what of it is spent: rising totals, as `snapshot.Right` counts them.

    It tells a hub whose disk was set back what it had given away, and any hub what is still unspent.
    """

    campaign: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    issue: Count = 0
    accept: Count = 0
    issued: Count = 0
    accepted: Count = 0


class Books(msgspec.Struct, frozen=True):
    """What head office has to know of a shop beside its journal: how it calls itself, and with which keys it signs coupons."""

    shop: Shop
    keys: Annotated[tuple[Key, ...], Meta(max_length=256)] = ()


class SettingTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """A setting as a node has it: `source` says who set it, `fault` why what the hub wanted is not in force.

    `remote`: the hub may set it. `reason`: a code for what `fault` says in English, "" from nodes that have none; `limits`: the
    lowest and the highest value, where the reason is that it lies outside.
    """

    name: Annotated[str, Meta(max_length=60)]
    value: Annotated[str, Meta(max_length=500)]
    source: Literal["usual", "hub", "environment", "command line"] = "usual"
    meaning: Annotated[str, Meta(max_length=300)] = ""
    fault: Annotated[str, Meta(max_length=300)] = ""
    remote: bool = False
    reason: Annotated[str, Meta(max_length=40)] = ""
    limits: tuple[float, float] | None = None


class SyncHead(msgspec.Struct, frozen=True):
    """What a node says in an exchange beside its facts: above all the sections that it has."""

    version: Literal[1] = 1
    have: Annotated[dict[Short, Short], Meta(max_length=2_000)] = {}
    clock: Literal["unset", "restored", "lan", "ntp"] = "unset"
    rights: Annotated[tuple[Held, ...], Meta(max_length=MAX_BATCH)] | None = None
    """What the node holds and has spent, every campaign; None from a release that does not tell."""

    answered: Count = 0
    """The highest of its own counters to which the node has an answer. A hub that has not seen it was set back to a backup."""

    retold: Count = 0
    """The latest `Retell.number` that the node has done with: with these facts the hub has all of it."""

    now: Annotated[float, Meta(ge=0, le=253_402_300_799)] | None = None
    """The node's own clock as it sends this (seconds of UTC), so that the hub sees how far it is off."""

    settings: Annotated[tuple[SettingTold, ...], Meta(max_length=200)] | None = None
    """The node's settings in force; None where it told them before and nothing has changed."""

    signs_with: Annotated[int, Meta(ge=0, le=255)] | None = None
    """The number of the key with which the node signs coupons now; None from a release that never changes it."""

    relay: Relay | None = None
    """Only from the hub of a shop to head office: a part of the shop's journal."""

    books: Books | None = None
    """The same: what has changed since head office last said that it has it."""

    brief: bool = False
    """The node understands `SyncReply.all_taken`."""


class SyncRequest(SyncHead, frozen=True):
    """What a node sends: facts in the order of its journal, and the sections that it has.

    Each event is kept as the text in which it was written, so that one that is broken spoils no other.
    """

    events: Annotated[tuple[msgspec.Raw, ...], Meta(max_length=MAX_BATCH)] = ()


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of the event at this place of the batch.

    `taken`: in the hub's journal, on disk. `known`: it was there before. `parked`: the hub cannot read it; the device keeps
    it, shows it, and goes on with the next.
    """

    place: Count
    outcome: Literal["taken", "known", "parked"]
    reason: str | None = None


class Retell(msgspec.Struct, frozen=True):
    """The hub was set back to a backup: tell it again what happened since (seconds of UTC). Asked until it was done. Another
    number is another time."""

    number: Annotated[int, Meta(ge=1)]
    since: float


class SyncReply(msgspec.Struct, frozen=True):
    """What the hub answers: verdicts, its clock, and the snapshot where something in it differs."""

    version: int
    now: float
    verdicts: tuple[Verdict, ...] = ()
    snapshot: Snapshot | None = None
    retell: Retell | None = None
    renew: bool = False
    """The node is to take a new key for its coupons (`/v1/renew`)."""

    relayed: Relayed | None = None
    """The answer to `SyncRequest.relay`; None from a release that takes none."""

    all_taken: Count = 0
    """So many facts came and all of them were taken: instead of a verdict for each, for a node that understands it. Nearly
    always; two thousand verdicts are a sixth of what came."""


class Problem(msgspec.Struct, frozen=True):
    """Why the hub did not do what was asked: a code for programs, a sentence for people (after RFC 9457).

    `highest` with the code `counter_used`: the highest counter that the hub has seen of this device, so that a node whose
    disk was set back can go on above it.
    """

    code: str
    sentence: str
    highest: int | None = None


class Spare(msgspec.Struct, frozen=True, array_like=True):
    """Rights to accept that a till has not spent, and that no question of its may have used up."""

    campaign: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    rights: Count


class Vouched(msgspec.Struct, frozen=True):
    """Only from a shop's hub to head office: a coupon of the chain that this shop handed out. Its hub has checked that, and head
    office may not have heard of it yet. Times are seconds of UTC; `issued_at` None: only the token tells."""

    serial: Serial
    campaign: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    key_number: Annotated[int, Meta(ge=0, le=255)]
    expires_at: Count
    issued_at: float | None = None
    member: Short = ""


class RedeemRequest(msgspec.Struct, frozen=True):
    """A till asks for a redemption. `text` is what was scanned or typed; `nonce` is made by the till before it asks first."""

    nonce: Annotated[str, Meta(min_length=8, max_length=64)]
    text: Annotated[str, Meta(min_length=1, max_length=400)]
    till: Short
    staff: Short
    basket_cents: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    amount_cents: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    """How much of a voucher is to be spent."""

    products: Annotated[tuple[ProductCode, ...], Meta(max_length=200)] | None = None
    member: Short = ""
    reservation: Short = ""
    """The nonce of the reservation that this redemption completes."""

    spare: Annotated[tuple[Spare, ...], Meta(max_length=500)] = ()
    """What the till could still accept alone of each offer whose redemptions are limited, not counting this act: for the hub to
    use one of them up (`RedeemReply.right_spent`), where nothing else is left."""

    only_known: bool = False
    """Tell what became of this act if it was decided before, and decide nothing: the customer may have left. Where it was not,
    the answer is a Problem with the code `not_asked`."""

    vouched: Vouched | None = None
    purchase: Short = ""
    """Names the purchase for which it is used (`hub.wire.events.PurchasePaid.id`)."""


class RedeemReply(msgspec.Struct, frozen=True):
    """The hub's decision, on disk before it is sent. `at`, `till`, `staff` tell of the first use where there was one before."""

    accepted: bool
    refusal: str | None = None
    serial: str | None = None
    campaign: int | None = None
    value_cents: int = 0
    at: float | None = None
    till: str | None = None
    staff: str | None = None
    balance_cents: int | None = None
    """What is left on a voucher."""

    right_spent: bool = False
    """The campaign's limit was reached but for what the till itself holds: this act has used up one of its own rights to accept,
    and the till counts it as spent (`hub.escrow`)."""


class ReserveRequest(msgspec.Struct, frozen=True):
    """A till holds a coupon for one purchase for `lasts_s` seconds. `nonce` names the reservation."""

    nonce: Annotated[str, Meta(min_length=8, max_length=64)]
    text: Annotated[str, Meta(min_length=1, max_length=400)]
    till: Short
    staff: Short
    lasts_s: Annotated[int, Meta(ge=5, le=900)] = 120
    basket_cents: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    amount_cents: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    products: Annotated[tuple[ProductCode, ...], Meta(max_length=200)] | None = None
    member: Short = ""


class ReserveReply(msgspec.Struct, frozen=True):
    """Whether it is held, until when (seconds of UTC), and what the coupon would be worth."""

    held: bool
    refusal: str | None = None
    serial: str | None = None
    campaign: int | None = None
    value_cents: int = 0
    until: float | None = None


class ReleaseRequest(msgspec.Struct, frozen=True):
    """A till gives a reservation up. To release what is not held is no error."""

    nonce: Annotated[str, Meta(min_length=8, max_length=64)]


class Released(msgspec.Struct, frozen=True):
    """It is not held any more; `was_held` where it was until now."""

    was_held: bool


class ReverseRequest(msgspec.Struct, frozen=True):
    """A till takes a redemption of its own back. `of` is that redemption's nonce; `nonce` is this act's."""

    nonce: Annotated[str, Meta(min_length=8, max_length=64)]
    of: Annotated[str, Meta(min_length=8, max_length=64)]
    till: Short
    staff: Short
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class ReverseReply(msgspec.Struct, frozen=True):
    """Whether it was taken back; a refusal otherwise. On disk before it is sent."""

    reversed: bool
    refusal: str | None = None
    serial: str | None = None
    campaign: int | None = None
    value_cents: int = 0
    at: float | None = None


class LookRequest(msgspec.Struct, frozen=True):
    """A till looks a coupon up by token or code, or the latest acts of a member by their opaque id. Changes nothing."""

    text: Annotated[str, Meta(min_length=1, max_length=400)]


class Found(msgspec.Struct, frozen=True):
    """One coupon and what became of it. Times are seconds of UTC."""

    serial: str
    campaign: int
    code: str
    issued_at: float
    expires_at: int
    state: Literal["open", "redeemed", "reversed", "reserved", "revoked", "expired"]
    at: float | None = None
    till: str | None = None
    staff: str | None = None
    value_cents: int = 0
    balance_cents: int | None = None


class LookReply(msgspec.Struct, frozen=True):
    """What was found, the latest first; nothing where nothing is known."""

    found: tuple[Found, ...] = ()
    refusal: str | None = None


class EnrolRequest(msgspec.Struct, frozen=True):
    """A new node with the installer's code. The signature over the other fields proves that it holds the key.

    `secret`: 8 characters of a pairing code, or 26 of a key of one use that was given out for a roll-out.
    """

    secret: Annotated[str, Meta(pattern="^[0-9A-Z]{8}([0-9A-Z]{18})?$")]
    public: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    program: Literal["edge", "kiosk", "site", "hub"]
    name: Annotated[str, Meta(min_length=1, max_length=60)]
    signature: Annotated[str, Meta(max_length=200)]
    shop: Shop | None = None
    """Of a hub: its own shop, of which head office is to keep the books."""

    def signed_text(self) -> str:
        """What the signature covers."""
        text = f"shopbell1 enrol\n{self.secret}\n{self.public}\n{self.program}\n{self.name}"
        return text if self.shop is None else f"{text}\n{msgspec.json.encode(self.shop).decode()}"


class EnrolReply(msgspec.Struct, frozen=True):
    """The node's place in the shop. The device checks `hub` against the fingerprint in the pairing code."""

    device: Name
    shop: int
    key_number: int
    epoch: Ordinal
    hub: str
    signature: str
    name: Annotated[str, Meta(max_length=60)] = ""
    """What people call the node, where the shop has decided that; not signed, since nothing depends on it."""

    def signed_text(self, public: str) -> str:
        """What the hub's signature covers; with the node's own key, so that the answer is for it alone."""
        return f"shopbell1 enrolled\n{self.device}\n{self.shop}\n{self.key_number}\n{self.epoch}\n{self.hub}\n{public}"


class RenewRequest(msgspec.Struct, frozen=True):
    """A node has a new key for its coupons. The signature, made with it, proves that the node holds it."""

    public: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    signature: Annotated[str, Meta(max_length=200)]

    def signed_text(self, device: str) -> str:
        """What the signature covers."""
        return f"shopbell1 renew\n{device}\n{self.public}"


class RenewReply(msgspec.Struct, frozen=True):
    """Under which number the shop knows the new key, and from when on the node is to use it (seconds of UTC)."""

    key_number: Annotated[int, Meta(ge=0, le=255)]
    starts_at: int
