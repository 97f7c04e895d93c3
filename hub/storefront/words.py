"""A shop's own words as they are safe to show: in the reader's language where there is one, without tricks.

Pure. `hub.storefront.offers` feeds it with whatever a manager typed or pasted. Escaping is the template's business.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from hub.wire.snapshot import Text

TITLE_CHARACTERS = 160
TEXT_CHARACTERS = 4_000
KEYWORD_CHARACTERS = 24
MARKS_IN_A_ROW = 4
"""Vietnamese and Thai stack two or three marks on a letter; towers of them would cover the lines above."""

_FORBIDDEN = dict.fromkeys(
    [
        *(code for code in range(0x20) if chr(code) not in "\n\t"),
        *range(0x7F, 0xA0),
        # Overrides and embeddings of direction (Unicode UAX 9): they would turn round the text after them.
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)
_MANY_LINES = re.compile(r"\n\s*\n\s*(?:\n\s*)*")


@dataclass(frozen=True, slots=True)
class Said:
    """A text and the language in which it is."""

    text: str
    language: str

    def __bool__(self) -> bool:
        return bool(self.text)


def clean(text: str, longest: int) -> str:
    """Without control characters, turned directions, towers of accents and endless length."""
    kept: list[str] = []
    marks = 0
    for character in text[: longest * 4].translate(_FORBIDDEN):
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MARKS_IN_A_ROW and not 0xD800 <= ord(character) <= 0xDFFF:
            kept.append(character)
    whole = _MANY_LINES.sub("\n\n", "".join(kept)).strip()
    return whole if len(whole) <= longest else whole[: longest - 1].rstrip() + "…"


def said(text: Text, language: str, longest: int = TITLE_CHARACTERS) -> Said:
    """A text in this language, else in English, else in any that says something."""
    for choice in (language, language.split("-")[0], "en", *sorted(text)):
        cleaned = clean(text.get(choice, ""), longest)
        if cleaned:
            return Said(cleaned, choice)
    return Said("", language)


def first_keywords(text: Text, language: str, most: int = 2) -> list[str]:
    """The first few keywords of an offer, for the ones who would rather touch than type.

    Commas part them, or spaces where there is no comma; two words without one, such as "hot drink", are one keyword.
    """
    whole = clean(text.get(language, ""), 200)
    words = [word.strip() for word in re.split(r"[,;，；、\n]+", whole)]
    if len(words) == 1 and (len(whole.split()) > 2 or not whole.isascii()):
        words = whole.split()
    return [word for word in words if 0 < len(word) <= KEYWORD_CHARACTERS][:most]
