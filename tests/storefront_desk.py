"""A desk in memory that obeys the rules of the real one, and an illustrated little shop to put on it."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw

from hub.wire.coupon import Coupon, Issued, make_code, mint_token
from hub.wire.events import Channel
from hub.wire.holdout import is_held_out
from hub.wire.refusals import Refusal
from hub.wire.rules import Refused
from hub.wire.snapshot import Campaign, Offer, Picture, Shop, Value

NOW = 1_796_040_000.0
"""Monday 30 November 2026, 12:00 in London."""

HOUR, DAY = 3_600, 86_400

SHOP = Shop(
    7,
    {"en": "Corner Shop", "zh": "街角小店"},
    timezone="Europe/London",
    currency="GBP",
    greeting={"en": "Come in from the cold", "zh": "外面冷，进来暖一暖"},
)


@dataclass
class FakeDesk:
    """Offers, rights and coupons of one node, in memory."""

    channel: str = "portal"
    the_shop: Shop = SHOP
    running: list[Campaign] = field(default_factory=list)
    pictures: dict[str, Picture] = field(default_factory=dict)
    line: dict[str, str] = field(default_factory=dict)
    issued: dict[str, Issued] = field(default_factory=dict)
    by_request: dict[str, str] = field(default_factory=dict)
    opened: list[int] = field(default_factory=list)
    ways: list[tuple[str, str | None]] = field(default_factory=list)
    key: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes(32)))
    exposures: list[tuple[int, int, float]] = field(default_factory=list)
    groups: dict[int, int] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    keyless: bool = False
    broken: bool = False
    full: bool = False

    def _alive(self) -> None:
        if self.broken:
            raise OSError("the disk is gone")

    def _room(self) -> None:
        if self.full:
            raise OSError("the disk is full")

    def notice(self, language: str) -> str | None:
        return self.line.get(language)

    def shop(self) -> Shop:
        self._alive()
        return self.the_shop

    def campaigns(self, now: float) -> list[Campaign]:
        self._alive()
        return [each for each in self.running if each.starts_at <= now < each.ends_at]

    def campaign(self, number: int, now: float) -> Campaign | None:
        return next((each for each in self.campaigns(now) if each.number == number), None)

    def picture(self, digest: str) -> Picture | None:
        return self.pictures.get(digest)

    def taken(self, request_id: str) -> Issued | None:
        self._alive()
        return self.issued.get(self.by_request.get(request_id, ""))

    def take(
        self,
        campaign: int,
        request_id: str,
        now: float,
        *,
        unasked: bool = False,
        way: Channel | None = None,
        whose: str = "",
    ) -> Issued | Refused:
        self._room()
        if request_id in self.by_request:
            return self.issued[self.by_request[request_id]]
        running = self.campaign(campaign, now)
        if running is None or is_held_out(running, whose):
            return Refused(Refusal.NOT_OFFERED)
        taken = sum(each.coupon.campaign == campaign for each in self.issued.values())
        if running.issue_limit is not None and taken >= running.issue_limit:
            return Refused(Refusal.SOLD_OUT)
        random = hashlib.sha256(request_id.encode()).digest()
        coupon = Coupon(
            1, self.the_shop.number, campaign, random[:8].hex(), int(now) + running.coupon_lasts_s
        )
        new = Issued(coupon, mint_token(self.key, coupon), make_code(random[8:15]), now)
        self.issued[coupon.serial] = new
        self.ways.append(("taken", way))
        self.by_request[request_id] = coupon.serial
        if unasked:
            self.opened.append(campaign)
        return new

    def coupon(self, serial: str) -> tuple[Issued, Campaign | None] | None:
        found = self.issued.get(serial)
        if found is None:
            return None
        return found, next((each for each in self.running if each.number == found.coupon.campaign), None)

    def seen(self, campaign: int, now: float, *, way: Channel | None = None) -> None:
        self._room()
        self.opened.append(campaign)
        self.ways.append(("seen", way))

    def shown(self, campaign: int, times: int, shown_s: float, now: float) -> None:
        self._room()
        self.exposures.append((campaign, times, shown_s))

    def joined(self, campaign: int) -> int | None:
        return self.groups.get(campaign)

    def rotated(self, serial: str, now: float) -> tuple[str, str] | None:
        found = self.coupon(serial)
        if found is None or found[1] is None or not found[1].rotating or self.keyless:
            return None
        step = int(now // 30)
        return f"{found[0].token}R{step:X}", f"{step % 1_000_000:06d}"

    def balance(self, serial: str) -> int | None:
        return self.balances.get(serial)

    def use(self, serial: str, at: float) -> None:
        """What the till does."""
        self.issued[serial] = replace(self.issued[serial], used_at=at)

    def hang(self, picture: Picture) -> str:
        """Put a picture on the shelf; its content hash."""
        digest = hashlib.sha256(picture.data.encode()).hexdigest()
        self.pictures[digest] = picture
        return digest


def offer(number: int, en: str, zh: str, value: Value, **more: object) -> Campaign:
    """A campaign with a title in two languages; `more` are fields of the campaign or the offer."""
    of_offer = {key: more.pop(key) for key in list(more) if key in Offer.__struct_fields__}
    whole = {"starts_at": int(NOW) - DAY, "ends_at": int(NOW) + 5 * DAY + 6 * HOUR, **more}
    return Campaign(number, Offer({"en": en, "zh": zh}, value=value, **{"text": {}, **of_offer}), **whole)


def _webp(image: Image.Image) -> Picture:
    out = io.BytesIO()
    image.resize((800, 600), Image.Resampling.LANCZOS).save(out, "WEBP", quality=82)
    return Picture("image/webp", base64.b64encode(out.getvalue()).decode(), 800, 600)


def _scene(top: str, table: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (1600, 1200), top)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 860, 1600, 1200), fill=table)
    return image, draw


def coffee() -> Picture:
    """A cup of coffee."""
    image, draw = _scene("#F2DFC8", "#B98B62")
    draw.ellipse((430, 900, 1170, 1060), fill="#E9D6BF")
    draw.ellipse((960, 520, 1230, 820), outline="#FBF6EF", width=58)
    draw.rounded_rectangle((520, 460, 1080, 980), 190, fill="#FBF6EF")
    draw.rectangle((520, 460, 1080, 640), fill="#FBF6EF")
    draw.ellipse((520, 390, 1080, 530), fill="#FFFFFF")
    draw.ellipse((560, 410, 1040, 512), fill="#6B3F22")
    draw.ellipse((680, 430, 900, 490), fill="#C79A6B")
    for x in (690, 800, 910):
        draw.line(
            [(x, 330), (x + 26, 280), (x - 20, 220), (x + 10, 160)], fill="#FFF8EE", width=20, joint="curve"
        )
    return _webp(image)


def bread() -> Picture:
    """Two loaves."""
    image, draw = _scene("#DCE5DC", "#7E6A58")
    for x, y, width, colour, cut in (
        (260, 560, 800, "#C8883F", "#F0CF97"),
        (760, 640, 620, "#B4702E", "#E3B877"),
    ):
        draw.rounded_rectangle((x, y, x + width, y + 380), 180, fill=colour)
        for step in range(4):
            left = x + 110 + step * (width - 220) // 4
            draw.rounded_rectangle((left, y + 50, left + 46, y + 190), 23, fill=cut)
    return _webp(image)


def books() -> Picture:
    """A row of books."""
    image, draw = _scene("#D9E2EC", "#5B6B7B")
    x = 330
    for width, height, colour in (
        (130, 560, "#B4541A"),
        (90, 480, "#1F5FA8"),
        (160, 620, "#1B7F4B"),
        (110, 520, "#E3B341"),
        (140, 580, "#8E4162"),
        (100, 460, "#37474F"),
    ):
        draw.rounded_rectangle((x, 920 - height, x + width, 920), 14, fill=colour)
        draw.rectangle((x, 920 - height + 60, x + width, 920 - height + 84), fill="#FFFFFF")
        x += width + 12
    return _webp(image)


def little_shop(channel: str = "portal", shop: Shop = SHOP) -> FakeDesk:
    """Three illustrated offers and one without a picture."""
    desk = FakeDesk(channel, shop)
    desk.line = {
        "en": "Simulated street: no real radio on this machine.",
        "zh": "模拟街道：本机没有真实的无线电设备。",
    }
    desk.running = [
        offer(
            1,
            "A second coffee on the house",
            "第二杯咖啡，店家请客",
            Value("gift", cents=280),
            text={
                "en": "Buy any hot drink and have a filter coffee with it. Bring a friend, or stay a little longer.",
                "zh": "购买任意热饮，即送一杯滤泡咖啡。带上朋友，或者自己多坐一会儿。",
            },
            small_print={
                "en": "One for each visit. Not with other offers.",
                "zh": "每次到店限用一张，不与其他优惠同享。",
            },
            keywords={"en": "coffee, hot drink, latte", "zh": "咖啡，热饮，拿铁"},
            picture=desk.hang(coffee()),
            picture_alt={"en": "A white cup of coffee on a wooden table", "zh": "木桌上的一杯白瓷咖啡"},
        ),
        offer(
            2,
            "Sourdough from this morning",
            "今早新烤的酸面包",
            Value("percent", percent=20),
            ends_at=int(NOW) + 6 * HOUR,
            keywords={"en": "bread, bakery", "zh": "面包，烘焙"},
            picture=desk.hang(bread()),
            picture_alt={"en": "Two loaves of bread", "zh": "两条面包"},
        ),
        offer(
            3,
            "Three paperbacks, one price",
            "三本平装书，一个价",
            Value("amount", cents=350),
            basket_min_cents=1200,
            keywords={"en": "books, reading", "zh": "书，阅读"},
            picture=desk.hang(books()),
            picture_alt={"en": "A row of books", "zh": "一排书"},
        ),
        offer(
            4,
            "Seeds for the window sill",
            "窗台上的小种子",
            Value("amount", cents=100),
            keywords={"en": "garden, flowers", "zh": "园艺，花"},
            ends_at=1_796_083_200 + 20 * DAY,
        ),
    ]
    return desk
