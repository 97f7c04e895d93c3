"""All that a node needs to act alone: named sections, each whole, each with a content hash, signed by the hub.

Pure. `hub.snapshots` makes them, `hub.client.shelf` keeps them, the exchange carries the ones that differ.

A section is a JSON text. Its hash is SHA-256 over exactly those bytes, so nothing has to be put in order to compare them.
The manifest lists the sections with their hashes; the hub signs the manifest's text. A section that a node does not know
is kept and left alone.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from hub.wire.conditions import Condition, Hours, SegmentName
from hub.wire.forgetting import Forgotten
from hub.wire.purse_rules import PurseSection

Text = dict[str, str]
"""One text in several languages: language code to text."""

PICTURE_PREFIX = "picture."


class BadSnapshot(ValueError):
    """What came is not a snapshot of this shop's hub; the message says why."""


class Shop(msgspec.Struct, frozen=True):
    """The shop itself. `number` is what coupons carry; `colour` replaces the accent where contrast allows."""

    number: int
    name: Text
    languages: tuple[str, ...] = ("en", "zh")
    timezone: str = "UTC"
    currency: str = "EUR"
    colour: str | None = None
    greeting: Text = {}
    beacon_uuid: str | None = None
    """The shop on the air: the UUID of its iBeacons and AltBeacons; its first ten octets are the Eddystone namespace."""
    hours: tuple[Hours, ...] = ()
    """When the shop is open; empty where nobody has said. What is redeemed outside of them is shown to the manager."""


class Value(msgspec.Struct, frozen=True):
    """What a coupon is worth: an amount off, a percentage off, a gift that costs the shop `cents`, or a voucher of `cents` that
    is spent in parts."""

    kind: Literal["amount", "percent", "gift", "voucher"]
    cents: Annotated[int, Meta(ge=0, le=10**9)] = 0
    percent: Annotated[int, Meta(ge=0, le=100)] = 0

    def worth_cents(self, basket_cents: int | None) -> int:
        """What the shop gives away on a purchase; for a percentage of an unknown purchase 0; for a voucher all of it."""
        if self.kind == "percent":
            return (basket_cents or 0) * self.percent // 100
        return self.cents


class Offer(msgspec.Struct, frozen=True):
    """What a shopper sees. `picture` is the content hash of a picture section."""

    title: Text
    text: Text
    value: Value
    picture: str | None = None
    picture_alt: Text = {}
    small_print: Text = {}
    keywords: Text = {}


AirFrame = Literal["ibeacon", "altbeacon", "eddystone-uid", "eddystone-url", "eddystone-tlm", "eddystone-eid"]


class Air(msgspec.Struct, frozen=True):
    """What the doors say on Bluetooth while a campaign runs. `url` is for the frame that carries an address of a page.

    `interval_ms` and `power_dbm` are wishes; what the adapter made of them is told by the door. None: the adapter's own power.
    """

    frames: tuple[AirFrame, ...]
    url: str = ""
    interval_ms: Annotated[int, Meta(ge=20, le=10_240)] = 300
    power_dbm: Annotated[int, Meta(ge=-127, le=20)] | None = None


class Campaign(msgspec.Struct, frozen=True):
    """What runs when, for whom, within which limits. Times are seconds of UTC, `ends_at` is the first that is too late.

    `offline`: what a till that is cut off from its hub may do: `refuse`, or accept up to its `rights`. A voucher and a limit per
    person need `refuse`: only the hub knows what was spent elsewhere.
    `hours`: when a coupon is good within a week; the screen shows the offer in them first. `condition`: what else must hold.
    `per_day_limit`: redemptions in one day of the shop; `per_person_limit`: by one member.
    `rotating`: the QR changes every 30 s, so that a picture of it is worth nothing.
    `group_size`: coupons are good once so many have been taken. `next_visit`: the campaign of which a coupon is given with
    the receipt. `good_from`: `next_day` where a coupon is good only from the day after it was taken.
    `gtin`: the product that the offer is for, which makes a GS1 Digital Link of the code on paper.
    """

    number: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    offer: Offer
    starts_at: int
    ends_at: int
    coupon_lasts_s: int = 14 * 86_400
    issue_limit: int | None = None
    redemption_limit: int | None = None
    basket_min_cents: int = 0
    offline: Literal["refuse", "rights"] = "rights"
    channels: tuple[str, ...] = ("portal", "kiosk", "link")
    air: Air | None = None
    hours: tuple[Hours, ...] = ()
    condition: Condition | None = None
    per_day_limit: int | None = None
    per_person_limit: int | None = None
    rotating: bool = False
    group_size: int | None = None
    next_visit: int | None = None
    good_from: Literal["at_once", "next_day"] = "at_once"
    gtin: str = ""
    stopped: bool = False
    """Paused or ended by the office: nobody takes a coupon of it any more, those taken stay good. Set in the snapshot."""

    of_shop: int | None = None
    """Whose offer it is, where it is head office's: its coupons carry that number. Set in the snapshot."""

    holdout_percent: Annotated[int, Meta(ge=0, le=50)] = 0
    """Hundredths of the members who get nothing of it, so that its effect can be told (`hub.wire.holdout`)."""

    holdout_salt: str = ""
    """By which the group is drawn; random, and the same for as long as the campaign lives."""

    audience: Annotated[tuple[SegmentName, ...], Meta(max_length=20)] = ()
    """Only members of one of these segments are shown and given it; empty: everybody. They are asked for when a coupon is given,
    not when it is used: one for people who have not come for long must be good when they come. So each is made out to its member;
    one that is not (an older node gave it) is good only for who is in a segment when it is used."""


