"""The language of segments: judged against a plain restatement, read and written, typed into a form and back."""

from __future__ import annotations

import random
import re
from datetime import date
from pathlib import Path

import pytest

from hub.segments.definition import (
    BadDefinition,
    Definition,
    leaves,
    needs,
    reach_back,
    read_definition,
    write_definition,
)
from hub.segments.judging import judge, occurrence
from hub.segments.portrait import Day, Portrait, Scores, Stay
from hub.segments.typed import FIELDS, Line, TypedDefinition, as_typed, from_form, read_typed

TODAY = date(2026, 11, 30).toordinal()


def person(**changes: object) -> Portrait:
    made = Portrait("m", standing=True, joined_day=TODAY - 100, language="zh-Hant", way="till")
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def holds(body: str, portrait: Portrait, today: int = TODAY) -> bool:
    return judge(read_definition(body), 1, portrait, today).holds


def day(ago: int, visits: int = 0, purchases: int = 0, redemptions: int = 0, cents: int = 0) -> Day:
    return Day(TODAY - ago, visits, purchases, redemptions, cents)


CASES = [
    ('{"is": "came", "at_least": 2}', person(days=[day(1, visits=3), day(2, purchases=1)]), True),
    ('{"is": "came", "at_least": 2}', person(days=[day(1, visits=3), day(2)]), False),
    ('{"is": "came", "at_least": 1, "days": 7}', person(days=[day(6, visits=1)]), True),
    ('{"is": "came", "at_least": 1, "days": 7}', person(days=[day(7, visits=1)]), False),
    ('{"is": "away", "at_least": 30}', person(days=[day(30, visits=1)]), True),
    ('{"is": "away", "at_least": 30}', person(days=[day(29, visits=1)]), False),
    ('{"is": "away", "at_least": 100}', person(), True),
    ('{"is": "bought", "at_least": 1, "at_most": 2}', person(days=[day(1, purchases=2)]), True),
    ('{"is": "bought", "at_most": 2}', person(days=[day(1, purchases=3)]), False),
    (
        '{"is": "spent", "at_least": 2000, "days": 30}',
        person(days=[day(1, cents=1500), day(29, cents=500)]),
        True,
    ),
    (
        '{"is": "spent", "at_least": 2000, "days": 30}',
        person(days=[day(1, cents=1500), day(30, cents=500)]),
        False,
    ),
    ('{"is": "used", "at_least": 1, "campaign": 7}', person(used=[(7, TODAY - 3)]), True),
    ('{"is": "used", "at_least": 1, "campaign": 7}', person(used=[(8, TODAY - 3)]), False),
    ('{"is": "holds", "campaign": 7}', person(held=[(7, TODAY)]), True),
    ('{"is": "holds", "campaign": 7}', person(held=[(7, TODAY - 1)]), False),
    (
        '{"is": "stayed", "at_least": 20}',
        person(stays=[Stay(TODAY, "Wine", 1, 1_199_000), Stay(TODAY, "Door", 1, 1_000)]),
        True,
    ),
    (
        '{"is": "stayed", "at_least": 20, "zone": "Wine"}',
        person(stays=[Stay(TODAY, "Wine", 1, 1_199_000)]),
        False,
    ),
    ('{"is": "zone", "zone": "Wine", "at_least": 2}', person(stays=[Stay(TODAY - 9, "Wine", 2, 0)]), True),
    ('{"is": "joined", "at_most": 100}', person(), True),
    ('{"is": "joined", "at_most": 99}', person(), False),
    ('{"is": "score", "which": "loss", "at_least": 60}', person(scores=Scores(0.1, 0.6, 1.0, None)), True),
    ('{"is": "score", "which": "value", "at_least": 1}', person(scores=Scores(0.1, 0.6, 1.0, None)), False),
    ('{"is": "score", "which": "loss", "at_most": 100}', person(), False),
    ('{"is": "speaks", "any_of": ["zh"]}', person(), True),
    ('{"is": "speaks", "any_of": ["en"]}', person(), False),
    ('{"is": "agreed", "purpose": "messages"}', person(agreed=frozenset({("messages", "mail")})), True),
    (
        '{"is": "agreed", "purpose": "messages", "medium": "sms"}',
        person(agreed=frozenset({("messages", "mail")})),
        False,
    ),
    ('{"is": "answered", "any_of": ["liked it"], "plan": 3}', person(answers=[(3, "liked it", TODAY)]), True),
    (
        '{"is": "answered", "any_of": ["liked it"], "plan": 4}',
        person(answers=[(3, "liked it", TODAY)]),
        False,
    ),
    ('{"is": "way", "any_of": ["till"]}', person(), True),
    ('{"is": "listed"}', person(listed=frozenset({1})), True),
    ('{"is": "listed"}', person(listed=frozenset({2})), False),
    ('{"is": "date", "which": "birthday", "ahead": 7}', person(birthday=(12, 7)), True),
    ('{"is": "date", "which": "birthday", "ahead": 7}', person(birthday=(12, 8)), False),
    ('{"is": "date", "which": "birthday", "behind": 1}', person(birthday=(11, 29)), True),
    ('{"is": "date", "which": "joined"}', person(joined_day=date(2024, 11, 30).toordinal()), True),
    ('{"is": "date", "which": "joined"}', person(joined_day=TODAY), False),
]


