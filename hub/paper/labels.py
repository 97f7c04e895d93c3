"""Shelf labels: a sheet of them as it is sold, one offer or several, each with a QR that is read at arm's length."""

from __future__ import annotations

from collections.abc import Sequence

from hub.paper.order import Order
from hub.paper.pdf import Page
from hub.paper.plan import GRIDS, SHEETS, Grid, words
from hub.paper.type import Style, put_qr, put_text, quiet_mm
from hub.wire.short_number import show_short_number

EDGE = 4.0
"""Most printers leave so much of a sheet white, and miss the place by a millimetre: nothing stands nearer to a label's edge."""

GREY = (0.35, 0.33, 0.31)


def draw_labels(orders: Sequence[Order], copies: int = 1) -> list[Page]:
    """Sheets with each offer `copies` times, one after the other. NoFont where a language cannot be drawn here."""
    grid = GRIDS[orders[0].kind]
    each = [order for order in orders for _ in range(copies)]
    places = grid.places()
    pages = []
    for start in range(0, len(each), len(places)):
        page = Page(*SHEETS["A4"])
        for order, (x, y) in zip(each[start : start + len(places)], places, strict=False):
            _label(page, order, grid, x, y)
        pages.append(page)
    return pages


def _label(page: Page, order: Order, grid: Grid, x: float, y: float) -> None:
    side = grid.qr_mm
    quiet = quiet_mm(order.code, side)
    unit = grid.height / 37.0
    left, top = x + max(EDGE, quiet), y + max(EDGE, quiet)
    put_qr(page, order.code, left, top, side)
    number = show_short_number(order.campaign.number)
    put_text(
        page, number, left, top + side + quiet * 0.8, side,
        Style(3.2 * unit, 2.4, "mono", align="centre", lines=1),
    )  # fmt: skip
    text_x = left + side + quiet
    width = x + grid.width - EDGE - text_x
    bottom = y + grid.height - EDGE
    sentence_high = 3.2 * unit * len(order.told)
    head = top
    each = (bottom - sentence_high - head) / max(1, len(order.told))
    for told in order.told:
        line = put_text(
            page, told.title, text_x, head, width, Style(4.6 * unit, 2.0, "bold", lines=2), each * 0.6
        )
        put_text(
            page, told.worth, text_x, head + line, width,
            Style(4.6 * unit, 2.0, "bold", order.accent, lines=1), each * 0.36,
        )  # fmt: skip
        head += each
    for place, told in enumerate(order.told):
        said = words(told.language)
        put_text(
            page, f"{said.short_scan} · {said.number_name} {number}", text_x, bottom - sentence_high + place * 3.2 * unit,
            width, Style(2.5 * unit, 1.6, colour=GREY, lines=1), 3.2 * unit,
        )  # fmt: skip
