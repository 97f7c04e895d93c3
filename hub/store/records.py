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
class PictureRecord:
    """A picture under the hash that offers name it by."""

    hash: str
    type: str
    body: bytes
    width: int
    height: int


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
    """Who changed what in the office. `detail` is a JSON text."""

    at: float
    who: str
    what: str
    subject: str
    detail: str


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
    """A coupon whose issue is in the ledger."""

    serial: str
    campaign: int
    code: str
    key_number: int
    expires_at: int
    device: str
    issued_at: float


@dataclass(frozen=True, slots=True)
class Act:
    """One redemption: which till, when, by whom, worth what. `standing`: `first`, or `conflict` where it came too late."""

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
    standing: Literal["first", "conflict"]
    flag: str | None
    simulated: bool

    def as_first_use(self) -> FirstUse:
        """The act as the one rule looks at it."""
        return FirstUse(self.at, self.till, self.staff, self.nonce)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A coupon that was accepted twice, with what the second time cost."""

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


@dataclass(frozen=True, slots=True)
class FootfallCount:
    """Visits that began within one quarter of an hour from `start`, and their length in all."""

    start: float
    zone: str
    simulated: bool
    visits: int
    dwell_s: float


@dataclass(frozen=True, slots=True)
class Window:
    """People present in one zone during the window that ended at `at`, with a band of nine in ten."""

    zone: str
    device: str
    at: float
    window_s: float
    people: float
    low: float
    high: float
    addresses: int
    simulated: bool


@dataclass(frozen=True, slots=True)
class OccupancyCount:
    """People present in one zone during one quarter of an hour from `start`: means over its windows, and the fullest."""

    start: float
    zone: str
    simulated: bool
    windows: int
    people: float
    low: float
    high: float
    most: float


@dataclass(frozen=True, slots=True)
class StreetCount:
    """Who went past a zone and who came in, within one quarter of an hour from `start`; `latest_at`: when that was last told."""

    start: float
    zone: str
    simulated: bool
    windows: int
    passers: int
    entrants: int
    latest_at: float


@dataclass(frozen=True, slots=True)
class GuestCount:
    """Phones that the portal let in within one quarter of an hour from `start`, by one way; `known`: with a member's code."""

    start: float
    way: str
    simulated: bool
    joined: int
    known: int


@dataclass(frozen=True, slots=True)
class ConsentCount:
    """Consents to one purpose within one quarter of an hour from `start`; taken back for `all` is the wish to be forgotten."""

    start: float
    purpose: str
    simulated: bool
    given: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class CouponCount:
    """What became of one campaign's coupons within a quarter of an hour from `start`. `alone`: by cut-off tills."""

    campaign: int
    start: float
    count: int
    value_cents: int
    alone: int
    simulated: bool
