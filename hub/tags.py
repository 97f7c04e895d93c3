"""A tag as somebody types it: how it is recognised, whose it is, and the words to which its person agreed.

Pure. `hub.admin.tags` and `python -m hub tag` feed it, `hub.enrolled` keeps what comes out. Faults come back by the name of
their field, all at once. A key is never part of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast
from uuid import UUID

from hub.sentences import Said, said
from hub.wire.snapshot import TagKey, Text, say

Whose = Literal["staff", "member", "thing"]
Way = Literal["identity", "irk", "eid"]

WHOSE: tuple[Whose, ...] = ("thing", "staff", "member")
WAYS: tuple[Way, ...] = ("identity", "irk", "eid")
NAME_LONGEST = 40
LARGEST_NUMBER = 65_535
LARGEST_EXPONENT = 15
"""An identity of Eddystone lasts 2**15 s, nine hours, at most."""

CLOCK_END = 2**32
"""A beacon's clock has 32 bits (Eddystone-EID)."""

CONSENT_VERSION = 1
"""Rises with every change of the words below: who agreed to other words has agreed to other things."""

CONSENT: Text = {
    "en": "I agree that this shop recognises me by this key or tag when I come near its doors. It keeps the times of my visits "
    "under a number. My name stays in the shop's office, the key in the office and at the doors. I can take this back at any "
    "time, without a reason: my name and the key are then deleted.",
    "zh": "我同意：我走近本店门口时，本店可以通过这个密钥或标签识别我。到店时间只以编号保存；我的姓名只留在店内办公室，"
    "密钥只存于办公室和门口设备。我可以随时撤回同意，无需理由；撤回后，姓名和密钥即被删除。",
}

_UUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}")
_NUMBER = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Consent:
    """The very words to which somebody agreed, where and when."""

    text: str
    version: int
    language: str
    given_at: float


@dataclass(frozen=True, slots=True)
class NewTag:
    """A tag that can be enrolled. Exactly one of `identity` and `key` is there; `consent` where it is a person's."""

    name: str
    whose: Whose
    identity: str | None
    key: TagKey | None
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class TypedTag:
    """What stands in the form: `name`, `whose`, `way`, one field for each way, and `clock`. `agreed`: the box is ticked.

    `language` is that in which the words of consent were shown.
    """

    fields: Mapping[str, str]
    agreed: bool = False
    language: str = "en"

    def get(self, name: str) -> str:
        """One field without space at its ends."""
        return self.fields.get(name, "").strip()


@dataclass(slots=True)
class _Reading:
    typed: TypedTag
    now: float
    faults: dict[str, Said] = field(default_factory=dict)


def read_tag(typed: TypedTag, now: float) -> NewTag | dict[str, Said]:
    """The tag that was typed; or all that is wrong, by field. `now`: seconds of UTC, at which its clock was read."""
    reading = _Reading(typed, now)
    name = _name(reading)
    whose, way = typed.get("whose"), typed.get("way")
    if whose not in WHOSE:
        reading.faults["whose"] = said("Say whose it is.")
    if way not in WAYS:
        reading.faults["way"] = said("Choose how it is recognised.")
    identity = _identity(reading) if way == "identity" else None
    key = _irk(reading) if way == "irk" else _eid(reading) if way == "eid" else None
    if way == "irk" and whose == "thing":
        reading.faults["whose"] = said("A phone's key belongs to a person: choose staff or member.")
    consent = None
    if whose in ("staff", "member"):
        if typed.agreed:
            words = say(CONSENT, typed.language)
            language = typed.language if typed.language in CONSENT else "en"
            consent = Consent(words, CONSENT_VERSION, language, now)
        else:
            sentence = said(
                "Nobody is recognised who has not agreed. Show the words to the person, then tick the box."
            )
            reading.faults["agreed"] = sentence
    if reading.faults or (identity is None and key is None):
        return reading.faults
    return NewTag(name, cast("Whose", whose), identity, key, consent)


