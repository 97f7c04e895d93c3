"""A member's personal fields: as somebody types them, as they are kept, what they are found by, who may be the same person.

Pure. `hub.members.book` keeps what comes out, `hub.members.importing` and the pages feed it. Faults come back by the name of
their field, all at once, and never repeat what was typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

import msgspec

from hub.sentences import Said, said
from hub.wire.sync_members import (
    FREE_LONGEST,
    LABEL_LONGEST,
    LARGEST_FIELDS,
    MAIL_LONGEST,
    MOST_FREE,
    NAME_LONGEST,
    Fields,
    Sealed,
)

__all__ = ["Fields", "Sealed"]

GREETING_LONGEST = 40
LONGEST_TYPED = 100_000
"""Whoever sends more than this in one field gets the sentence about its length without anybody looking at it."""

LOOKED_UP = ("phone", "mail", "birthday", "alike", "name", "word")
"""Kinds of what somebody is found by. `birthday`: 02-29, without the year. `word`: one of their name. `alike`: birthday and how
a word of the name begins, so that the same person under another spelling stands near."""

MOST_WORDS = 12

_MAIL_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_BIRTHDAY = re.compile(r"([0-9]{4}|-)-([0-9]{1,2})-([0-9]{1,2})")
_WITHOUT_YEAR = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")
_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF), None)
"""Marks that turn the direction of what follows: a name needs none of them, and a page is not to be turned by a name."""

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_LEAP_YEAR = 2000


def read_fields(
    typed: Mapping[str, str], number: Callable[[str], str | None], today: date, free: Sequence[str] = ()
) -> Fields | dict[str, Said]:
    """The fields that somebody typed (`name`, `phone`, `mail`, `birthday`, `free:LABEL`), or what is wrong with each.

    `number`: E.164 of a typed number, None where it is none. `free`: which further fields the shop asks.
    """
    faults: dict[str, Said] = {}
    name = tidy(typed.get("name", ""))
    if len(name) > NAME_LONGEST:
        faults["name"] = said("A name has at most %(most)s characters.", most=NAME_LONGEST)
    phone = tidy(typed.get("phone", ""))
    e164 = number(phone) if phone and len(phone) <= LABEL_LONGEST else None
    if phone and e164 is None:
        faults["phone"] = said(
            "This is no phone number. Begin with + and the country's code where it is of another country."
        )
    mail = read_mail(typed.get("mail", ""))
    if mail is None:
        faults["mail"] = said("This is no mail address. It looks like ann@example.org.")
    birthday = read_birthday(typed.get("birthday", ""), today)
    if birthday is None:
        faults["birthday"] = said("This is no day of a birth. Write 1980-02-29, or --02-29 without the year.")
    more = {}
    for label in free:
        text = tidy(typed.get(f"free:{label}", ""))
        if len(text) > FREE_LONGEST:
            faults[f"free:{label}"] = said("At most %(most)s characters.", most=FREE_LONGEST)
        elif text:
            more[label] = text
    if len(more) > MOST_FREE or any(not 1 <= len(label) <= LABEL_LONGEST for label in more):
        faults["free"] = said(
            "At most %(most)s further fields, with names of at most %(long)s characters.",
            most=MOST_FREE,
            long=LABEL_LONGEST,
        )
    if faults:
        return faults
    fields = Fields(name, e164 or "", mail or "", birthday or "", more)
    if not fits(fields):
        return {"free": said("All fields together are too long. Shorten them to half a page.")}
    return fields


def is_findable(fields: Fields) -> bool:
    """Whether somebody can be found by these: by a name, a number or an address."""
    return bool(fields.name or fields.phone or fields.mail)


def fits(fields: Fields) -> bool:
    """Whether these fields are short enough to be sealed and sent."""
    return len(msgspec.json.encode(fields)) <= LARGEST_FIELDS


def tidy(text: str) -> str:
    """What somebody typed into one line, as it is kept: composed (NFC), without control characters, line ends, marks that turn
    the direction, lone surrogates; single spaces. Emoji and every script stay as they are."""
    text = text[:LONGEST_TYPED].encode("utf-8", "replace").decode()
    text = unicodedata.normalize("NFC", text).translate(_TURNS)
    text = "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp", "Zs") else one for one in text)
    return " ".join(text.split())


def read_mail(typed: str) -> str | None:
    """A mail address as it is kept; empty where nothing was typed, None where it is none. A domain in other scripts becomes its
    ASCII form (RFC 5890); the part before the @ stays as it was typed."""
    text = tidy(typed)
    if not text:
        return ""
    local, at, domain = text.rpartition("@")
    if not at or len(local) > 64 or not _MAIL_LOCAL.fullmatch(local):
        return None
    try:
        ascii_domain = domain.lower().encode("idna").decode()
    except UnicodeError:
        return None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        return None
    whole = f"{local}@{ascii_domain}"
    return whole if len(whole) <= MAIL_LONGEST else None


def read_birthday(typed: str, today: date) -> str | None:
    """A day of birth as it is kept (`Fields.birthday`); empty where nothing was typed, None where there is no such day."""
    text = unicodedata.normalize("NFKC", tidy(typed)).replace("/", "-").replace(".", "-")
    if not text:
        return ""
    found = _BIRTHDAY.fullmatch(text)
    if found:
        year, month, day = found.groups()
    elif without := _WITHOUT_YEAR.fullmatch(text):
        year, (month, day) = "-", without.groups()
    else:
        return None
    try:
        born = date(_LEAP_YEAR if year == "-" else int(year), int(month), int(day))
    except ValueError:
        return None
    if year != "-" and not (today.year - 130 <= born.year and born <= today):
        return None
    return f"{year}-{born.month:02}-{born.day:02}"


def first_name(name: str) -> str:
    """What a screen greets with: the first word, cut to what fits."""
    words = name.split()
    return words[0][:GREETING_LONGEST] if words else ""


def fold_name(name: str) -> str:
    """A name without case, width, accents and punctuation, for looking up."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name)).casefold()
    kept = "".join(one if one.isalnum() else " " for one in plain if not unicodedata.combining(one))
    return " ".join(unicodedata.normalize("NFC", kept).split())


