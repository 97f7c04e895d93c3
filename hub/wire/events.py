"""Facts: what happened, where, in which order.

Pure. Devices write events through `hub.client.outbox`; the hub keeps each as the very text in which it came, so that a field
or a kind that this release does not know is kept too.

`(device, epoch, seq)` is an event's id. `seq` counts from 1 without gaps within a journal; a journal that was lost is
followed by one with a higher `epoch`. Order comes from `seq`; `at` (seconds of UTC) is for people, and `clock` says how far
to trust it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.wire.events_care import CARE_KINDS
from hub.wire.events_members import MEMBER_KINDS
from hub.wire.events_members import ConsentGiven as ConsentGiven
from hub.wire.events_members import ConsentWithdrawn as ConsentWithdrawn
from hub.wire.events_messages import MESSAGE_KINDS
from hub.wire.events_value import VALUE_KINDS
from hub.wire.fact import (
    Cents as Cents,
)
from hub.wire.fact import (
    Channel as Channel,
)
from hub.wire.fact import (
    ClockState as ClockState,
)
from hub.wire.fact import (
    Count as Count,
)
from hub.wire.fact import (
    Fact as Fact,
)
from hub.wire.fact import (
    Kind as Kind,
)
from hub.wire.fact import (
    Name as Name,
)
from hub.wire.fact import (
    Ordinal as Ordinal,
)
from hub.wire.fact import (
    Serial as Serial,
)
from hub.wire.fact import (
    Short as Short,
)
from hub.wire.fact import (
    Stamp as Stamp,
)

MAX_EVENT_BYTES = 16_384
"""A fact is small. Whatever is longer is parked on the device, with a sentence."""


class BadEvent(ValueError):
    """The text is no event; the message says why."""


class Event(msgspec.Struct, frozen=True):
    """One fact in its envelope. `data` is the JSON text of the fact itself."""

    device: Name
    epoch: Ordinal
    seq: Ordinal
    kind: Kind
    at: Stamp
    clock: ClockState
    data: msgspec.Raw = msgspec.Raw(b"{}")
    boot: Count = 0


class VisitClosed(Fact, frozen=True, kw_only=True):
    """A stay has ended; `id` is random and stands for no phone. Times are seconds of UTC."""

    id: Short
    zone: Short
    arrived_at: Stamp
    departed_at: Stamp
    dwell_s: Annotated[float, Meta(ge=0)]
    peak_dbm: Annotated[int, Meta(ge=-127, le=20)]
    rank: Short = "random"
    known: Short = ""
    """The opaque id of an enrolled tag or a consenting member (`snapshot.Tag.known`); empty for everybody else."""


class OccupancyMeasured(Fact, frozen=True, kw_only=True):
    """People present in one window, with the band in which the true number lies nine times in ten."""

    zone: Short
    window_s: Annotated[float, Meta(gt=0)]
    people: Annotated[float, Meta(ge=0, le=1_000_000)]
    low: Annotated[float, Meta(ge=0, le=1_000_000)]
    high: Annotated[float, Meta(ge=0, le=1_000_000)]
    addresses: Count


class StreetCounted(Fact, frozen=True, kw_only=True):
    """Who went past a zone and who stayed, in one window: names heard near, before any correction.

    Entrants among all of them are the capture rate.
    """

    zone: Short
    window_s: Annotated[float, Meta(gt=0)]
    passers: Count
    entrants: Count


class OfferSeen(Fact, frozen=True, kw_only=True):
    """An offer's own page was opened."""

    campaign: Count
    channel: Channel


class OfferShown(Fact, frozen=True, kw_only=True):
    """An offer stood on a screen: `times` it came to the front in one window, `shown_s` seconds in all."""

    campaign: Count
    channel: Channel
    times: Count
    shown_s: Annotated[float, Meta(ge=0, le=86_400)]


class CouponIssued(Fact, frozen=True, kw_only=True):
    """A shopper took an offer."""

    serial: Serial
    campaign: Count
    code: Annotated[str, Meta(pattern="^[0-9A-HJKMNP-TV-Z]{12}$")]
    key_number: Annotated[int, Meta(ge=0, le=255)]
    expires_at: Count
    channel: Channel
    member: Short = ""
    """Opaque; the member to whom alone it was given, empty for a coupon that anybody may use."""


class CouponRedeemed(Fact, frozen=True, kw_only=True):
    """A coupon was used. `offline`: decided by a till that was cut off from its hub, within its rights.

    `nonce` is made by the till before it asks: the same nonce is the same act, however often it arrives.
    """

    serial: Serial
    campaign: Count
    nonce: Short
    till: Short
    staff: Short
    value_cents: Cents
    basket_cents: Cents | None = None
    offline: bool = False
    member: Short = ""
    """Opaque; empty where nobody said who."""

    balance_cents: Cents | None = None
    """What is left on a voucher afterwards; None for every other coupon."""

    decided_at: Stamp | None = None
    """When the hub decided it, where a till tells it again to a hub that was set back; else the event's own time is."""

    purchase: Short = ""
    """Names the purchase for which it was used (`PurchasePaid.id`), so that several coupons of one purchase are known to be of
    one; empty where nobody said which."""


