"""Type to draw with: which fonts this machine has, for Latin letters and for Chinese ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL import ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

Weight = Literal["plain", "bold", "mono"]

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/System/Library/Fonts"))

# File and which face of it: the third of Noto's collection is the simplified Chinese one.
_CHINESE: dict[Weight, tuple[tuple[str, int], ...]] = {
    "bold": (("NotoSansCJK-Bold.ttc", 2), ("NotoSansSC-Bold.otf", 0)),
    "plain": (
        ("NotoSansCJK-Regular.ttc", 2),
        ("NotoSansSC-Regular.otf", 0),
        ("wqy-microhei.ttc", 0),
        ("wqy-zenhei.ttc", 0),
        ("DroidSansFallbackFull.ttf", 0),
        ("PingFang.ttc", 0),
    ),
}
_LATIN: dict[Weight, tuple[str, ...]] = {
    "bold": ("NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf"),
    "plain": ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "LiberationSans-Regular.ttf"),
    "mono": ("NotoSansMono-Bold.ttf", "DejaVuSansMono-Bold.ttf", "LiberationMono-Bold.ttf"),
}


def is_chinese(text: str) -> bool:
    """Whether it has characters that only a Chinese font can draw."""
    return any("\u2e80" <= sign <= "\u9fff" or "\uff00" <= sign <= "\uffef" for sign in text)


@cache
def font_for(chinese: bool, weight: Weight, size: int) -> Font | None:
    """A font of this size in pixels; None where Chinese is wanted and there is none. Pillow brings one for Latin letters."""
    # Late: most programs that show pages never draw one.
    from PIL import ImageFont

    if chinese:
        for name, face in (*_CHINESE.get(weight, ()), *_CHINESE["plain"]):
            path = _find(name)
            if path is not None:
                return ImageFont.truetype(str(path), size, index=face)
        return None
    for name in _LATIN[weight]:
        path = _find(name)
        if path is not None:
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)


@cache
def _find(name: str) -> Path | None:
    for folder in FOLDERS:
        found = next(folder.rglob(name), None) if folder.is_dir() else None
        if found is not None:
            return found
    return None
