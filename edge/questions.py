"""What the portal may ask the running door, and what it answers: one line of JSON each way.

Pure: `edge.live` answers in the door's process. From the portal's ask the installer's pages, and the page of a guest who came in
as a member, since the portal itself calls nobody. Answers to installers hold counts, strengths, what beacons say;
no address, no pseudonym. Strengths are in dBm, lengths of time in seconds on the packets' clock, moments in seconds of UTC.
Sentences are the pages' own: here stand codes and numbers.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from hub.wire.fact import MemberId
from hub.wire.snapshot import Text
from hub.wire.sync_notes import Note

LINE_OCTETS = 4_096
"""The longest question. The longest that a page can make has 200 octets."""

ANSWER_OCTETS = 512 * 1024
"""The longest answer: four receivers with forty-eight beacons each and two hundred visits are about a tenth of it."""

Heads = Annotated[int, Meta(ge=0, le=9_999)]
Place = Annotated[str, Meta(min_length=1, max_length=40)]
Sender = Annotated[str, Meta(min_length=1, max_length=120)]


class Look(msgspec.Struct, frozen=True, tag_field="ask", tag="look"):
    """Everything that the live page shows. Asking keeps the picture fed for a minute."""


class WalkBegin(msgspec.Struct, frozen=True, tag_field="ask", tag="walk.begin"):
    """Begin to stand in the zones. `sender`: "phone" finds the phone that is held against the radio, else what a beacon says."""

    sender: Sender = "phone"


class WalkStand(msgspec.Struct, frozen=True, tag_field="ask", tag="walk.stand"):
    """The installer stands in this place now. The same place again is measured anew."""

    place: Place


class WalkDone(msgspec.Struct, frozen=True, tag_field="ask", tag="walk.done"):
    """Every place that matters has been stood in: work out what fits."""


class WalkEnd(msgspec.Struct, frozen=True, tag_field="ask", tag="walk.end"):
    """Forget this walk; with `accept` its result becomes the door's setting first."""

    accept: bool = False


class HeadsBegin(msgspec.Struct, frozen=True, tag_field="ask", tag="heads.begin"):
    """Begin to count heads: so many people are inside now, staff included."""

    heads: Heads


class HeadsSet(msgspec.Struct, frozen=True, tag_field="ask", tag="heads.set"):
    """So many people are inside from now on; `paused`: nobody looks just now, windows do not count."""

    heads: Heads
    paused: bool = False


class HeadsDone(msgspec.Struct, frozen=True, tag_field="ask", tag="heads.done"):
    """Enough: work out what fits."""


class HeadsEnd(msgspec.Struct, frozen=True, tag_field="ask", tag="heads.end"):
    """Forget this count; with `accept` its result becomes the door's setting first."""

    accept: bool = False


class MemberNotes(msgspec.Struct, frozen=True, tag_field="ask", tag="member.notes"):
    """A guest came in as this member: what are they to be told? `told`: numbers of what their phone has shown since."""

    member: MemberId
    told: tuple[int, ...] = ()


OfInstaller = Look | WalkBegin | WalkStand | WalkDone | WalkEnd | HeadsBegin | HeadsSet | HeadsDone | HeadsEnd
Question = OfInstaller | MemberNotes


class Cell(msgspec.Struct, frozen=True, array_like=True):
    """One class in one bucket: how many senders, how many packets, the strongest and the middle strength."""

    heard: int
    packets: int
    strongest_dbm: int | None
    median_dbm: int | None


class Strip(msgspec.Struct, frozen=True):
    """One class over time, oldest first; `under_way` is the bucket that ends in `left_s`."""

    kind: str
    cells: tuple[Cell, ...]
    under_way: Cell
    left_s: float


class BeaconHeard(msgspec.Struct, frozen=True):
    """A beacon by what it says: its type, its identity or state, packets since the page was opened, middle strength, age."""

    type: str
    says: str
    packets: int
    rssi_dbm: int
    age_s: float