def way_of(text: str) -> Way:
    """The field into which a text belongs that may be any of them, as on the command line."""
    folded = text.strip().lower()
    if folded.startswith("eddystone-eid:"):
        return "eid"
    return "irk" if folded.startswith("irk:") or re.fullmatch(r"[0-9a-f]{32}", folded) else "identity"


def _name(reading: _Reading) -> str:
    name = reading.typed.get("name")
    if not name:
        reading.faults["name"] = said("Give a name.")
    elif len(name) > NAME_LONGEST:
        reading.faults["name"] = said("A name has at most %(count)s characters.", count=NAME_LONGEST)
    elif any(ord(character) < 32 for character in name):
        reading.faults["name"] = said("A name is one line of text.")
    return name


def _identity(reading: _Reading) -> str | None:
    """How a beacon names itself, in the one spelling in which the doors know it."""
    kind, _, rest = reading.typed.get("identity").lower().partition(":")
    parts = rest.split("/")
    if kind in ("ibeacon", "altbeacon") and len(parts) == 3:
        if not _UUID.fullmatch(parts[0]):
            reading.faults["identity"] = said(
                "A UUID has 32 digits from 0 to 9 and a to f, with or without its dashes."
            )
            return None
        numbers = [int(part) for part in parts[1:] if _NUMBER.fullmatch(part) and int(part) <= LARGEST_NUMBER]
        if len(numbers) != 2:
            sentence = said("The two numbers behind the UUID are from 0 to %(count)s.", count=LARGEST_NUMBER)
            reading.faults["identity"] = sentence
            return None
        return f"{kind}:{UUID(parts[0])}/{numbers[0]}/{numbers[1]}"
    if kind == "eddystone-uid" and len(parts) == 2:
        if re.fullmatch("[0-9a-f]{20}", parts[0]) and re.fullmatch("[0-9a-f]{12}", parts[1]):
            return f"{kind}:{rest}"
        sentence = said("An Eddystone namespace has 20 digits from 0 to 9 and a to f, its instance 12.")
        reading.faults["identity"] = sentence
        return None
    sentence = said(
        "Write ibeacon:UUID/MAJOR/MINOR, altbeacon:UUID/ID2/ID3 or eddystone-uid:NAMESPACE/INSTANCE."
    )
    reading.faults["identity"] = sentence
    return None


def _irk(reading: _Reading) -> TagKey | None:
    digits = _key(reading, "irk", reading.typed.get("irk").lower().removeprefix("irk:"))
    return TagKey("irk", digits) if digits else None


def _eid(reading: _Reading) -> TagKey | None:
    text, _, exponent = reading.typed.get("eid").lower().removeprefix("eddystone-eid:").partition("/")
    digits = _key(reading, "eid", text)
    if digits and not (re.fullmatch("[0-9]{1,2}", exponent) and int(exponent) <= LARGEST_EXPONENT):
        sentence = said(
            "Behind the key and a slash stands the exponent of its rotation, 0 to %(count)s.",
            count=LARGEST_EXPONENT,
        )
        reading.faults["eid"] = sentence
        digits = None
    clock = reading.typed.get("clock")
    if not re.fullmatch("[0-9]{1,10}", clock) or int(clock) >= CLOCK_END:
        sentence = said("Give what the beacon's clock shows now, in whole seconds since it was set up.")
        reading.faults["clock"] = sentence
        return None
    if not digits:
        return None
    return TagKey("eid", digits, int(exponent), int(reading.now) - int(clock))


def _key(reading: _Reading, name: str, text: str) -> str | None:
    """16 octets as 32 digits; pairs may stand apart."""
    digits = re.sub("[ :-]", "", text)
    if not re.fullmatch("[0-9a-f]{32}", digits):
        reading.faults[name] = said("A key has 32 digits from 0 to 9 and a to f.")
        return None
    if set(digits) == {"0"}:
        reading.faults[name] = said("A key of zeros is none: the phone or tag has not given one.")
        return None
    return digits