@pytest.mark.parametrize(("body", "portrait", "wanted"), CASES)
def test_a_line_says_what_it_says(body: str, portrait: Portrait, wanted: bool) -> None:
    assert holds(body, portrait) is wanted
    assert holds(f'{{"is": "not", "that": {body}}}', portrait) is not wanted
    portrait.standing = False
    assert not holds(body, portrait), "who has left is in no segment"
    assert not holds(f'{{"is": "not", "that": {body}}}', portrait)
    portrait.standing = True


def some_definition(draw: random.Random, depth: int = 3) -> Definition:
    """Any definition that is judged by days."""
    bodies = [
        f'{{"is": "came", "at_least": {draw.randint(0, 4)}, "days": {draw.randint(1, 40)}}}',
        f'{{"is": "came", "at_most": {draw.randint(0, 4)}, "days": {draw.randint(1, 40)}}}',
        f'{{"is": "away", "at_least": {draw.randint(0, 40)}}}',
        f'{{"is": "away", "at_most": {draw.randint(0, 40)}}}',
        f'{{"is": "spent", "at_least": {draw.randint(0, 900)}, "at_most": 1500, "days": {draw.randint(1, 40)}}}',
        f'{{"is": "joined", "at_least": {draw.randint(0, 200)}}}',
        f'{{"is": "date", "which": "birthday", "ahead": {draw.randint(0, 20)}, "behind": {draw.randint(0, 20)}}}',
        '{"is": "speaks", "any_of": ["zh"]}',
    ]
    body = draw.choice(bodies)
    if depth:
        parts = [write_definition(some_definition(draw, depth - 1)) for _ in range(draw.randint(1, 3))]
        joined = ", ".join(parts)
        body = draw.choice(
            [
                body,
                f'{{"is": "all", "of": [{joined}]}}',
                f'{{"is": "any", "of": [{joined}]}}',
                f'{{"is": "not", "that": {parts[0]}}}',
            ]
        )
    return read_definition(body)


@pytest.mark.parametrize("seed", range(60))
def test_until_the_day_that_is_named_nothing_changes(seed: int) -> None:
    draw = random.Random(seed)
    definition = some_definition(draw)
    portrait = person(
        joined_day=TODAY - draw.randint(0, 150),
        birthday=(draw.randint(1, 12), draw.randint(1, 28)),
        days=[
            day(draw.randint(0, 60), visits=draw.randint(0, 1), cents=draw.randint(0, 400)) for _ in range(6)
        ],
    )
    known, until = judge(definition, 1, portrait, TODAY)
    for today in range(TODAY, TODAY + 450):
        if today >= until:
            known, until = judge(definition, 1, portrait, today)
            assert until > today
        assert judge(definition, 1, portrait, today).holds is known, today - TODAY


def test_a_day_in_february_is_a_day_in_every_year() -> None:
    assert date.fromordinal(occurrence(2027, 2, 29)) == date(2027, 2, 28)
    assert date.fromordinal(occurrence(2028, 2, 29)) == date(2028, 2, 29)