class Ear(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver: its zone, its thresholds, how it is, what it hears. `since_s`: for how long the picture has been fed."""

    zone: str
    radio: str
    trouble: str
    heard: int
    dropped: int
    arrive_dbm: int
    depart_dbm: int
    since_s: float
    packets_per_s: float | None
    strips: tuple[Strip, ...]
    histogram: tuple[int, ...]
    beacons: tuple[BeaconHeard, ...]
    beacons_untold: int


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that lasts now, by its random number: why the door says that somebody is here."""

    id: str
    zone: str
    rank: str
    since_s: float
    silent_s: float
    level_dbm: int
    peak_dbm: int
    depart_dbm: int


class PeopleNow(msgspec.Struct, frozen=True, kw_only=True):
    """People present in the last whole window: the number, its band, the names that counted, and what went into it.

    `reached` is the chance that a phone which is here counted; `names` how many are here by that. `things` are names without
    people. `by_chance` and `by_doubt` are half the band in people, were there only the one reason or only the other.
    """

    people: float
    low: float
    high: float
    addresses: int
    window_s: float
    age_s: float
    reached: float
    names: float
    phones_per_person: float
    things: float
    by_chance: float
    by_doubt: float
    counted_by_hand: bool


class OnTheAir(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that this door says on Bluetooth, as it was read back."""

    type: str
    state: str
    interval_ms: int | None
    power_dbm: int | None
    why: Text


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The live page's figures."""

    at: float
    clock: str
    simulated: bool
    ears: tuple[Ear, ...]
    followed: int
    stays: tuple[Stay, ...]
    visitors: dict[str, int]
    people: PeopleNow | None
    on_air: tuple[OnTheAir, ...]


class Stood(msgspec.Struct, frozen=True, kw_only=True):
    """One place of a walk: how long the sender has been heard there, and how strong, a strip for each receiver."""

    place: str
    outside: bool
    done: bool
    stood_s: float
    packets: int
    low_dbm: int | None
    median_dbm: int | None
    high_dbm: int | None
    histogram: tuple[int, ...]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """How well a setting tells the places apart, as shares from 0 to 1 of those inside and outside that it takes wrongly.

    With thresholds: of people with other phones, reckoned from this walk. Without (by a zone model): of this walk's windows.
    """

    arrive_dbm: int | None
    depart_dbm: int | None
    inside_wrong: float
    outside_wrong: float


class WalkState(msgspec.Struct, frozen=True, kw_only=True):
    """A walk: `trouble` is a code for what keeps it from going on."""

    stage: Literal["hold", "ready", "stand", "fitted"]
    trouble: str
    strongest_dbm: int | None
    second_dbm: int | None
    level_dbm: int | None
    silent_s: float | None
    left_s: float
    stand_s: float
    places: tuple[Stood, ...]
    now_at: str
    before: Judged | None
    after: Judged | None
    by_model: bool


class HeadsWindow(msgspec.Struct, frozen=True, array_like=True):
    """One window of a count: names, heads, what the setting of today and the new one make of it."""

    names: float
    heads: float
    before: float
    after: float | None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a setting says of the counted windows: means over them. `off` is how far it is off in one minute, in people."""

    people: float
    low: float
    high: float
    off: float


class HeadsResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the count changes. `doubt` is that of a figure for so many people, as a share; `more` counts bring it within 5 %."""

    heads: float
    before: Said
    after: Said
    phones_per_person_before: float
    phones_per_person: float
    things: float
    doubt: float
    more: int


class HeadsState(msgspec.Struct, frozen=True, kw_only=True):
    """A count of heads: `stage` is counting, paused or fitted."""

    stage: Literal["counting", "paused", "fitted"]
    heads: int
    counted_s: float
    wanted_s: float
    least_windows: int
    windows: tuple[HeadsWindow, ...]
    result: HeadsResult | None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What calibrations this door goes by: when the thresholds were fitted, when heads were counted, how often."""

    walked_at: float | None = None
    counted_at: float | None = None
    counts: int = 0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What comes back to every question; `refused` is a code where it could not be done."""

    refused: str = ""
    detail: str = ""
    seen: Seen | None = None
    walk: WalkState | None = None
    heads: HeadsState | None = None
    made: Made = Made()
    zones: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


_question = msgspec.json.Decoder(Question)
_answer = msgspec.json.Decoder(Answer)


def read_question(line: bytes) -> Question:
    """The question in a line; ValueError with a sentence where it is none."""
    if len(line) > LINE_OCTETS:
        raise ValueError(f"A question has at most {LINE_OCTETS} octets.")
    try:
        question: Question = _question.decode(line)
    except msgspec.MsgspecError as wrong:
        raise ValueError(f"This is no question: {wrong}") from wrong
    return question


def read_answer(line: bytes) -> Answer:
    """The answer in a line; ValueError where it is none (the door may be of another release)."""
    try:
        return _answer.decode(line)
    except msgspec.MsgspecError as wrong:
        raise ValueError(f"The door answered something else: {wrong}") from wrong


def write(said: Question | Answer) -> bytes:
    """A line with its end."""
    return msgspec.json.encode(said) + b"\n"
