"""The set-up codes as a page to print: A4, 300 dpi, a code for each step and what it does beneath it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from hardware.printer.fonts import font_for
from hardware.scanner.setup_codes import HONEYWELL, HONEYWELL_WAYS, QUIET_MODULES, SetupCode, code128

DPI = 300
PAGE = (2480, 3508)
MODULE_DOTS = 5
"""0.42 mm (17 mil): every scanner reads it at arm's length."""

BAR_DOTS = 240
MARGIN = 200


def honeywell_page(way: str) -> Image.Image:
    """The page for a scanner that is connected so (a key of `HONEYWELL_WAYS`)."""
    page = Image.new("L", PAGE, 255)
    draw = ImageDraw.Draw(page)

    def write(top: int, text: str, size: int, *, bold: bool = False) -> int:
        draw.text((MARGIN, top), text, font=font_for(text, size, bold=bold), fill=0)
        return top + round(size * 1.6)

    top = write(MARGIN, "Set up a scanner for Shopbell", 90, bold=True)
    top = write(top, f"Honeywell and scanners with the same menu commands, as: {way}.", 48)
    top = write(top, "Scan each code once, from the top. The scanner beeps after each.", 48) + 80
    for number, step in enumerate((HONEYWELL_WAYS[way], *HONEYWELL), 1):
        top = write(top, f"{number}. {step.does}", 60, bold=True)
        bars = picture_of(step)
        page.paste(bars, (MARGIN - QUIET_MODULES * MODULE_DOTS, top))
        top += bars.height + 16
        mark = "" if step.checked else "   (not tried on a device: compare it with the scanner's own manual)"
        top = write(top, step.command + mark, 42) + 90
    write(top, "Then scan any coupon: the till shows a verdict. If it does not, start again at 1.", 48)
    return page


def picture_of(step: SetupCode) -> Image.Image:
    """One step's code with its quiet zones."""
    widths = [int(digit) for digit in code128(step.command)]
    picture = Image.new("L", ((sum(widths) + 2 * QUIET_MODULES) * MODULE_DOTS, BAR_DOTS), 255)
    draw = ImageDraw.Draw(picture)
    left = QUIET_MODULES * MODULE_DOTS
    for place, width in enumerate(widths):
        if place % 2 == 0:
            draw.rectangle((left, 0, left + width * MODULE_DOTS - 1, BAR_DOTS), fill=0)
        left += width * MODULE_DOTS
    return picture


def save_page(page: Image.Image, path: Path) -> None:
    """Write it as PDF, or as the picture that the name's ending says."""
    page.convert("1").save(path, resolution=float(DPI))