def test_what_is_read_of_a_member_is_what_is_looked_at() -> None:
    definition = read_definition(
        '{"is": "any", "of": [{"is": "came", "at_least": 1, "days": 9}, {"is": "zone", "zone": "W", "at_least": 1, "days": 30}]}'
    )
    assert needs(definition) == {"days", "stays"}
    assert reach_back(definition) == 30
    assert reach_back(read_definition('{"is": "away", "at_least": 3}')) is None
    assert len(leaves(definition)) == 2


@pytest.mark.parametrize(
    "body",
    [
        '{"is": "came"}',
        '{"is": "came", "at_least": 3, "at_most": 2}',
        '{"is": "came", "at_least": -1}',
        '{"is": "nonsense"}',
        '{"is": "came", "at_least": 2, "dayz": 30}',
        '{"is": "all", "of": []}',
        '{"is": "agreed", "purpose": "recognise", "medium": "sms"}',
        "[" * 10_000,
        '{"is": "not", "that": ' * 9 + '{"is": "listed"}' + "}" * 9,
        '{"is": "any", "of": [' + ", ".join(['{"is": "listed"}'] * 41) + "]}",
        "\ud800".encode(errors="surrogatepass"),
        "",
    ],
)
def test_what_is_no_definition_is_told_in_a_sentence(body: str | bytes) -> None:
    with pytest.raises(BadDefinition):
        read_definition(body)


@pytest.mark.parametrize("body", [case[0] for case in CASES])
def test_a_definition_goes_through_the_form_and_comes_back(body: str) -> None:
    for text in (
        body,
        f'{{"is": "not", "that": {body}}}',
        f'{{"is": "all", "of": [{body}, {{"is": "any", "of": [{body}, {body}]}}]}}',
    ):
        definition = read_definition(text)
        typed = as_typed(definition)
        assert not typed.by_text
        form = {
            f"{name}_{place}": value
            for place, line in enumerate(typed.lines)
            for name, value in {
                "kind": line.kind,
                "join": line.join,
                "not": "yes" if line.negated else "",
                **line.fields,
            }.items()
        }
        assert read_typed(from_form(form)) == definition


def test_what_the_form_cannot_show_stays_as_text() -> None:
    deep = read_definition(
        '{"is": "not", "that": {"is": "all", "of": [{"is": "listed"}, {"is": "came", "at_least": 1}]}}'
    )
    typed = as_typed(deep)
    assert typed.by_text
    assert read_typed(typed) == deep


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (Line("came", fields={}), "least_0"),
        (Line("came", fields={"least": "x"}), "least_0"),
        (Line("came", fields={"least": "3", "most": "2"}), "most_0"),
        (Line("came", fields={"least": "1", "days": "0"}), "days_0"),
        (Line("spent", fields={"least": "1.234"}), "least_0"),
        (Line("holds", fields={}), "campaign_0"),
        (Line("zone", fields={"least": "1"}), "zone_0"),
        (Line("speaks", fields={"words": "english and a very long name of it"}), "words_0"),
        (Line("agreed", fields={"consent": "everything"}), "consent_0"),
        (Line("date", fields={"which": "wedding"}), "which_0"),
    ],
)
def test_every_fault_stands_at_its_field(line: Line, field: str) -> None:
    read = read_typed(TypedDefinition((line,)))
    assert isinstance(read, dict)
    assert list(read) == [field]


def test_digits_of_a_chinese_keyboard_are_digits() -> None:
    assert read_typed(TypedDefinition((Line("came", fields={"least": "２"}),))) == read_definition(
        '{"is": "came", "at_least": 2}'
    )


def test_every_kind_of_line_has_its_fields() -> None:
    assert {case[0].split('"')[3] for case in CASES} == set(FIELDS)


def test_the_page_about_the_language_says_what_there_is() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "segments.md").read_text(encoding="utf-8")
    for example in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        read_definition(example)
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*)\|", text, re.MULTILINE))
    del rows["is"]
    assert set(rows) == set(FIELDS)
    for kind, fields in rows.items():
        named = {"least": "at_least", "most": "at_most", "words": "any_of", "consent": "purpose"}
        wanted = {named.get(name, name) for name in FIELDS[kind]} | (
            {"medium"} if kind == "agreed" else set()
        )
        told = set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", fields)))
        assert told == wanted, kind
