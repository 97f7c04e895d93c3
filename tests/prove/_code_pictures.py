"""Coupons, posters and receipts as the product itself draws them, spoilt as life spoils them, read by two decoders."""

from __future__ import annotations

import io
import random
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import get_context

import pypdfium2
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from pyzbar import pyzbar

from hardware.printer.page import Page
from hardware.printer.painting import paint
from hub.paper.making import make_order, make_pdf
from hub.paper.order import Told
from hub.paper.plan import Kind, Size, qr_mm
from hub.storefront.picture import coupon_picture
from hub.storefront.qr import qr_png, qr_svg
from hub.wire.coupon import Coupon, make_code, mint_token, show_code
from hub.wire.rotating import RotatingKey, show
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from kiosk.receipt import PaperCoupon, PaperReceipt, coupon_slip, receipt

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ROTATING = [RotatingKey(1, "5a" * 32)]
NOW = 1_795_000_000
SHOP = Shop(1, {"en": "Corner Shop", "zh": "街角小店"}, timezone="Europe/Vienna")
GTIN = "09506000134352"
DOTS_AN_INCH = 203
COUPON_MM = 40.0
CHUNK = 25


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture of mode "L", the text of its QR, and the pixels that one module of it takes."""

    image: Image.Image
    text: str
    module_px: float


def _token(rnd: random.Random, *, changing: bool = False) -> str:
    serial = rnd.randbytes(8).hex()
    token = mint_token(KEY, Coupon(rnd.randrange(256), 1, rnd.randrange(1, 99), serial, NOW + 86_400))
    if not changing:
        return token
    shown = show(token, serial, ROTATING, NOW + rnd.randrange(10**6))
    assert shown is not None
    return shown.text


def _from_svg(svg: str, scale: int) -> Image.Image:
    """The page's drawing as a browser fills it: one path of horizontal strokes, one module wide."""
    found = re.search(r'viewBox="0 0 (\d+) \d+".*? d="([^"]+)"', svg)
    assert found is not None
    side = int(found[1])
    image = Image.new("L", (side * scale, side * scale), 255)
    draw = ImageDraw.Draw(image)
    x = y = 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", found[2]):
        if command == "M":
            x, y = float(first), float(second)
        elif command == "m":
            x += float(first)
        else:
            top = round((y - 0.5) * scale)
            box = (round(x * scale), top, round((x + float(first)) * scale) - 1, top + scale - 1)
            draw.rectangle(box, fill=0)
            x += float(first)
    return image


def _page_svg(rnd: random.Random) -> Drawn:
    text = _token(rnd)
    return Drawn(_from_svg(qr_svg(text, "QR"), 8), text, 8.0)


def _changing_svg(rnd: random.Random) -> Drawn:
    text = _token(rnd, changing=True)
    return Drawn(_from_svg(qr_svg(text, "QR"), 8), text, 8.0)


def _file_png(rnd: random.Random) -> Drawn:
    text = _token(rnd)
    return Drawn(Image.open(io.BytesIO(qr_png(text))).convert("L"), text, 12.0)


def _kept_picture(rnd: random.Random) -> Drawn:
    text = _token(rnd)
    body = coupon_picture(
        shop="Corner Shop",
        title="A coffee with your cake",
        worth="2.50 off",
        until="until 31 January",
        show="Show this at the till",
        code=show_code(make_code(rnd.randbytes(7))),
        token=text,
        colour="#1B7F4B",
    )
    assert body is not None
    return Drawn(Image.open(io.BytesIO(body)).convert("L"), text, 16.0)


SHEETS: tuple[tuple[Kind, Size, int], ...] = (
    ("poster", "A4", 100),
    ("poster", "A3", 75),
    ("door", "A4", 100),
    ("labels-8", "A4", 200),
    ("labels-24", "A4", 300),
)
"""Kind and size of paper, and how finely a phone sees it from where it is read: dots an inch."""


@lru_cache(maxsize=64)
def _sheet(number: int, kind: Kind, size: Size, dpi: int, gtin: str) -> Drawn:
    offer = Offer({"en": "A coffee with your cake"}, {"en": "Every morning."}, Value("amount", 250))
    campaign = Campaign(number, offer, NOW - 60, NOW + 86_400, gtin=gtin)
    told = Told("en", "Corner Shop", "A coffee with your cake", "2.50 off", "until 31 January", ())
    order = make_order(campaign, SHOP, [told], kind=kind, size=size, base="https://shop.example")
    pdf = make_pdf([order])
    assert isinstance(pdf, bytes), pdf
    page = pypdfium2.PdfDocument(pdf)[0].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    # One label of the sheet, with its margin.
    box = ImageOps.invert(page).getbbox()
    assert box is not None
    page = ImageOps.expand(page.crop(box), 20, 255)
    side = 29 if len(order.code) < 47 else 33
    return Drawn(page, order.code, qr_mm(kind, size) / 25.4 * dpi / side)


def _poster(rnd: random.Random) -> Drawn:
    return _sheet(rnd.randrange(1, 30), *rnd.choice(SHEETS), rnd.choice(("", GTIN)))


def _paper_coupon(rnd: random.Random, token: str) -> PaperCoupon:
    return PaperCoupon(
        "A coffee with your cake", "2.50 off", token, make_code(rnd.randbytes(7)), "31 January 2027"
    )


def _painted(page: Page, text: str, paper_mm: int) -> Drawn:
    return Drawn(paint(page, paper_mm).convert("L"), text, 8.0 if paper_mm == 80 else 7.0)


def _coupon_paper(rnd: random.Random) -> Drawn:
    text = _token(rnd)
    return _painted(coupon_slip("Corner Shop", _paper_coupon(rnd, text), "en"), text, rnd.choice((58, 80)))


