"""What a message asks for when it is one of the words that carriers' rules know: stop, start, help, yes.

Pure. In any form: width, case, spaces and dots between letters, accents, traditional characters, thanks and greetings around it,
a telephone's signature beneath it, and English and Chinese clauses that ask for the same. A sentence that only contains such a
word ("When does the sale end?") is none. In doubt between a wish to stop and a question about the shop it is a question: a person
reads it, and the next message says how to stop.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Literal

from hub.messages import word_lists as lists

Word = Literal["stop", "start", "help", "yes"]

MOST_SIGNS = 1_500
"""Of a message that may be a wish to stop; what is longer is a letter to the shop. It bounds the work on a hostile text, too."""

MOST_CLAUSE = 160
"""Signs of one clause."""

_HAN = "\u2e80-\u2fff\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}]) +| +(?=[{_HAN}])")
_SPELLED = re.compile(r"(?<!\w)(?:\w[ .\-_*+/,]+){2,}\w(?!\w)")
_CUTS = re.compile(r"[.!?;,\n\r\u2026\u00a1\u00bf\u0964\u060c\u061b\u061f\u3001\u3002]+| +[-\u2013\u2014]+ +")
_ASKS = ("?", "\u061f", "\u037e")
_NOTHING = re.compile(r"[^\w?]+")
_TRADITIONAL = str.maketrans(lists.TRADITIONAL)
_LOOK_ALIKE = str.maketrans(lists.LOOK_ALIKE)
_MIXED = re.compile(r"(?=\w*[a-z])(?=\w*[\u0370-\u04ff])\w+")


def fold(text: str) -> str:
    """A text as it is compared: one width, lower case, no accents, no marks of direction, no halves of signs, simplified
    characters of the words that are known here, one space for any. Line ends and punctuation stay."""
    # Halves of signs and marks that nobody sees go; what is no letter after that stands as a space or as itself.
    seen = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cs", "Cf", "Co", "Cn"))
    wide = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", seen).casefold())
    plain = unicodedata.normalize("NFC", "".join(sign for sign in wide if unicodedata.category(sign) != "Mn"))
    plain = re.sub(r"['\u2019\u02bc`\u00b4]", "", plain.translate(_TRADITIONAL))
    plain = _MIXED.sub(lambda found: found[0].translate(_LOOK_ALIKE), plain)
    lines = (" ".join(line.split()) for line in plain.splitlines())
    return "\n".join(_BETWEEN_HAN.sub("", line) for line in lines if line)


def read_word(text: str, names: Iterable[str] = ()) -> Word | None:
    """What a message asks for, None where it is something else. `names`: of the shop, which people write behind the word."""
    if text.strip() in ("?", "\uff1f", "??", "\uff1f\uff1f"):
        return "help"
    # A folded text is at most a few times as long; a longer one is no word, and is not even folded.
    if len(text) > 2 * MOST_SIGNS:
        return None
    folded = _without_signature(fold(text))
    if not folded or len(folded) > MOST_SIGNS:
        return None
    called = {bare(fold(name)) for name in names} - {""}
    alone = _alone(folded, called)
    if alone is not None:
        return alone
    parts = [part for part in (_words(part) for part in _CUTS.split(_SPELLED.sub(_joined, folded))) if part]
    if any(_asks_to_stop(part) for part in parts if len(part) <= MOST_CLAUSE):
        return "stop"
    rest = [part for part in parts if bare(part) not in _set("POLITE")]
    meant = {_word(part, called) for part in rest}
    if len(meant) == 1 and (len(parts) == 1 or not _is_question(folded)):
        return meant.pop()
    first = folded.split("\n", 1)[0]
    # "STOP", and beneath it a name, a line that was quoted, a greeting.
    return "stop" if first != folded and _alone(first, called) == "stop" else None


def bare(text: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"[\W_]+", "", text)


def is_reserved(word: str) -> bool:
    """Whether a word means one of these by itself, so that no shop can give it another meaning."""
    return read_word(word) is not None


def _alone(folded: str, called: set[str]) -> Word | None:
    """The whole text is one word, whatever stands between its letters."""
    return _word(folded, called)


def _word(part: str, called: set[str]) -> Word | None:
    whole = bare(part)
    for candidate in (whole, *without_thanks(part), *(whole.removesuffix(name) for name in called)):
        if not candidate:
            continue
        if candidate in _set("STOP") or _again(candidate) in _set("STOP"):
            return "stop"
        if candidate in _set("START"):
            return "start"
        if candidate in _set("HELP"):
            return "help"
        if candidate in _set("YES"):
            return "yes"
    return None


def _again(word: str) -> str:
    """A word that is said several times, once: stopstopstop."""
    for size in range(2, len(word) // 2 + 1):
        if len(word) % size == 0 and word == word[:size] * (len(word) // size):
            return word[:size]
    return word


def without_thanks(part: str) -> tuple[str, ...]:
    """Without the thanks behind it, and then without the greetings before it; "" where nothing would be left."""
    words = _words(part).split()
    polite = _set("POLITE")
    for many in (4, 3, 2, 1):
        while len(words) > many and bare("".join(words[-many:])) in polite:
            words = words[:-many]
    only_behind = bare("".join(words))
    for many in (4, 3, 2, 1):
        while len(words) > many and bare("".join(words[:many])) in polite:
            words = words[many:]
    return only_behind, _han_away(bare("".join(words)))


@cache
def _han_edges() -> tuple[re.Pattern[str], re.Pattern[str]]:
    before = re.compile(
        r"^(?:你好|您好|喂|请|拜托|麻烦你们|麻烦您|麻烦你|麻烦|回复|回|发送|我要|我想|我|编辑)+"
    )
    after = re.compile(
        r"(?:谢谢你们|谢谢您|谢谢你|谢谢|多谢|感谢|辛苦了|拜托了|拜托|好吗|好不好|行吗|了|吧|啊|啦|呀|哦|哈|咯)+$"
    )
    return before, after


def _han_away(rest: str) -> str:
    before, after = _han_edges()
    return after.sub("", before.sub("", rest)) or rest


def _asks_to_stop(part: str) -> bool:
    han = re.sub(r"[^\w]+", "", part)
    return _clauses()[0].fullmatch(part) is not None or _clauses()[1].fullmatch(han) is not None


@cache
def _clauses() -> tuple[re.Pattern[str], re.Pattern[str]]:
    latin = f"{lists.STOP_BEFORE}(?:{'|'.join(lists.STOP_CLAUSES)}){lists.STOP_AFTER}"
    han = f"{lists.STOP_HAN_BEFORE}(?:{'|'.join(lists.STOP_HAN_CLAUSES)}){lists.STOP_HAN_AFTER}"
    return re.compile(latin), re.compile(han)


@cache
def _set(name: str) -> frozenset[str]:
    written: str = getattr(lists, name)
    return frozenset(bare(fold(one)) for one in written.replace("\n", "|").split("|")) - {""}


def _words(part: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", part).split())


def _joined(found: re.Match[str]) -> str:
    return re.sub(r"[\W_]+", "", found[0])


def _is_question(folded: str) -> bool:
    return folded.rstrip().endswith(_ASKS)


def _without_signature(folded: str) -> str:
    kept: list[str] = []
    for line in folded.split("\n"):
        if line.startswith((">", "-- ", *lists.SIGNATURES)):
            break
        kept.append(line)
    return "\n".join(kept).strip()
