"""A poster for the wall or the door: the offer, a QR that can be read from where people stand, its number, a sentence."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from hub.paper.order import Order, Told
from hub.paper.pdf import Page, Photograph
from hub.paper.plan import SHEETS, number_line, qr_mm, words
from hub.paper.type import Style, put_qr, put_text, quiet_mm

QUIET = (0.35, 0.33, 0.31)
PHOTO_DPI = 250


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the marks of a sheet stand; `unit` is 1 on A4 and grows with the sheet."""

    page: Page
    unit: float
    margin: float
    inner: float


def draw_poster(order: Order) -> Page:
    """One sheet. NoFont where a language cannot be drawn here."""
    width, height = SHEETS[order.size]
    page = Page(width, height)
    unit = width / SHEETS["A4"][0]
    frame = _Frame(page, unit, 14 * unit, width - 28 * unit)
    page.fill(0, 0, width, 7 * unit, order.accent)
    foot = _foot(frame, order)
    code_top = _code(frame, order, foot)
    _head(frame, order, code_top)
    return page


def _foot(frame: _Frame, order: Order) -> float:
    """Until when, and on what it depends; where that begins, counted from the top."""
    unit, page = frame.unit, frame.page
    small = Style(4.4 * unit, 2.6 * unit, colour=QUIET, align="centre", lines=3)
    lines = [" · ".join(filter(None, (told.until, *told.terms))) for told in order.told]
    room = 13 * unit
    top = page.height_mm - 9 * unit - room * len(lines)
    y = top
    for line in lines:
        y += put_text(page, line, frame.margin, y, frame.inner, small, room) + 1 * unit
    return top


def _code(frame: _Frame, order: Order, foot: float) -> float:
    """The QR with the sentence and the number beneath; where its white begins."""
    unit, page = frame.unit, frame.page
    side = qr_mm(order.kind, order.size)
    quiet = quiet_mm(order.code, side)
    beneath = (len(order.told) * 17 + 3) * unit
    top = foot - beneath - quiet - side
    put_qr(page, order.code, (page.width_mm - side) / 2, top, side)
    y = top + side + quiet
    strong = Style(7 * unit, 4 * unit, "bold", align="centre", lines=1)
    plain = Style(5.4 * unit, 3.4 * unit, align="centre", lines=1)
    for told in order.told:
        said = words(told.language)
        sentence = said.door if order.kind == "door" else said.scan
        y += put_text(page, sentence, frame.margin, y, frame.inner, strong)
        line = number_line(told.language, order.base, order.campaign)
        y += put_text(page, line, frame.margin, y, frame.inner, plain) + 0.6 * unit
    return top - quiet


def _head(frame: _Frame, order: Order, bottom: float) -> None:
    """Shop, picture, what it is, what it is worth: whatever height is left above the code."""
    unit, page = frame.unit, frame.page
    y = 13 * unit
    name = " · ".join(dict.fromkeys(told.shop for told in order.told))
    y += put_text(page, name, frame.margin, y, frame.inner, Style(6.5 * unit, 4 * unit, "bold", lines=1))
    y += 3 * unit
    room = bottom - y - 2 * unit
    if order.picture and order.kind == "poster" and room > 62 * unit:
        high = min(room * 0.42, frame.inner * 0.5)
        page.show(_photograph(order.picture, frame.inner, high), frame.margin, y, frame.inner, high)
        y += high + 4 * unit
        room = bottom - y - 2 * unit
    each = room / max(1, len(order.told))
    for told in order.told:
        y += _offer(frame, order, told, y, each)


def _offer(frame: _Frame, order: Order, told: Told, y: float, room: float) -> float:
    unit, page = frame.unit, frame.page
    title = Style(14 * unit, 5 * unit, "bold", lines=2)
    high = put_text(page, told.title, frame.margin, y, frame.inner, title, room * 0.52)
    worth = Style(18 * unit, 5 * unit, "bold", order.accent, lines=1)
    high += put_text(page, told.worth, frame.margin, y + high, frame.inner, worth, (room - high) * 0.95)
    return min(room, high + 4 * unit)


def _photograph(body: bytes, width: float, height: float) -> Photograph:
    """A picture cut to this shape and made no larger than paper shows."""
    picture = Image.open(io.BytesIO(body)).convert("RGB")
    shape = width / height
    cut_width = min(picture.width, round(picture.height * shape))
    cut_height = min(picture.height, round(picture.width / shape))
    left, top = (picture.width - cut_width) // 2, (picture.height - cut_height) // 2
    picture = picture.crop((left, top, left + cut_width, top + cut_height))
    most = max(1, round(width / 25.4 * PHOTO_DPI))
    if picture.width > most:
        picture = picture.resize((most, max(1, round(most / shape))), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return Photograph(*picture.size, out.getvalue())
