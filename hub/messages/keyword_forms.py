"""A keyword as somebody types it into a form, and what is wrong with it.

It reads the tables of characters (`hub.messages.keywords`) and nothing else. Words stand one in a line, places too:
`Harbour; Quay 1, 1020 Wien; 1020 1030 Leopoldstadt`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from hub.messages.keywords import (
    DOES,
    LONGEST_TEXT,
    MOST_PLACES,
    MOST_WORDS,
    Does,
    Keyword,
    Place,
    form,
    wrong_words,
)
from hub.sentences import Said, said

_WORD_FAULTS = {
    "empty": said("“%(word)s” has no letter or digit in it."),
    "long": said("“%(word)s” is too long. Nobody types so much; 40 signs are the most."),
    "reserved": said("“%(word)s” stops, starts, helps or agrees by law. Take another word."),
    "taken": said("“%(word)s” is the same as a word of another keyword."),
}


def blank(languages: Sequence[str]) -> dict[str, str]:
    """The form before anything was typed."""
    return {
        "words": "",
        "does": "offer",
        "campaign": "",
        "places": "",
        **{f"text_{one}": "" for one in languages},
    }


def as_typed(keyword: Keyword) -> dict[str, str]:
    """A keyword as its form shows it."""
    places = "\n".join("; ".join((one.name, one.address, " ".join(one.near))) for one in keyword.places)
    return {
        "words": "\n".join(keyword.words),
        "does": keyword.does,
        "campaign": str(keyword.campaign or ""),
        "places": places,
        "on": "yes" if keyword.on else "",
        **{f"text_{language}": text for language, text in keyword.text.items()},
    }


def read_typed(
    typed: Mapping[str, str],
    taken: Mapping[str, int],
    number: int,
    offers: Collection[int],
    languages: Sequence[str],
) -> Keyword | dict[str, Said]:
    """The keyword, or what is wrong by field. `taken`: forms of the shop's words and whose they are; `number`: of the one that is
    changed, 0 for a new one; `offers`: those that there are."""
    faults: dict[str, Said] = {}
    words = _words(typed.get("words", ""))
    if not words:
        faults["words"] = said("Write at least one word.")
    elif len(words) > MOST_WORDS:
        faults["words"] = said("These are too many words; %(count)s are the most.", count=MOST_WORDS)
    else:
        for word, why in wrong_words(words, taken, number).items():
            faults["words"] = Said(_WORD_FAULTS[why].text, {"word": word[:60]})
    does: Does | None = next((one for one in DOES if one == typed.get("does")), None)
    if does is None:
        faults["does"] = said("Say what the word does.")
    campaign = _number(typed.get("campaign", "")) if does == "offer" else 0
    if does == "offer" and campaign not in offers:
        faults["campaign"] = said("Choose an offer.")
    text = {one: " ".join(typed.get(f"text_{one}", "").split()) for one in languages}
    for language, one in text.items():
        if len(one) > LONGEST_TEXT:
            faults[f"text_{language}"] = said(
                "That is too long; %(count)s characters are the most.", count=LONGEST_TEXT
            )
    text = {language: one for language, one in text.items() if one}
    if does == "text" and not text:
        faults[f"text_{languages[0]}"] = said("Write what is answered.")
    places = _places(typed.get("places", "")) if does == "places" else ()
    if does == "places" and (places is None or not places):
        faults["places"] = said(
            "Write one shop in a line: its name; its address; postcodes and names of its parts of town."
        )
    if faults or does is None or places is None:
        return faults
    kept = text if does in ("text", "offer") else {}
    return Keyword(
        words=words,
        does=does,
        campaign=campaign,
        text=kept,
        places=places,
        on=number == 0 or typed.get("on") == "yes",
    )


def _words(text: str) -> tuple[str, ...]:
    """One in a line, or parted by commas; the same form once."""
    found: dict[str, str] = {}
    for piece in re.split(r"[\n,;，；、]+", text[:4_000]):
        word = " ".join(piece.split())
        if word:
            found.setdefault(form(word) or word, word)
    return tuple(found.values())


def _places(text: str) -> tuple[Place, ...] | None:
    lines = [line for line in text[:60_000].splitlines() if line.strip()]
    if len(lines) > MOST_PLACES:
        return None
    places = []
    for line in lines:
        name, _, rest = (part.strip() for part in line.replace("；", ";").partition(";"))
        address, _, near = (part.strip() for part in rest.partition(";"))
        if not name or len(name) > 100 or len(address) > 200:
            return None
        near_words = tuple(re.split(r"[\s,，、]+", near)) if near else ()
        own = tuple(re.findall(r"\b[0-9]{4,6}\b", address))
        places.append(Place(name, address, tuple(dict.fromkeys((*near_words, *own)))[:100]))
    return tuple(places)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