class PurchasePaid(Fact, frozen=True, kw_only=True):
    """Somebody paid at a till, with or without a coupon. `cents` is what was paid for everything, in hundredths of the currency,
    after all discounts; `items` how many things, where the till knows.

    The same `id` is the same purchase and counts once, however often and from wherever it arrives; whoever makes one up takes
    care that no other of this shop is called so (the till's name and the receipt's number, or something random). It happened when
    its event says. `member` is opaque, empty where nobody said who; `zone` is where the till stands, empty where nobody knows.
    """

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    till: Short
    staff: Short
    cents: Cents
    member: Short = ""
    items: Count | None = None
    zone: Short = ""


class CouponReversed(Fact, frozen=True, kw_only=True):
    """A redemption was taken back: a record of its own, nothing is deleted. `of` is the redemption's nonce, `redeemed_by` the
    device of the till that asked for it; `nonce` is this act's own. `by`: who may, and with how much time to do so."""

    serial: Serial
    campaign: Count
    of: Short
    redeemed_by: Short
    nonce: Short
    till: Short
    staff: Short
    by: Literal["staff", "manager"]
    reason: Short
    value_cents: Cents
    offline: bool = False
    decided_at: Stamp | None = None
    """As of a redemption."""


class CouponReserved(Fact, frozen=True, kw_only=True):
    """A coupon is held for one purchase until `until` (seconds of UTC); `nonce` names the reservation. `member` is opaque."""

    serial: Serial
    campaign: Count
    nonce: Short
    till: Short
    staff: Short
    until: Stamp
    member: Short = ""


class CouponReleased(Fact, frozen=True, kw_only=True):
    """A reservation (`nonce`) was given up before its time."""

    serial: Serial
    campaign: Count
    nonce: Short


class CouponRefused(Fact, frozen=True, kw_only=True):
    """A till said no; `refusal` is one of the codes in `hub.wire.refusals`."""

    refusal: Short
    nonce: Short
    till: Short
    staff: Short
    serial: Serial | None = None
    campaign: Count | None = None
    offline: bool = False


class PortalJoined(Fact, frozen=True, kw_only=True):
    """A phone was let through by the portal. `way`: how it came in; `member` is opaque, empty for whoever did not join.

    `batch` names the batch of printed codes where one was used. Nothing here stands for a phone.
    """

    way: Literal["click", "sms", "code", "coupon", "member"]
    seconds: Count
    member: Short = ""
    batch: Short = ""


class DeviceHealth(Fact, frozen=True, kw_only=True):
    """What a node says of itself: codes of its warnings, and its counts."""

    program: Short
    warnings: tuple[Short, ...] = ()
    counts: dict[Short, float] = msgspec.field(default_factory=dict)
    texts: dict[Short, Short] = msgspec.field(default_factory=dict)


_SHOP_KINDS: dict[str, type[Fact]] = {
    "visit.closed": VisitClosed,
    "occupancy.measured": OccupancyMeasured,
    "street.counted": StreetCounted,
    "offer.seen": OfferSeen,
    "offer.shown": OfferShown,
    "coupon.issued": CouponIssued,
    "coupon.redeemed": CouponRedeemed,
    "purchase.paid": PurchasePaid,
    "coupon.refused": CouponRefused,
    "coupon.reversed": CouponReversed,
    "coupon.reserved": CouponReserved,
    "coupon.released": CouponReleased,
    "portal.joined": PortalJoined,
    "device.health": DeviceHealth,
}

KINDS: dict[str, type[Fact]] = {**_SHOP_KINDS, **MEMBER_KINDS, **CARE_KINDS, **MESSAGE_KINDS, **VALUE_KINDS}

KIND_OF: dict[type[Fact], str] = {fact: kind for kind, fact in KINDS.items()}

_events = msgspec.json.Decoder(Event)
_facts = {kind: msgspec.json.Decoder(fact) for kind, fact in KINDS.items()}
_encoder = msgspec.json.Encoder()


def write_event(event: Event) -> bytes:
    """An event as it is kept and sent."""
    return _encoder.encode(event)


def make_event(
    device: str, epoch: int, seq: int, fact: Fact, *, at: float, clock: ClockState, boot: int = 0
) -> Event:
    """An event around a fact."""
    return Event(device, epoch, seq, KIND_OF[type(fact)], at, clock, msgspec.Raw(_encoder.encode(fact)), boot)


def read_event(text: bytes | msgspec.Raw) -> Event:
    """An event from its text; BadEvent says what is wrong with it."""
    if len(memoryview(text)) > MAX_EVENT_BYTES:
        raise BadEvent(f"an event has at most {MAX_EVENT_BYTES} bytes, this one has {len(memoryview(text))}")
    try:
        return _events.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadEvent(str(wrong)) from None


def read_fact(event: Event) -> Fact | None:
    """The fact inside; None where this release does not know its kind; BadEvent where it is broken."""
    decoder = _facts.get(event.kind)
    if decoder is None:
        return None
    try:
        return decoder.decode(event.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadEvent(f"{event.kind}: {wrong}") from None
