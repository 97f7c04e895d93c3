"""What other programs send to `/api/v1` and get from it: the types of its document.

Pure. Times are seconds of UTC, money is in cents of the shop's currency. A list comes in pages: `next` is the `cursor` of the
following one, null on the last.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hub.wire.conditions import Condition, Hours, SegmentName
from hub.wire.snapshot import Text, Value

Time = Annotated[int, Meta(ge=0, le=2**33)]
Count = Annotated[int, Meta(ge=1, le=10**9)]
Number = Annotated[int, Meta(ge=1, le=2**32 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=60)]
Reason = Annotated[str, Meta(min_length=1, max_length=200)]
SerialText = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
DeviceName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
Day = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Scope = Literal[
    "read", "campaign_edit", "campaign_publish", "device", "people", "shop", "import_data", "export_data", "members",
    "messages", "erase", "api_keys", "backup",
]  # fmt: skip


class ProblemDetails(msgspec.Struct, frozen=True):
    """What is wrong (RFC 9457). `code` is for programs, `detail` for people; `faults` has a sentence by field."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    faults: dict[str, str] = {}


class Paging(msgspec.Struct, frozen=True):
    """Which page of a list."""

    cursor: Annotated[str, Meta(max_length=60)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class ActsWanted(msgspec.Struct, frozen=True):
    """Which redemptions: from that moment on, to before that one."""

    cursor: Annotated[str, Meta(max_length=60)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    campaign: Number | None = None
    since: Time | None = None
    until: Time | None = None


class Days(msgspec.Struct, frozen=True):
    """Whole days of the shop, such as 2026-01-31."""

    first_day: Day | None = None
    last_day: Day | None = None


class ShopShown(msgspec.Struct, frozen=True):
    """The shop that the key speaks for."""

    number: int
    name: Text
    timezone: str
    currency: str
    languages: tuple[str, ...]


class Terms(msgspec.Struct, frozen=True):
    """An offer as a program says it. Texts are by language; the rest is as in the office (`hub.wire.snapshot.Campaign`)."""

    title: dict[Literal["en", "zh"], Annotated[str, Meta(min_length=1, max_length=60)]]
    value: Value
    starts_at: Time
    ends_at: Time
    text: dict[Literal["en", "zh"], Annotated[str, Meta(max_length=400)]] = {}
    small_print: dict[Literal["en", "zh"], Annotated[str, Meta(max_length=600)]] = {}
    keywords: dict[Literal["en", "zh"], Annotated[str, Meta(max_length=200)]] = {}
    coupon_lasts_s: Annotated[int, Meta(ge=60, le=63_072_000)] = 14 * 86_400
    issue_limit: Count | None = None
    redemption_limit: Count | None = None
    basket_min_cents: Annotated[int, Meta(ge=0, le=10**9)] = 0
    offline: Literal["refuse", "rights"] = "rights"
    channels: tuple[Literal["portal", "kiosk", "link"], ...] = ("portal", "kiosk", "link")
    hours: Annotated[tuple[Hours, ...], Meta(max_length=50)] = ()
    condition: Condition | None = None
    per_day_limit: Count | None = None
    per_person_limit: Count | None = None
    rotating: bool = False
    group_size: Annotated[int, Meta(ge=2, le=10**9)] | None = None
    next_visit: Number | None = None
    good_from: Literal["at_once", "next_day"] = "at_once"
    gtin: Annotated[str, Meta(max_length=14)] = ""
    holdout_percent: Annotated[int, Meta(ge=0, le=50)] | None = None
    audience: Annotated[list[SegmentName], Meta(max_length=20)] | None = None
    """Names of the segments whose members are given it; [] for everybody. Not named: it stays as it is."""

    for_chain: bool = False
    """A new offer is one for all shops of the chain; of one that is there already it changes nothing."""


class ChangedTerms(msgspec.Struct, frozen=True):
    """A change of an offer. `version`: the one that the program had seen; where there is a newer one, nothing is changed."""

    version: Count
    terms: Terms


class CampaignShown(msgspec.Struct, frozen=True):
    """An offer with its life. `version` rises with each change."""

    number: int
    state: Literal["draft", "published", "paused", "ended"]
    version: int
    made_at: float
    changed_at: float
    published_at: float | None
    title: Text
    text: Text
    small_print: Text
    keywords: Text
    value: Value
    starts_at: int
    ends_at: int
    coupon_lasts_s: int
    issue_limit: int | None
    redemption_limit: int | None
    basket_min_cents: int
    offline: str
    channels: tuple[str, ...]
    hours: tuple[Hours, ...]
    condition: Condition | None
    per_day_limit: int | None
    per_person_limit: int | None
    rotating: bool
    group_size: int | None
    next_visit: int | None
    good_from: str
    gtin: str
    holdout_percent: int
    audience: tuple[str, ...]


class CampaignPage(msgspec.Struct, frozen=True):
    """Offers by their numbers."""

    items: list[CampaignShown]
    next: str | None


class Turn(msgspec.Struct, frozen=True):
    """What becomes of an offer."""

    action: Literal["publish", "pause", "end"]


class CouponWanted(msgspec.Struct, frozen=True):
    """Take a coupon of this offer. `member`: the opaque number of the member to whom alone it is given."""

    campaign: Number
    member: Annotated[str, Meta(max_length=40, pattern="^[A-Za-z0-9_-]*$")] = ""


class CouponTaken(msgspec.Struct, frozen=True):
    """A coupon: `token` is what stands in its QR, `code` what a person types. Whoever has either can use it."""

    serial: str
    campaign: int
    token: str
    code: str
    expires_at: int


class CouponMoment(msgspec.Struct, frozen=True):
    """Something that happened to a coupon."""

    at: float
    kind: str
    till: str
    who: str
    value_cents: int | None
    reason: str
    offline: bool


class CouponShown(msgspec.Struct, frozen=True):
    """What became of a coupon. Not its code: who may look may not use it."""

    serial: str
    state: str
    campaign: int | None
    issued_at: float | None
    expires_at: int | None
    member: str
    balance_cents: int | None
    moments: list[CouponMoment]


class Why(msgspec.Struct, frozen=True):
    """The reason of a change, which stays."""

    reason: Reason


class ActShown(msgspec.Struct, frozen=True):
    """One redemption. `standing`: first, part, conflict (accepted although it was used), reversed."""

    position: int
    serial: str
    campaign: int
    at: float
    device: str
    till: str
    staff: str
    value_cents: int
    basket_cents: int | None
    offline: bool
    standing: str
    simulated: bool
    member: str
    balance_cents: int | None


class ActPage(msgspec.Struct, frozen=True):
    """Redemptions in the order in which the hub learnt of them."""

    items: list[ActShown]
    next: str | None


class DeviceShown(msgspec.Struct, frozen=True):
    """A device of the shop. `missing`: facts that it has made and not told yet, as far as the numbers say."""

    device: str
    name: str
    program: str
    seen_at: float | None
    withdrawn: bool
    taken: int
    missing: int


class DevicePage(msgspec.Struct, frozen=True):
    """Devices by their names."""

    items: list[DeviceShown]
    next: str | None


class PairingWanted(msgspec.Struct, frozen=True):
    """A new device of this program."""

    program: Literal["edge", "kiosk"]


class PairingShown(msgspec.Struct, frozen=True):
    """A pairing code: one use, ten minutes."""

    code: str
    expires_at: float


class PersonShown(msgspec.Struct, frozen=True):
    """Somebody who works here. `kind`: staff redeem, managers run the shop (`role`)."""

    kind: Literal["staff", "manager"]
    id: str
    name: str
    role: str
    active: bool


class PersonPage(msgspec.Struct, frozen=True):
    """Staff and managers."""

    items: list[PersonShown]
    next: str | None


class ProductShown(msgspec.Struct, frozen=True):
    """What the shop sells: by a GTIN or the shop's own number, as tills scan it."""

    code: str
    name: str
    name_zh: str
    price_cents: int | None


class ProductPage(msgspec.Struct, frozen=True):
    """Products by their codes."""

    items: list[ProductShown]
    next: str | None


class HookWanted(msgspec.Struct, frozen=True):
    """A web address that is to be told what happens, and of which kinds."""

    name: Name
    url: Annotated[str, Meta(min_length=1, max_length=2_000)]
    kinds: Annotated[list[Name], Meta(min_length=1, max_length=20)]


class HookShown(msgspec.Struct, frozen=True):
    """A webhook. `state`: on, off, or disabled after three days of failures. `waiting`: messages that it has not got."""

    number: int
    name: str
    url: str
    kinds: list[str]
    state: Literal["on", "off", "disabled"]
    private: bool
    failing_since: float | None
    waiting: int


class HookMade(msgspec.Struct, frozen=True):
    """A new webhook with its secret, which is shown only now."""

    hook: HookShown
    secret: str


class HookPage(msgspec.Struct, frozen=True):
    """Webhooks by their numbers."""

    items: list[HookShown]
    next: str | None


class MessageShown(msgspec.Struct, frozen=True):
    """One message to a webhook, and what became of its latest try."""

    number: int
    id: str
    kind: str
    made_at: float
    state: Literal["waiting", "sent", "given_up"]
    tries: int
    next_at: float
    status: int
    said: str


class MessagePage(msgspec.Struct, frozen=True):
    """Messages, the newest first."""

    items: list[MessageShown]
    next: str | None


class WorkShown(msgspec.Struct, frozen=True):
    """Long work: `done` of `total` in `unit`s (0: not known yet); `result` is what came of it, as JSON values."""

    number: int
    kind: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    by: str
    made_at: float
    begun_at: float | None
    ended_at: float | None
    done: int
    total: int
    unit: str
    note: str
    result: dict[str, Any]


class WorkPage(msgspec.Struct, frozen=True):
    """Long work, the newest first."""

    items: list[WorkShown]
    next: str | None


class ImportWanted(msgspec.Struct, frozen=True):
    """A CSV file as text. `dry_run`: look only, and say of every line what is wrong with it."""

    kind: Literal["products", "offers"]
    text: Annotated[str, Meta(max_length=20_000_000)]
    dry_run: bool = True


class Nothing(msgspec.Struct, frozen=True):
    """No more to say."""
