"""How the two ends of a chain stand with each other, for the pages, the warnings and the command line."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hub.store.base import Store
from hub.upstream.line import node_at_head_office
from hub.upstream.merging import from_above
from hub.wire.snapshot import Text

SENT_AWAY = frozenset({"withdrawn", "unknown_device", "bad_signature", "too_old"})
"""Answers of head office after which another try comes to the same."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A shop's view of head office. `waiting`: events that are not there yet. `recalling`: this hub was set back, and is getting
    back what it lost. Times are seconds of UTC; `sentence` says what is wrong with the line."""

    shop: int
    name: Text
    device: str
    url: str
    joined_at: float
    waiting: int
    reached_at: float | None
    failing_since: float | None
    code: str
    sentence: str
    parked: int
    recalling: bool
    got_back: int
    got_back_at: float | None
    offers: int

    @property
    def is_refused(self) -> bool:
        """Whether head office answers and takes nothing from this shop: waiting helps nobody."""
        return self.failing_since is not None and self.code in SENT_AWAY

    def as_json(self) -> dict[str, Any]:
        """As `upstream show --json` prints it."""
        return asdict(self)


def standing_with_head_office(store: Store, folder: Path) -> Standing | None:
    """How this shop stands; None where it stands alone. `folder`: the hub's own. StorageError where that cannot be read."""
    node = node_at_head_office(folder)
    if node is None:
        return None
    record = store.chain.upstream()
    above = from_above(store)
    last = store.journal.last_position()
    return Standing(
        node.shop,
        dict(above.name),
        node.device,
        node.hub_url,
        0.0 if record is None else record.joined_at,
        last if record is None else max(0, last - record.sent),
        None if record is None else record.reached_at,
        None if record is None else record.failing_since,
        "" if record is None else record.code,
        "" if record is None else record.sentence,
        0 if record is None else record.parked,
        record is not None and record.recall is not None and record.reached_at is not None,
        0 if record is None else record.got_back,
        None if record is None else record.got_back_at,
        len(above.offers),
    )


@dataclass(frozen=True, slots=True)
class Below:
    """Head office's view of a shop. `events`: in its books. `behind`: those that the shop had when it was heard last, and which
    are not here. `seen_at`: when its hub was heard. `set_back_at`: when it came back with less than is here."""

    number: int
    name: Text
    device: str
    joined_at: float
    withdrawn: bool
    seen_at: float | None
    events: int
    behind: int
    parked: int
    set_backs: int
    set_back_at: float | None


def shops_below(store: Store) -> list[Below]:
    """The shops of this head office, by number; one row for each hub that a shop has had, the latest last."""
    found = []
    for below in store.chain.below():
        tenant = store.of_shop(below.tenant)
        shop, device = tenant.shop.get(), store.devices.get(below.device)
        heard = tenant.chain.heard(below.device)
        found.append(
            Below(
                below.tenant,
                {} if shop is None else shop.name,
                below.device,
                below.joined_at,
                device is None or device.withdrawn_at is not None,
                None if device is None else device.seen_at,
                tenant.journal.last_position(),
                heard.behind,
                heard.parked,
                heard.set_backs,
                heard.set_back_at,
            )
        )
    return found