class Key(msgspec.Struct, frozen=True):
    """A node's public half, under the number that its coupons carry. `withdrawn_at` is set once it is not trusted any more.

    A node that changes its key has two for a while: it uses the new one from `starts_at` on, and whatever the old one signed is
    good until `ends_at`, the first second that is too late. Seconds of UTC; None: from the beginning, without end.
    """

    number: int
    device: str
    public: str
    withdrawn_at: int | None = None
    starts_at: int | None = None
    ends_at: int | None = None
    known_by: str = ""
    """The key that the node is known by, where it is another one: it made that when it joined, and keeps it."""


class ShopKeys(msgspec.Struct, frozen=True):
    """The keys of one shop of a chain, so that each other shop's hub can believe its coupons of the chain."""

    shop: int
    keys: tuple[Key, ...] = ()


class RevocationRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """Coupons that are good no more. Times are seconds of UTC; None: not limited in this way; one of the first two is set.

    `taken_from`, `taken_before`: the stretch in which they were taken, its end not included. `at`: when the office said so.
    """

    number: Annotated[int, Meta(ge=1)]
    campaign: int | None = None
    key_number: Annotated[int, Meta(ge=0, le=255)] | None = None
    taken_from: int | None = None
    taken_before: int | None = None
    at: int = 0


class Staff(msgspec.Struct, frozen=True):
    """Somebody who may redeem. `pin` is an argon2id hash in its usual text form. `member` is the opaque id of their own
    membership, where they have one: nobody redeems their own coupons."""

    id: str
    name: str
    pin: str
    member: str = ""


class Tag(msgspec.Struct, frozen=True):
    """Something or somebody that the doors may recognise, because it was enrolled: a tag, or a member who gave a key.

    `known` is an opaque id that stands in visits. `identity` is how a beacon names itself (`ibeacon:UUID/MAJOR/MINOR` and the
    like); `sealed` is an identity resolving key or an ephemeral-identity key, readable by this one node only
    (`hub.wire.sealing`). Exactly one of the two is there.
    """

    known: str
    whose: Literal["staff", "member", "thing"] = "thing"
    identity: str | None = None
    sealed: str | None = None


class TagKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `Tag.sealed` holds, as JSON: a secret by which a phone or a tag can be told although it changes its name.

    `key` is 16 octets in hexadecimal digits, the most significant first, as the Core Specification and Eddystone write it. An
    ephemeral identity (`eid`) lasts 2**`exponent` seconds; `offset` is the time, in seconds of UTC, at which its beacon's clock
    stood at 0.
    """

    kind: Literal["irk", "eid"]
    key: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    exponent: Annotated[int, Meta(ge=0, le=15)] | None = None
    offset: int | None = None


class Right(msgspec.Struct, frozen=True):
    """How much this very node may do alone, counted from its beginning and never lowered.

    `issue`: coupons of a limited lot that it may hand out in all. `accept`: redemptions that it may accept in all while cut
    off. Rising totals instead of what is left: an answer that is lost or comes twice changes nothing.
    `issued`, `accepted`: what the node has spent of it at least, where it said less: its disk was set back.
    """

    campaign: int
    issue: int = 0
    accept: int = 0
    issued: int = 0
    accepted: int = 0


class Progress(msgspec.Struct, frozen=True):
    """How far a campaign has come, as the hub knew it when it made the snapshot: coupons taken, redemptions that count.

    `today` of them were on `day` of the shop (ISO 8601). Only campaigns for which somebody needs to know are in the list: group
    offers, and limits on redemptions.
    """

    campaign: int
    taken: int = 0
    redeemed: int = 0
    today: int = 0
    day: str = ""


class Picture(msgspec.Struct, frozen=True):
    """A picture, base 64."""

    type: str
    data: str
    width: int
    height: int


class Manifest(msgspec.Struct, frozen=True):
    """Which sections make up the snapshot, for which device, made when."""

    shop: int
    device: str
    made_at: float
    sections: dict[str, str]


class Snapshot(msgspec.Struct, frozen=True):
    """A manifest as the very text that was signed, and those sections that the node did not have."""

    manifest: str
    signature: str
    sections: dict[str, msgspec.Raw] = {}


SECTIONS: dict[str, type] = {
    "shop": Shop,
    "campaigns": list[Campaign],
    "keys": list[Key],
    "revoked": list[str],
    "revoked_rules": list[RevocationRule],
    "rotating": str,
    "staff": list[Staff],
    "rights": list[Right],
    "tags": list[Tag],
    "progress": list[Progress],
    "pepper": str,
    "settings": dict[str, str],
    "shop_keys": list[ShopKeys],
    "chain_pepper": str,
    "forgotten": Forgotten,
    "purse": PurseSection,
}

T = TypeVar("T")


def content_hash(body: bytes | msgspec.Raw) -> str:
    """The hash under which a section is known."""
    return hashlib.sha256(body).hexdigest()


def section_body(content: object) -> bytes:
    """A section's text."""
    return msgspec.json.encode(content)


def read_section(body: bytes, content_type: type[T]) -> T:
    """A section's content; BadSnapshot says what is wrong with it."""
    try:
        return msgspec.json.decode(body, type=content_type)
    except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
        raise BadSnapshot(f"a section cannot be read: {wrong}") from None


def read_manifest(text: str) -> Manifest:
    """A manifest from its signed text."""
    return read_section(text.encode(), Manifest)


def say(text: Text, language: str) -> str:
    """A text in this language, else in its base language, else in English, else in any."""
    for choice in (language, language.split("-")[0], "en"):
        if choice in text:
            return text[choice]
    return next(iter(text.values()), "")
