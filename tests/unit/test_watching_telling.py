"""What is told of trouble: once, again after hours, when it is over; never a storm, also not after a restart."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from itertools import pairwise

import msgspec

from hub.client.warnings import Severity, Shown
from hub.store.alarm_records import AlarmRow
from hub.watching.messages import as_json, mail_subject, mail_text
from hub.watching.telling import CALM_S, GAP_S, Turn, after, in_flight, look_at
from hub.wire.snapshot import Shop

AGAIN_S = 3_600.0
SHOP = Shop(7, {"en": "Corner", "zh": "街角"})


def trouble(code: str = "device-silent", subject: str | None = "Till 1", *, alarm: bool = True) -> Shown:
    return Shown(
        code, Severity.WARNING, {"en": f"{subject} is silent", "zh": "没有消息"}, {"en": "Look", "zh": "看"}, 100.0, subject,
        alarm=alarm,
    )  # fmt: skip


@dataclass
class Channel:
    """A channel with its rows, as the database keeps them, and what was sent on it."""

    rows: dict[tuple[str, str], AlarmRow] = field(default_factory=dict)
    sent: list[Turn] = field(default_factory=list)
    works: bool = True

    def look(self, now: float, *shown: Shown) -> Turn | None:
        turn = look_at("mail", list(self.rows.values()), shown, now, AGAIN_S)
        self._keep([*turn.keep, *in_flight(turn, now, 120.0)], list(turn.drop))
        if turn.is_silent:
            return None
        if self.works:
            self.sent.append(turn)
        self._keep(*after(turn, now, taken=self.works))
        return turn

    def _keep(self, keep: list[AlarmRow], drop: list[AlarmRow]) -> None:
        self.rows |= {row.key: row for row in keep}
        for row in drop:
            self.rows.pop(row.key, None)


def test_a_trouble_is_told_at_once_and_once() -> None:
    channel = Channel()
    for second in range(0, 1_800, 5):
        channel.look(1_000.0 + second, trouble())
    assert len(channel.sent) == 1
    assert [row.subject for row in channel.sent[0].tell] == ["Till 1"]


def test_what_is_no_alarm_is_not_told() -> None:
    channel = Channel()
    assert channel.look(1_000.0, trouble(alarm=False)) is None


def test_it_is_told_again_after_hours_but_not_to_those_who_have_seen_it() -> None:
    channel = Channel()
    channel.look(1_000.0, trouble())
    assert channel.look(1_000.0 + AGAIN_S - 1, trouble()) is None
    again = channel.look(1_000.0 + AGAIN_S, trouble())
    assert again is not None
    assert "still" in mail_text(again)
    (row,) = channel.rows.values()
    channel.rows[row.key] = replace(row, seen_at=5_000.0, seen_by="Ines")
    assert channel.look(1_000.0 + 9 * AGAIN_S, trouble()) is None


def test_its_end_is_told_once_it_has_lasted() -> None:
    channel = Channel()
    channel.look(1_000.0, trouble())
    assert channel.look(1_100.0) is None
    assert channel.look(1_100.0 + CALM_S - 1) is None
    over = channel.look(1_100.0 + CALM_S + 1)
    assert over is not None
    assert [row.subject for row in over.over] == ["Till 1"]
    assert "Over: Till 1 is silent" in mail_text(over)
    assert not channel.rows
    assert channel.look(9_000.0) is None


def test_a_trouble_that_comes_and_goes_is_one_trouble() -> None:
    channel = Channel()
    for turn in range(100):
        channel.look(1_000.0 + turn * 30, *([trouble()] if turn % 2 else []))
    assert len(channel.sent) == 1


def test_a_hundred_troubles_at_once_are_one_message_and_those_that_follow_another() -> None:
    channel = Channel()
    many = [trouble(subject=f"Till {number}") for number in range(100)]
    channel.look(1_000.0, *many)
    later = [*many, *(trouble(subject=f"Door {number}") for number in range(50))]
    for second in range(5, int(GAP_S) + 10, 5):
        channel.look(1_000.0 + second, *later)
    assert [len(turn.tell) for turn in channel.sent] == [100, 50]


def test_no_row_of_troubles_makes_more_than_a_message_a_minute() -> None:
    rnd = random.Random(5)
    channel = Channel()
    for second in range(0, 7_200, 5):
        channel.look(
            1_000.0 + second, *(trouble(subject=f"Till {n}") for n in range(20) if rnd.random() < 0.5)
        )
    assert len(channel.sent) <= 2 * 7_200 / GAP_S
    # Everybody was told of once, however often it came and went.
    assert sum(len(turn.tell) for turn in channel.sent) <= 20 * 3


def test_a_message_that_does_not_get_through_is_tried_again_less_and_less_often() -> None:
    channel = Channel(works=False)
    tries = [second for second in range(0, 3_600, 5) if channel.look(1_000.0 + second, trouble())]
    gaps = [later - sooner for sooner, later in pairwise(tries)]
    assert gaps == sorted(gaps)
    assert 5 <= len(tries) <= 9
    channel.works = True
    told = [second for second in range(3_600, 10_800, 5) if channel.look(1_000.0 + second, trouble())]
    assert len(channel.sent) >= 1
    assert told


def test_who_was_never_told_of_it_is_not_told_that_it_is_over() -> None:
    channel = Channel(works=False)
    channel.look(1_000.0, trouble())
    channel.works = True
    assert channel.look(1_010.0) is None
    assert not channel.rows


def test_another_process_that_looks_while_one_sends_does_not_send_too() -> None:
    turn = look_at("url", [], [trouble()], 1_000.0, AGAIN_S)
    rows = in_flight(turn, 1_000.0, 120.0)
    assert look_at("url", rows, [trouble()], 1_005.0, AGAIN_S).is_silent
    # It died: another one does it later.
    assert not look_at("url", rows, [trouble()], 1_121.0, AGAIN_S).is_silent


def test_the_messages_say_what_where_and_since_when_and_no_name_makes_a_header() -> None:
    turn = look_at("url", [], [trouble(subject="Till\r\nBcc: x@example.org")], 1_000.0, AGAIN_S)
    body = msgspec.json.decode(as_json(turn, SHOP, 7, 1_000.0))
    assert body["type"] == "alarm"
    assert body["data"]["shop"] == {"number": 7, "name": {"en": "Corner", "zh": "街角"}}
    (one,) = body["data"]["troubles"]
    assert (one["code"], one["since"], one["lasted_s"], one["again"]) == (
        "device-silent",
        "1970-01-01T00:01:40Z",
        900,
        False,
    )
    subject = mail_subject(turn, SHOP)
    assert subject.startswith("Corner: Till")
    assert "\n" not in subject
    assert "\r" not in subject
