"""What the hub's store hands out: plain values.

Pure. `hub.store.sqlite` makes them; `hub.ledger` works on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.wire.identity import ReplayWindow
from hub.wire.rules import FirstUse
from hub.wire.snapshot import Campaign

CampaignState = Literal["draft", "published", "paused", "ended"]


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled node. Times are seconds of UTC; `public` is its key in 64 hexadecimal digits."""

    device: str
    program: str
    name: str
    public: str
    key_number: int
    enrolled_at: float
    withdrawn_at: float | None
    seen_at: float | None
    window: ReplayWindow


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A campaign with its life: state, how often it was changed, and when."""

    campaign: Campaign
    state: CampaignState
    version: int
    made_at: float
    changed_at: float
    published_at: float | None

    @property
    def number(self) -> int:
        """The campaign's number, as coupons carry it."""
        return self.campaign.number


@dataclass(frozen=True, slots=True)
class CampaignVersion:
    """A campaign as it was from `at` on, and who made it so."""

    version: int
    state: CampaignState
    campaign: Campaign
    at: float
    who: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an offer is to be once somebody else has approved it. `base`: the version on which it stands.

    `returned`: somebody would not have it so; `answer` says why.
    """

    campaign: Campaign
    base: int
    who: str
    at: float
    state: Literal["waiting", "returned"] = "waiting"
    answer: str = ""
    answered_by: str = ""
    answered_at: float | None = None

    @property
    def number(self) -> int:
        """The campaign's number, as coupons carry it."""
        return self.campaign.number


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """A picture under the hash that offers name it by."""

    hash: str
    type: str
    body: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Revocation:
    """That one coupon was withdrawn: when, by whom, why."""

    at: float
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manager:
    """Somebody who may run the shop; `password` is an argon2id text."""

    name: str
    password: str
    made_at: float
    withdrawn_at: float | None


@dataclass(frozen=True, slots=True)
class Session:
    """A manager who is logged in."""

    token_hash: str
    manager: str
    made_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody who may redeem; `pin` as `hub.wire.pins` writes it. `member`: the opaque id of their own membership, or ""."""

    id: str
    name: str
    pin: str
    active: bool
    made_at: float
    member: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who changed what in the office. `detail`, `before` and `after` are JSON objects without secrets, and name no shopper."""

    at: float
    who: str
    what: str
    subject: str
    detail: str
    before: str = "{}"
    after: str = "{}"


@dataclass(frozen=True, slots=True)
class TagRecord:
    """Something or somebody that the doors may recognise, under the opaque id that stands in visits.

    `identity` is how a beacon names itself; `sealed` a key that only the hub's own key opens. One of the two is there.
    """

    known: str
    name: str
    whose: Literal["staff", "member", "thing"]
    kind: Literal["beacon", "irk", "eid"]
    identity: str | None
    sealed: str | None
    made_at: float


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """The words to which the person of a tag agreed; `place`: with whom. It stays when the tag is removed, without a name."""

    known: str
    text: str
    version: int
    language: str
    place: str
    given_at: float
    withdrawn_at: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """Events of one journal with consecutive numbers that came together. `position`: the hub's own order, of the first.

    `texts` is a JSON array of the events exactly as they came.
    """

    position: int
    device: str
    epoch: int
    first_seq: int
    count: int
    received_at: float
    texts: bytes


@dataclass(frozen=True, slots=True)
class ParkedText:
    """What a device sent and nobody could read as an event."""

    device: str
    received_at: float
    reason: str
    text: bytes


@dataclass(frozen=True, slots=True)
class LedgerCoupon:
    """A coupon whose issue is in the ledger. `member`: to whom alone it was given; empty for everybody."""

    serial: str
    campaign: int
    code: str
    key_number: int
    expires_at: int
    device: str
    issued_at: float
    member: str = ""


Standing = Literal["first", "part", "conflict", "reversed"]
"""What an act counts for: it used the coupon up; it spent a part of a voucher; it came too late; it was taken back."""


@dataclass(frozen=True, slots=True)
class Act:
    """One redemption: which till, when, by whom, worth what. `member` is opaque, empty where nobody said.

    `balance_cents`: what was left on a voucher afterwards, as whoever decided saw it; None for every other coupon.
    `right_spent`: the hub's yes used up one of the till's own rights (`hub.escrow`).
    """

    device: str
    nonce: str
    position: int
    serial: str
    campaign: int
    at: float
    till: str
    staff: str
    value_cents: int
    basket_cents: int | None
    offline: bool
    standing: Standing
    flag: str | None
    simulated: bool
    member: str = ""
    balance_cents: int | None = None
    right_spent: bool = False
    purchase: str = ""
    """For which purchase (`PurchasePaid.id`); empty where nobody said."""

    booked_in: int = 0
    """At head office: the shop of the chain in whose own books it stands too, so that sums over shops take it from there; 0 where
    it stands nowhere else."""

    @property
    def counts(self) -> bool:
        """Whether limits count it: neither taken back nor given a second time."""
        return self.standing in ("first", "part")

    def as_first_use(self) -> FirstUse:
        """The act as the one rule looks at it."""
        return FirstUse(self.at, self.till, self.staff, self.nonce)


@dataclass(frozen=True, slots=True)
class Reversal:
    """A redemption that was taken back. `(device, of)` names it: the till that made it, and its nonce; `nonce` is the own one.

    `flag`: the refusal that an audit came to where a till did it alone.
    """

    device: str
    of: str
    position: int
    nonce: str
    serial: str
    campaign: int
    at: float
    till: str
    staff: str
    by: Literal["staff", "manager"]
    reason: str
    value_cents: int
    offline: bool
    flag: str | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class Reservation:
    """A coupon that is held until `until`. `ended`: how it ended before, None where it did not."""

    device: str
    nonce: str
    position: int
    serial: str
    campaign: int
    at: float
    till: str
    staff: str
    member: str
    until: float
    ended: Literal["released", "redeemed"] | None = None


@dataclass(frozen=True, slots=True)
class VoucherSum:
    """What was spent of one voucher in all, and what it was worth when its first part was spent."""

    spent_cents: int
    worth_cents: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """A coupon that was accepted twice, with what the second time cost; for a voucher what was spent beyond it.

    `settled_at`: when one of the two was taken back; then it costs nothing any more.
    """

    position: int
    serial: str
    campaign: int
    cost_cents: int
    first_at: float
    first_device: str
    first_till: str
    first_staff: str
    second_at: float
    second_device: str
    second_till: str
    second_staff: str
    simulated: bool
    settled_at: float | None = None


@dataclass(frozen=True, slots=True)
class RefusedAct:
    """A till that said no to a coupon."""

    at: float
    refusal: str
    till: str
    staff: str
    offline: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Running totals of one campaign on one device."""

    campaign: int
    device: str
    issued: int
    redeemed: int
    accepted_alone: int


@dataclass(frozen=True, slots=True)
class Grant:
    """How much of a campaign one device may hand out and accept on its own, in all."""

    campaign: int
    device: str
    issue: int
    accept: int


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one journal of a device has come. `taken` below `highest`: some events are missing."""

    device: str
    epoch: int
    highest: int
    taken: int
    latest_at: float


@dataclass(frozen=True, slots=True)
class HealthRow:
    """What a device last said of itself."""

    device: str
    at: float
    program: str
    warnings: tuple[str, ...]
    counts: dict[str, float]
    texts: dict[str, str]