def fold_mail(mail: str) -> str:
    """A mail address as it is compared: no mail server of any size tells capital letters from small ones."""
    return mail.strip().casefold()


def lookups(fields: Fields) -> list[tuple[str, str]]:
    """Kind and value of everything that these fields are found by."""
    found = []
    if fields.phone:
        found.append(("phone", fields.phone))
    if fields.mail:
        found.append(("mail", fold_mail(fields.mail)))
    name = fold_name(fields.name)
    if fields.birthday:
        day = fields.birthday[-5:]
        found.append(("birthday", day))
        found += [
            ("alike", f"{day} {start}") for start in dict.fromkeys(map(_start, name.split()[:MOST_WORDS]))
        ]
    if name:
        found.append(("name", name))
        found += [("word", word) for word in name_words(name)]
    return found


def _start(word: str) -> str:
    return word[:1] if _HAN.fullmatch(word) else word[:2]


def name_words(folded: str) -> list[str]:
    """The words of a folded name, each once; of a Chinese name also the given name without the first character."""
    words: list[str] = []
    for word in folded.split()[:MOST_WORDS]:
        words.append(word)
        if 2 <= len(word) <= 4 and _HAN.fullmatch(word):
            words += [word[1:], word[:1]]
    return list(dict.fromkeys(words))


def alike(one: Fields, other: Fields) -> bool:
    """Whether two who were born on the same day may be one person, by their names: the same words in any order, one name with a
    word more, or a slip of one letter in a word of five or more. Where both told a year of birth it has to be the same."""
    if one.birthday[-5:] != other.birthday[-5:] or not one.birthday:
        return False
    years = {text[:4] for text in (one.birthday, other.birthday) if not text.startswith("--")}
    if len(years) > 1:
        return False
    first, second = fold_name(one.name).split(), fold_name(other.name).split()
    if not first or not second:
        return False
    fewer, more = sorted((first, second), key=len)
    if len(fewer) == 1 and len(more) > 1 and not _HAN.fullmatch(fewer[0]):
        # A first name alone and a birthday are shared by too many.
        return False
    left = list(more)
    for word in fewer:
        match = next((other for other in left if other == word), None) or next(
            (other for other in left if _one_slip(word, other)), None
        )
        if match is None:
            return False
        left.remove(match)
    return len(left) <= 1


def _one_slip(one: str, other: str) -> bool:
    """One letter more, less, another, or two neighbours swapped, in words of five or more."""
    if min(len(one), len(other)) < 5 or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[1:] == shorter


def combine(rows: Iterable[Fields]) -> Fields:
    """The fields of one person with several memberships: of each field what the first of them has."""
    whole = Fields()
    for one in rows:
        whole = Fields(
            whole.name or one.name,
            whole.phone or one.phone,
            whole.mail or one.mail,
            whole.birthday or one.birthday,
            {**one.free, **whole.free},
        )
    return whole


def without_changed(row: Fields, before: Fields, after: Fields) -> Fields:
    """The fields of a merged membership when its person changed theirs from `before` to `after`: what they replaced or took away
    is not to come back from here."""
    gone = {label for label in before.free if before.free[label] != after.free.get(label)}
    return Fields(
        row.name if before.name == after.name else "",
        row.phone if before.phone == after.phone else "",
        row.mail if before.mail == after.mail else "",
        row.birthday if before.birthday == after.birthday else "",
        {label: text for label, text in row.free.items() if label not in gone},
    )
