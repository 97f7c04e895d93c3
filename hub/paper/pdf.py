"""As much of PDF as paper needs (ISO 32000-1): pages with filled rectangles, one-colour drawings and photographs.

Letters come as drawings of one bit a pixel at 600 dpi (`hub.paper.type`), which is what a printer makes of any font; so no font
travels with the file, and Chinese prints wherever English does. Places are millimetres from the upper left corner.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

POINTS_PER_MM = 72 / 25.4
Colour = tuple[float, float, float]
"""Red, green, blue, each from 0 to 1."""

BLACK: Colour = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Drawing:
    """One bit a pixel, rows filled up to whole bytes, the highest bit first; 1 is ink."""

    width: int
    height: int
    rows: bytes


@dataclass(frozen=True, slots=True)
class Photograph:
    """A JPEG in RGB."""

    width: int
    height: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Fill:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Placed:
    """A drawing in one colour, or a photograph, in its place."""

    what: Drawing | Photograph
    x: float
    y: float
    width: float
    height: float
    colour: Colour = BLACK


@dataclass(slots=True)
class Page:
    """One page. Whatever is put later lies above what is there."""

    width_mm: float
    height_mm: float
    marks: list[Fill | Placed] = field(default_factory=list)

    def fill(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A filled rectangle."""
        self.marks.append(Fill(x, y, width, height, colour))

    def draw(
        self, what: Drawing, x: float, y: float, width: float, height: float, colour: Colour = BLACK
    ) -> None:
        """A drawing in one colour; what is not ink stays as it was."""
        self.marks.append(Placed(what, x, y, width, height, colour))

    def show(self, what: Photograph, x: float, y: float, width: float, height: float) -> None:
        """A photograph."""
        self.marks.append(Placed(what, x, y, width, height))


def write_pdf(pages: list[Page], title: str) -> bytes:
    """The whole file. The same pages give the same bytes."""
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    catalogue, tree, info = add(b""), add(b""), add(b"<< /Title " + _text(title) + b" >>")
    kids = []
    placed: dict[Drawing | Photograph, int] = {}
    for page in pages:
        pictures = [mark.what for mark in page.marks if isinstance(mark, Placed)]
        for picture in pictures:
            if picture not in placed:
                placed[picture] = add(_picture(picture))
        names = [(place, placed[picture]) for place, picture in enumerate(pictures)]
        content = add(_stream(b"", "\n".join(_marks(page)).encode()))
        resources = b" ".join(b"/P%d %d 0 R" % pair for pair in names)
        box = f"[0 0 {_number(page.width_mm * POINTS_PER_MM)} {_number(page.height_mm * POINTS_PER_MM)}]".encode()
        kids.append(
            add(
                b"<< /Type /Page /Parent %d 0 R /MediaBox %b /Contents %d 0 R /Resources << /XObject << %b >> >> >>"
                % (tree, box, content, resources)
            )
        )
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[catalogue - 1] = b"<< /Type /Catalog /Pages %d 0 R >>" % tree
    objects[tree - 1] = b"<< /Type /Pages /Kids [%b] /Count %d >>" % (listed, len(kids))
    return _file(objects, catalogue, info)


def _marks(page: Page) -> list[str]:
    """What stands on the page, in PDF's own words, whose places are counted from the lower left corner."""
    told, place = [], 0
    for mark in page.marks:
        low = page.height_mm - mark.y - mark.height
        if isinstance(mark, Fill):
            told.append(f"{_three(mark.colour)} rg {_four(mark.x, low, mark.width, mark.height)} re f")
            continue
        before = "" if isinstance(mark.what, Photograph) else f"{_three(mark.colour)} rg "
        across, up, right, foot = (
            _number(size * POINTS_PER_MM) for size in (mark.width, mark.height, mark.x, low)
        )
        told.append(f"q {before}{across} 0 0 {up} {right} {foot} cm /P{place} Do Q")
        place += 1
    return told


def _file(objects: list[bytes], catalogue: int, info: int) -> bytes:
    # The four bytes above 127 tell every program in between that this is no text (ISO 32000-1, 7.5.2).
    whole = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(whole)
    whole += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    whole += b"".join(b"%010d 00000 n \n" % place for place in places)
    whole += b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\n" % (len(objects) + 1, catalogue, info)
    whole += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(whole)


def _picture(picture: Drawing | Photograph) -> bytes:
    size = b"/Type /XObject /Subtype /Image /Width %d /Height %d" % (picture.width, picture.height)
    if isinstance(picture, Photograph):
        head = size + b" /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
        return _raw(head, picture.jpeg)
    # /Decode [1 0]: a bit that is set is ink.
    return _stream(size + b" /ImageMask true /BitsPerComponent 1 /Decode [1 0]", picture.rows)


def _stream(head: bytes, content: bytes) -> bytes:
    return _raw(head + b" /Filter /FlateDecode", zlib.compress(content, 9))


def _raw(head: bytes, content: bytes) -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (head, len(content), content)


def _text(text: str) -> bytes:
    return b"<FEFF%b>" % text.encode("utf-16-be").hex().upper().encode()


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _three(colour: Colour) -> str:
    return " ".join(_number(part) for part in colour)


def _four(x: float, y: float, width: float, height: float) -> str:
    return " ".join(_number(part * POINTS_PER_MM) for part in (x, y, width, height))