def _receipt_paper(rnd: random.Random) -> Drawn:
    text = _token(rnd)
    told = PaperReceipt(
        "Corner Shop",
        "Till 1",
        "3 January 2027, 14:05",
        "A coffee with your cake",
        "2.50",
        "A1B2C3",
        next_visit=_paper_coupon(rnd, text),
    )
    return _painted(receipt(told, "en"), text, rnd.choice((58, 80)))


RENDERERS: dict[str, Callable[[random.Random], Drawn]] = {
    "page": _page_svg,
    "page, changing": _changing_svg,
    "file": _file_png,
    "picture to keep": _kept_picture,
    "poster": _poster,
    "coupon on paper": _coupon_paper,
    "receipt": _receipt_paper,
}


def _turned(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def _half(drawn: Drawn, rnd: random.Random) -> Image.Image:
    """Half as large, and a little turned, as nobody holds a phone straight."""
    small = drawn.image.resize((drawn.image.width // 2, drawn.image.height // 2), Image.Resampling.BILINEAR)
    return _turned(small, rnd.uniform(-3, 3))


def _askew(drawn: Drawn, rnd: random.Random) -> Image.Image:
    """Turned by as much as 15 degrees."""
    return _turned(drawn.image, rnd.uniform(-15, 15))


def _blurred(drawn: Drawn, rnd: random.Random) -> Image.Image:
    """Out of focus: from a tenth to nine tenths of its height an edge takes half a module to a whole one."""
    radius = drawn.module_px * rnd.uniform(0.2, 0.4)
    return _turned(drawn.image.filter(ImageFilter.GaussianBlur(radius)), rnd.uniform(-3, 3))


def _dirty(drawn: Drawn, rnd: random.Random) -> Image.Image:
    """A tenth of it under stains, half a module to eight across, some dark, some bright, that a reader can see through by half
    or more; and one blot of more than a module that hides what is beneath."""
    width, height = drawn.image.size
    image, mask = drawn.image.copy(), Image.new("L", drawn.image.size, 0)
    while mask.histogram()[255] < 0.1 * width * height:
        layer = Image.new("L", image.size, 0)
        draw, marks, level = ImageDraw.Draw(layer), ImageDraw.Draw(mask), rnd.choice((60, 90, 140, 210))
        for _ in range(5):
            size = drawn.module_px * rnd.uniform(0.5, 8.0)
            x, y = rnd.uniform(0, width), rnd.uniform(0, height)
            stain = (x, y, x + size, y + size * rnd.uniform(0.6, 1.4))
            draw.ellipse(stain, fill=round(255 * rnd.uniform(0.2, 0.4)))
            marks.ellipse(stain, fill=255)
        image.paste(level, mask=layer)
    blot, x, y = 1.25 * drawn.module_px, rnd.uniform(0, width), rnd.uniform(0, height)
    ImageDraw.Draw(image).ellipse((x, y, x + blot, y + blot), fill=50)
    return _turned(image, rnd.uniform(-3, 3))


def _printed(drawn: Drawn, rnd: random.Random) -> Image.Image:
    """Black or white, 203 dots an inch, a coupon's code 40 mm wide: the thermal printer, whatever was drawn for."""
    module = COUPON_MM / 41 / 25.4 * DOTS_AN_INCH
    scale = module / drawn.module_px
    size = (round(drawn.image.width * scale), round(drawn.image.height * scale))
    # A printer's dots are where they are: the drawing falls between them.
    shifted = ImageOps.expand(drawn.image, (rnd.randrange(8), rnd.randrange(8), 0, 0), 255)
    small = shifted.resize(size, Image.Resampling.BOX)
    return small.point(lambda level: 255 if level > 127 else 0)


SPOILT: dict[str, Callable[[Drawn, random.Random], Image.Image]] = {
    "half size": _half,
    "15 degrees": _askew,
    "blur": _blurred,
    "10 % dirt": _dirty,
    "1 bit at 203 dpi": _printed,
}


@dataclass(slots=True)
class Read:
    """Of so many pictures: how many each decoder read, by renderer and by what was done to them, and what was not read."""

    pictures: int = 0
    read: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def by_zxing(image: Image.Image) -> list[str]:
    """What zxing-cpp reads."""
    wanted = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return [found.text for found in zxingcpp.read_barcodes(image, wanted)]


def by_zbar(image: Image.Image) -> list[str]:
    """What zbar reads."""
    found = pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [one.data.decode("utf-8", "replace") for one in found]


DECODERS: dict[str, Callable[[Image.Image], list[str]]] = {"zxing-cpp": by_zxing, "zbar": by_zbar}


def read_some(first: int, end: int, seed: int) -> Read:
    """Draw, spoil and read the pictures of these numbers."""
    done = Read()
    drawers, ways = sorted(RENDERERS), sorted(SPOILT)
    for number in range(first, end):
        rnd = random.Random(seed * 1_000_003 + number)
        drawer, way = drawers[number % len(drawers)], ways[number // len(drawers) % len(ways)]
        drawn = RENDERERS[drawer](rnd)
        image = SPOILT[way](drawn, rnd)
        done.pictures += 1
        for name, decode in DECODERS.items():
            texts = decode(image)
            if drawn.text in texts:
                done.read[name] += 1
            else:
                done.missed[f"{name}: {drawer}, {way}"] += 1
            done.wrong += [text for text in texts if text != drawn.text]
    return done


def run_pictures(count: int, seed: int, workers: int) -> Read:
    """All of them, on so many processors."""
    whole = Read()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(read_some, first, min(count, first + CHUNK), seed) for first in range(0, count, CHUNK)
        ]
        for job in jobs:
            part = job.result()
            whole.pictures += part.pictures
            whole.read += part.read
            whole.missed += part.missed
            whole.wrong += part.wrong
    return whole
