"""Makes the snapshot that goes down to a node: sections, their hashes, the signed manifest, and the node's own sections.

A node's own are its rights (`hub.escrow` says how much), what it may recognise, and secrets that are sealed to it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.enrolled import TagSealer
from hub.escrow import Stranded, hands, stranded
from hub.fleet.gone import with_gone
from hub.fleet.settings import NodeSettings
from hub.giving import Giver, how_far
from hub.purse.section import purse_section
from hub.sealed import NodeSealer, Secret
from hub.store.base import Store
from hub.store.records import Device, PictureRecord
from hub.upstream.below import BELOW, picture_section, shop_keys, travelling, without_pictures_of_others
from hub.upstream.merging import (
    ALONE,
    FromAbove,
    from_above,
    offers_here,
    pictures_here,
    rules_here,
    staff_here,
    version_above,
)
from hub.wire.chain import is_of_chain
from hub.wire.forgetting import Forgotten, ForgottenOne
from hub.wire.identity import sign_text
from hub.wire.snapshot import (
    PICTURE_PREFIX,
    Campaign,
    Manifest,
    Snapshot,
    Staff,
    content_hash,
    section_body,
)
from hub.wire.sync import Held

RECOGNISES = "edge"
"""The program that hears phones and tags; to no other one is it told who may be recognised, let alone by which key."""

_DAY_S = 86_400


def picture_hash(media_type: str, body: bytes, width: int, height: int) -> str:
    """The name under which an offer shows a picture."""
    return content_hash(picture_section(PictureRecord("", media_type, body, width, height)))


class SnapshotMaker:
    """Builds sections once for all nodes, until something in them changes. Safe to use from several threads."""

    def __init__(
        self, store: Store, key: Ed25519PrivateKey, secrets: Sequence[Secret] = (), giver: Giver | None = None
    ) -> None:
        self._store = store
        self._key = key
        self._lock = threading.Lock()
        self._made_for: tuple[int, int, int] | None = None
        self._bodies: dict[str, bytes] = {}
        self._hashes: dict[str, str] = {}
        self._campaigns: list[Campaign] = []
        self._above = ALONE
        self._tags = TagSealer(store, key)
        self._tag_bodies: dict[str, bytes] = {}
        self._sealer = NodeSealer(key, tuple(secrets))
        self.giver = giver or Giver()
        self.settings = NodeSettings(store)

    def for_device(
        self, device: Device, have: dict[str, str], now: float, told: Sequence[Held] | None = None
    ) -> Snapshot | None:
        """What the node does not have; None where it has all. Raises its rights where they run low, so call it inside
        `store.writing()`. `told`: what the node said of its rights (`SyncRequest.rights`)."""
        bodies, hashes, campaigns, above = self._sections(now)
        self.giver.hear(device.device, told)
        of_chain: dict[str, bytes] = {}
        if device.program == BELOW:
            campaigns = [one for one in campaigns if is_of_chain(one.number)]
            hashes = without_pictures_of_others(hashes, campaigns)
            of_chain = {
                "campaigns": section_body(campaigns),
                "shop_keys": section_body(shop_keys(self._store)),
            }
        progress = how_far(self._store, [one for one in campaigns if one.of_shop is None], now)
        own = {
            "rights": section_body(self.giver.rights(self._store, device, campaigns, now)),
            "progress": section_body([*progress, *above.progress]),
            **of_chain,
            **self._sealer.sections(device),
            **self.settings.section(device.device, device.program),
            **purse_section(self._store, device, now),
        }
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

    def _sections(self, now: float) -> tuple[dict[str, bytes], dict[str, str], list[Campaign], FromAbove]:
        # The day is part of it: campaigns that ended long ago leave the snapshot without anybody's doing.
        wanted = (self._store.shop.snapshot_version(), int(now // _DAY_S), version_above(self._store))
        with self._lock:
            if self._made_for != wanted:
                above = from_above(self._store, wanted[1] * _DAY_S)
                campaigns = travelling(self._store.campaigns.all(), wanted[1] * _DAY_S)
                campaigns += offers_here(self._store, above)
                self._above = above
                self._bodies = self._build(campaigns, above)
                self._hashes = {name: content_hash(body) for name, body in self._bodies.items()}
                self._campaigns = campaigns
                self._tag_bodies = {}
                self._made_for = wanted
            return self._bodies, self._hashes, self._campaigns, self._above

    def _tag_body(self, device: Device) -> bytes:
        with self._lock:
            if device.device not in self._tag_bodies:
                self._tag_bodies[device.device] = section_body(self._tags.section(device))
            return self._tag_bodies[device.device]

    def _build(self, campaigns: list[Campaign], above: FromAbove) -> dict[str, bytes]:
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
            "revoked": section_body(sorted({*store.campaigns.revoked(), *above.revoked})),
            "revoked_rules": section_body(rules_here([one.rule for one in store.keys.rules()], above)),
            "staff": section_body(staff_here(staff, above)),
            **_forgotten(store),
            **pictures_here(store, above),
        }
        for digest in {campaign.offer.picture for campaign in campaigns if campaign.channels}:
            picture = store.campaigns.picture(digest) if digest else None
            if picture is not None:
                bodies[f"{PICTURE_PREFIX}{digest}"] = picture_section(picture)
        return bodies

    def stranded(self, campaign: Campaign) -> Stranded:
        """How a limited lot stands, and what of it is in nodes' hands."""
        ledger, number = self._store.ledger, campaign.number
        nodes = self._store.devices.all()
        told = self.giver.told(number)
        tallies = with_gone(self._store, ledger.tallies_of(number))
        return stranded(campaign, hands(campaign, nodes, tallies, ledger.grants(), told))


def _forgotten(store: Store) -> dict[str, bytes]:
    """Who was forgotten, as nodes are told; nothing where nobody was."""
    state = store.forgetting.state()
    ones = tuple(
        ForgottenOne(row.mark, row.instead) for row in store.forgetting.ones() if row.salt == state.salt
    )
    return {"forgotten": section_body(Forgotten(state.salt, ones))} if ones else {}
