"""The hub's last snapshot on this node's disk: whole sections, checked before they are kept."""

from __future__ import annotations

import sqlite3
import threading
from typing import TypeVar

import msgspec

from hub.client.db import Pool
from hub.client.node import Node
from hub.wire.coupon import Coupon
from hub.wire.forgetting import Forgotten, mark_of
from hub.wire.purse_rules import PurseSection
from hub.wire.revoking import covers
from hub.wire.rotating import RotatingKey
from hub.wire.sealing import BadSeal
from hub.wire.snapshot import (
    PICTURE_PREFIX,
    SECTIONS,
    BadSnapshot,
    Campaign,
    Key,
    Manifest,
    Picture,
    Progress,
    RevocationRule,
    Right,
    Shop,
    Snapshot,
    Staff,
    Tag,
    read_section,
)

T = TypeVar("T")


class Shelf:
    """What the hub last said. Another program on the same file may put a newer snapshot there; it is seen at once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._version = -1
        self._read: dict[str, object] = {}
        self._opened: tuple[str, list[RotatingKey]] = ("", [])
        self._gone: tuple[object, dict[str, str]] = (None, {})
        self._heap: tuple[object, frozenset[str]] = (None, frozenset())

    def have(self) -> dict[str, str]:
        """The sections that are here: name to content hash."""
        return dict(self._pool.here().execute("SELECT name, hash FROM section").fetchall())

    def adopt(self, conn: sqlite3.Connection, manifest: Manifest, signed: Snapshot, now: float) -> bool:
        """Keep a checked snapshot; call it inside `writing()`. False: a section is missing, and the next exchange brings it."""
        for name, body in signed.sections.items():
            content_type = Picture if name.startswith(PICTURE_PREFIX) else SECTIONS.get(name)
            if content_type is not None:
                read_section(bytes(body), content_type)
            conn.execute(
                "INSERT OR REPLACE INTO section VALUES (?, ?, ?)",
                (name, manifest.sections[name], bytes(body)),
            )
        here = dict(conn.execute("SELECT name, hash FROM section").fetchall())
        if any(here.get(name) != digest for name, digest in manifest.sections.items()):
            return False
        conn.executemany(
            "DELETE FROM section WHERE name = ?", [(name,) for name in here if name not in manifest.sections]
        )
        conn.execute(
            """INSERT INTO manifest VALUES (1, 1, ?, ?, ?, ?)
               ON CONFLICT (one) DO UPDATE SET version = version + 1, text = excluded.text,
               signature = excluded.signature, made_at = excluded.made_at, adopted_at = excluded.adopted_at""",
            (signed.manifest, signed.signature, manifest.made_at, now),
        )
        return True

    def made_at(self) -> float | None:
        """When the hub made the snapshot; None before the first."""
        row = self._pool.here().execute("SELECT made_at FROM manifest").fetchone()
        return row[0] if row else None

    def shop(self) -> Shop | None:
        """The shop; None before the first snapshot."""
        return self._section("shop", Shop)

    def campaigns(self) -> list[Campaign]:
        """Every published campaign, running or not."""
        return self._section("campaigns", list[Campaign]) or []

    def campaign(self, number: int) -> Campaign | None:
        """The campaign of that number."""
        return next((campaign for campaign in self.campaigns() if campaign.number == number), None)

    def key(self, number: int) -> Key | None:
        """The node's key that coupons name by this number."""
        return next((key for key in self._section("keys", list[Key]) or [] if key.number == number), None)

    def key_of(self, device: str) -> Key | None:
        """What the node of this name is known by; withdrawn only where all its keys are. None for a name that nobody has."""
        keys = [key for key in self._section("keys", list[Key]) or [] if key.device == device]
        key = min(keys, key=lambda key: (key.withdrawn_at is not None, key.number), default=None)
        return None if key is None else msgspec.structs.replace(key, public=key.known_by or key.public)

    def revoked(self) -> frozenset[str]:
        """Serials of coupons that the shop has withdrawn."""
        return self._serials()

    def _serials(self) -> frozenset[str]:
        """The same set until the hub says something else: it may be long, and is asked at every scan."""
        told = self._section("revoked", list[str])
        if self._heap[0] is not told:
            self._heap = told, frozenset(told or ())
        return self._heap[1]

    def revoked_rules(self) -> list[RevocationRule]:
        """Whole heaps of coupons that the shop has withdrawn."""
        return self._section("revoked_rules", list[RevocationRule]) or []

    def is_revoked(self, coupon: Coupon, taken_at: float | None = None) -> bool:
        """Whether the shop has withdrawn this coupon. `taken_at`: when it was taken, where this node knows."""
        if coupon.serial in self._serials():
            return True
        rules = self.revoked_rules()
        campaign = self.campaign(coupon.campaign) if rules else None
        return any(covers(rule, coupon, campaign, taken_at) for rule in rules)

    def rotating_keys(self, node: Node) -> list[RotatingKey]:
        """The shop's keys behind codes that change (`hub.wire.rotating`); empty where none came, or none that this node opens."""
        sealed = self._section("rotating", str)
        if sealed is None:
            return []
        if self._opened[0] != sealed:
            try:
                keys = msgspec.json.decode(node.open(sealed), type=list[RotatingKey])
            except (BadSeal, msgspec.MsgspecError):
                # Sealed to a key that this node gave up, or changed by a bad disk: the next exchange brings it anew.
                return []
            self._opened = sealed, keys
        return self._opened[1]

    def settings(self) -> dict[str, str]:
        """Settings that the hub gives this node, for all of its programs (`hub.client.configured`)."""
        return self._section("settings", dict[str, str]) or {}

    def staff(self) -> list[Staff]:
        """Who may redeem."""
        return self._section("staff", list[Staff]) or []

    def tags(self) -> list[Tag]:
        """Whom this node may recognise; the same list until the hub says something else."""
        return self._section("tags", list[Tag]) or []

    def right(self, campaign: int) -> Right:
        """What this node may do alone for a campaign."""
        return next((right for right in self.rights() if right.campaign == campaign), Right(campaign))

    def rights(self) -> list[Right]:
        """All that this node may do alone."""
        return self._section("rights", list[Right]) or []

    def progress(self, campaign: int) -> Progress:
        """How far a campaign had come when the hub made the snapshot; nothing where nobody needs to know."""
        told = self._section("progress", list[Progress]) or []
        return next((one for one in told if one.campaign == campaign), Progress(campaign))

    def forgotten(self) -> Forgotten:
        """Who was forgotten, by keyed hashes."""
        return self._section("forgotten", Forgotten) or Forgotten()

    def is_forgotten(self, member: str) -> bool:
        """Whether this id belonged to somebody who was forgotten: a card that bears it is nobody's any more."""
        told = self._section("forgotten", Forgotten)
        if told is None:
            return False
        if self._gone[0] is not told:
            self._gone = told, told.by_mark()
        return mark_of(told.salt, member) in self._gone[1]

    def purse(self) -> PurseSection | None:
        """How the shop keeps purses, and what this till may accept of them alone; None where it keeps none."""
        return self._section("purse", PurseSection)

    def pepper(self, node: Node) -> bytes | None:
        """What lies beneath the PINs of staff (`hub.wire.pins`); None where none came, or none that this node opens."""
        return self._opened_secret("pepper", node)

    def chain_pepper(self, node: Node) -> bytes | None:
        """The same of head office's staff, in a chain of shops."""
        return self._opened_secret("chain_pepper", node)

    def _opened_secret(self, section: str, node: Node) -> bytes | None:
        sealed = self._section(section, str)
        if sealed is None:
            return None
        try:
            return node.open(sealed)
        except BadSeal:
            return None

    def picture(self, digest: str) -> Picture | None:
        """A picture by its content hash. Not kept in memory: a shop may have many."""
        row = (
            self._pool.here()
            .execute("SELECT body FROM section WHERE name = ?", (PICTURE_PREFIX + digest,))
            .fetchone()
        )
        return read_section(row[0], Picture) if row else None

    def _section(self, name: str, content_type: type[T]) -> T | None:
        db = self._pool.here()
        row = db.execute("SELECT version FROM manifest").fetchone()
        version = row[0] if row else 0
        with self._lock:
            if version != self._version:
                self._version, self._read = version, {}
            if name not in self._read:
                row = (
                    db.execute("SELECT body FROM section WHERE name = ?", (name,)).fetchone()
                    if version
                    else None
                )
                try:
                    self._read[name] = read_section(row[0], content_type) if row else None
                except BadSnapshot:
                    # It was checked when it was adopted: an older release wrote it. Do without until the hub sends it again.
                    self._read[name] = None
            return self._read[name]  # type: ignore[return-value]
