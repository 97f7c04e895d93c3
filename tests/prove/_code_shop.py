"""A shop whose coupons are good, nearly good, and no longer good, for the proof of codes: on disk, for several processes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.called_back import call_back
from hub.client.enrolling import enrol
from hub.client.node import Node
from hub.devices import open_pairing
from hub.keys import end_key, withdraw_key
from hub.wire.coupon import Coupon, Issued, mint_token
from hub.wire.snapshot import Campaign, Offer, Value
from kiosk.config import Config
from kiosk.counter import Counter
from tests.prove._site import ProofNode, ProofSite

PLAIN, CHANGING, CALLED_BACK = 1, 3, 4
LASTS_S = 14 * 86_400


@dataclass(slots=True)
class Stock:
    """What the mutations are made of: tokens that are good, the codes of the same coupons, tokens of coupons whose code changes,
    and tokens that were good once, by what became of them. `now`: when all of that is so."""

    good: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    changing: list[str] = field(default_factory=list)
    dead: dict[str, list[str]] = field(default_factory=dict)
    now: float = 0.0


def furnish(site: ProofSite, coupons: int) -> Stock:
    """Fill a shop; what is in it. The folder `till` is that of a till that has heard all of it."""
    now = time.time()
    for number, rotating in ((CHANGING, True), (CALLED_BACK, False)):
        offer = Offer({"en": f"Offer {number}"}, {}, Value("amount", cents=300))
        campaign = Campaign(
            number,
            offer,
            int(now) - 60,
            int(now) + 30 * 86_400,
            coupon_lasts_s=LASTS_S,
            rotating=rotating,
        )
        site.store.campaigns.save(campaign, "published", now, "proof")
    code = open_pairing(site.store, site.key, "kiosk", now)
    enrol(site.folder / "till", "http://hub", str(code), "kiosk", "till", site.link)
    till = Counter(Config(dir=site.folder / "till"), link=site.link)
    screen, stolen, old, gone = (site.node(name) for name in ("screen", "stolen", "old", "gone"))
    for node in (till, screen, stolen, old, gone):
        node.exchange.drain()
    stock = Stock(now=now)
    for place in range(coupons):
        issued = _take(screen if place % 2 else till, PLAIN, place)
        stock.good.append(issued.token)
        stock.codes.append(issued.code)
        stock.changing.append(_take(screen, CHANGING, place).token)
    few = max(4, coupons // 20)
    stock.dead["withdrawn key"] = [_take(stolen, PLAIN, place).token for place in range(few)]
    stock.dead["ended key"] = [_take(old, PLAIN, place).token for place in range(few)]
    stock.dead["withdrawn device"] = [_take(gone, PLAIN, place).token for place in range(few)]
    stock.dead["called back by a rule"] = [_take(till, CALLED_BACK, place).token for place in range(few)]
    single = [_take(till, PLAIN, 1_000_000 + place) for place in range(few)]
    stock.dead["called back"] = [one.token for one in single]
    stock.dead["expired"] = [_mint(till.node, PLAIN, int(now) - 1 - place) for place in range(few)]
    stock.dead["another shop"] = [_mint(till.node, PLAIN, int(now) + 9_999, shop=2) for _ in range(few)]
    stock.dead["no such campaign"] = [_mint(till.node, 77, int(now) + 9_999) for _ in range(few)]
    # The hub hears of the issues at the till and the screen alone; the rest has to vouch for itself.
    till.exchange.drain()
    screen.exchange.drain()
    store = site.store
    withdraw_key(store, stolen.node.key_number, now, "proof")
    end_key(store, old.node.key_number, now - 1, now, "proof")
    store.devices.withdraw(gone.node.device, now)
    made = call_back(store, now, "proof", "", campaign=CALLED_BACK)
    assert not isinstance(made, str), made
    for one in single:
        store.campaigns.revoke(one.coupon.serial, now, "proof", "")
    till.exchange.drain()
    till.stop()
    return stock


def _take(node: ProofNode | Counter, campaign: int, place: int) -> Issued:
    issued = node.desk.take(campaign, f"stock-{node.node.device}-{campaign}-{place}", time.time())
    assert isinstance(issued, Issued), issued
    return issued


def _mint(node: Node, campaign: int, expires_at: int, shop: int = 1) -> str:
    number, key = node.signer(time.time())
    serial = Ed25519PrivateKey.generate().private_bytes_raw()[:8].hex()
    return mint_token(key, Coupon(number, shop, campaign, serial, expires_at))


def save_stock(stock: Stock, path: Path) -> None:
    """For other processes."""
    path.write_bytes(msgspec.json.encode(stock))


def load_stock(path: Path) -> Stock:
    """What `save_stock` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Stock)
