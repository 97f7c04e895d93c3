"""Makes the snapshot that goes down to a node: sections, their hashes, the signed manifest, and the node's rights.

Limited lots are handed out by escrow: rights move to a node before it may spend them, as totals that only rise, and all
nodes together never hold more than the lot.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.enrolled import TagSealer
from hub.store.base import Store
from hub.store.records import CampaignRecord, Device, Grant, PictureRecord, Tally
from hub.wire.identity import sign_text
from hub.wire.snapshot import (
    PICTURE_PREFIX,
    Campaign,
    Manifest,
    Picture,
    Right,
    Snapshot,
    Staff,
    content_hash,
    section_body,
)

ACCEPT_AHEAD = 20
"""What a cut-off till may accept of one offer before it has to be heard: a busy hour, and all that a double use can cost."""

SHARE_OF_LOT = 4
"""A node is given at most this fraction of its even share of what is left, so that little is stranded on a quiet node."""

KEEP_ENDED_S = 30 * 86_400
"""Tills can say "expired" rather than "unknown" for this long."""

RECOGNISES = "edge"
"""The program that hears phones and tags; to no other one is it told who may be recognised, let alone by which key."""

_DAY_S = 86_400


def picture_section(picture: PictureRecord) -> bytes:
    """A picture as it travels; its hash is the name that offers use."""
    return section_body(
        Picture(picture.type, base64.b64encode(picture.body).decode(), picture.width, picture.height)
    )


def picture_hash(media_type: str, body: bytes, width: int, height: int) -> str:
    """The name under which an offer shows a picture."""
    return content_hash(picture_section(PictureRecord("", media_type, body, width, height)))


class SnapshotMaker:
    """Builds sections once for all nodes, until something in them changes. Safe to use from several threads."""

    def __init__(self, store: Store, key: Ed25519PrivateKey) -> None:
        self._store = store
        self._key = key
        self._lock = threading.Lock()
        self._made_for: tuple[int, int] | None = None
        self._bodies: dict[str, bytes] = {}
        self._hashes: dict[str, str] = {}
        self._campaigns: list[Campaign] = []
        self._tags = TagSealer(store, key)
        self._tag_bodies: dict[str, bytes] = {}

    def for_device(self, device: Device, have: dict[str, str], now: float) -> Snapshot | None:
        """What the node does not have; None where it has all. Raises its rights where they run low, so call it inside
        `store.writing()`."""
        bodies, hashes, campaigns = self._sections(now)
        own = {"rights": section_body(self._rights(device, campaigns))}
        if device.program == RECOGNISES:
            own["tags"] = self._tag_body(device)
        sections = {**hashes, **{name: content_hash(body) for name, body in own.items()}}
        if sections == have:
            return None
        missing = {
            name: msgspec.Raw(own.get(name) or bodies[name])
            for name, digest in sections.items()
            if have.get(name) != digest
        }
        manifest = msgspec.json.encode(
            Manifest(self._store.shop.number, device.device, now, sections)
        ).decode()
        return Snapshot(manifest, sign_text(self._key, manifest), missing)

    def _sections(self, now: float) -> tuple[dict[str, bytes], dict[str, str], list[Campaign]]:
        # The day is part of it: campaigns that ended long ago leave the snapshot without anybody's doing.
        wanted = (self._store.shop.snapshot_version(), int(now // _DAY_S))
        with self._lock:
            if self._made_for != wanted:
                campaigns = _travelling(self._store.campaigns.all(), wanted[1] * _DAY_S)
                self._bodies = self._build(campaigns)
                self._hashes = {name: content_hash(body) for name, body in self._bodies.items()}
                self._campaigns = campaigns
                self._tag_bodies = {}
                self._made_for = wanted
            return self._bodies, self._hashes, self._campaigns

    def _tag_body(self, device: Device) -> bytes:
        with self._lock:
            if device.device not in self._tag_bodies:
                self._tag_bodies[device.device] = section_body(self._tags.section(device))
            return self._tag_bodies[device.device]

    def _build(self, campaigns: list[Campaign]) -> dict[str, bytes]:
        store = self._store
        staff = [
            Staff(member.id, member.name, member.pin, member.member)
            for member in store.people.staff()
            if member.active
        ]
        bodies = {
            "shop": section_body(store.shop.get()),
            "campaigns": section_body(campaigns),
            "keys": section_body(store.devices.keys()),
            "revoked": section_body(store.campaigns.revoked()),
            "staff": section_body(staff),
        }
        for digest in {campaign.offer.picture for campaign in campaigns if campaign.channels}:
            picture = store.campaigns.picture(digest) if digest else None
            if picture is not None:
                bodies[f"{PICTURE_PREFIX}{digest}"] = picture_section(picture)
        return bodies

    def _rights(self, device: Device, campaigns: Sequence[Campaign]) -> list[Right]:
        asked = [campaign for campaign in campaigns if needs_rights(campaign, device)]
        if not asked:
            return []
        ledger = self._store.ledger
        nodes = self._store.devices.all()
        tallies, grants = ledger.tallies(), ledger.grants()
        rights = []
        for campaign in asked:
            before = next(
                (g for g in grants if g.campaign == campaign.number and g.device == device.device),
                Grant(campaign.number, device.device, 0, 0),
            )
            own = [tally for tally in tallies if tally.campaign == campaign.number]
            after = Grant(
                campaign.number,
                device.device,
                before.issue
                + issue_more(
                    campaign, device, nodes, own, [g for g in grants if g.campaign == campaign.number]
                ),
                max(before.accept, accept_in_all(campaign, device, nodes, own)),
            )
            if after != before:
                ledger.grant(after)
            if after.issue or after.accept:
                rights.append(Right(campaign.number, after.issue, after.accept))
        return rights


def _travelling(records: list[CampaignRecord], day_start: float) -> list[Campaign]:
    """What nodes must know: running campaigns, and stopped ones without any channel, so that what was taken can be used."""
    campaigns = []
    for record in sorted(records, key=lambda record: record.number):
        campaign = record.campaign
        if record.published_at is None or record.state == "draft":
            continue
        if campaign.ends_at + KEEP_ENDED_S < day_start:
            continue
        if record.state != "published":
            campaign = msgspec.structs.replace(campaign, channels=())
        campaigns.append(campaign)
    return campaigns


def needs_rights(campaign: Campaign, device: Device) -> bool:
    """Whether this node asks its rights at all: for a limited lot, and as a till that may accept alone."""
    return campaign.issue_limit is not None or (device.program == "kiosk" and campaign.offline == "rights")


def issue_more(
    campaign: Campaign, device: Device, nodes: Sequence[Device], tallies: list[Tally], grants: list[Grant]
) -> int:
    """How many more coupons of a limited lot this node may hand out; 0 while it has enough or nothing is left.

    A withdrawn node holds only what it has handed out: coupons that it may still mint are not honoured.
    """
    if campaign.issue_limit is None or not campaign.channels:
        return 0
    issued = {tally.device: tally.issued for tally in tallies}
    withdrawn = {node.device for node in nodes if node.withdrawn_at is not None}
    held = {grant.device: grant.issue for grant in grants}
    moved = sum(
        min(held.get(name, 0), issued.get(name, 0)) if name in withdrawn else total
        for name, total in held.items()
    )
    left = campaign.issue_limit - moved
    if left <= 0 or device.device in withdrawn:
        return 0
    share = max(1, left // (SHARE_OF_LOT * max(1, len(nodes) - len(withdrawn))))
    in_hand = held.get(device.device, 0) - issued.get(device.device, 0)
    return min(share, left) if in_hand <= share // 2 else 0


def accept_in_all(campaign: Campaign, device: Device, nodes: Sequence[Device], tallies: list[Tally]) -> int:
    """How many redemptions this till may accept alone, counted from its beginning."""
    if campaign.offline != "rights" or device.program != "kiosk":
        return 0
    alone = next((tally.accepted_alone for tally in tallies if tally.device == device.device), 0)
    ahead = ACCEPT_AHEAD
    if campaign.redemption_limit is not None:
        tills = sum(node.program == "kiosk" and node.withdrawn_at is None for node in nodes)
        left = campaign.redemption_limit - sum(tally.redeemed for tally in tallies)
        ahead = min(ahead, max(0, left) // max(1, tills))
    return alone + ahead
