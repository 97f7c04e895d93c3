"""What can be wrong, told in one way by every program."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import health as edge_health
from edge.portal import health as portal_health
from hub import health as hub_health
from hub.client.warnings import (
    Holding,
    Severity,
    Warning,  # noqa: A004 - the word of the trade
    Watch,
    exit_status,
    read_report,
    report,
    show,
    worst,
)
from hub.up.watch import DoorWarning
from hub.up.watch import Watch as ShopWatch
from kiosk import health as kiosk_health

LISTS = {
    "edge": edge_health.WARNINGS,
    "portal": portal_health.WARNINGS,
    "kiosk": kiosk_health.WARNINGS,
    "hub": hub_health.WARNINGS,
}

LIST = (
    Warning("quiet", Severity.NOTE, {"en": "It is quiet", "zh": "很安静"}, {"en": "Wait.", "zh": "请稍候。"}),
    Warning(
        "deaf",
        Severity.WARNING,
        {"en": "{subject} hears nothing", "zh": "{subject}收不到信号"},
        {"en": "{detail} Unplug it.", "zh": "{detail} 请拔下。"},
        visible_after_s=90,
        hidden_by=("gone",),
    ),
    Warning(
        "gone", Severity.ERROR, {"en": "It is gone", "zh": "不见了"}, {"en": "Look for it.", "zh": "请寻找。"}
    ),
)


def test_a_warning_is_held_back_until_it_has_lasted() -> None:
    watch = Watch(LIST)
    assert watch.look([Holding("deaf")], 1000.0) == []
    assert watch.look([Holding("deaf")], 1089.0) == []
    (deaf,) = watch.look([Holding("deaf")], 1090.0)
    assert (deaf.code, deaf.severity, deaf.since) == ("deaf", Severity.WARNING, 1000.0)


def test_a_trouble_that_ended_and_came_back_begins_anew() -> None:
    watch = Watch(LIST)
    watch.look([Holding("gone")], 10.0)
    assert watch.look([], 20.0) == []
    assert [one.since for one in watch.look([Holding("gone")], 30.0)] == [30.0]


def test_a_cause_hides_what_it_explains_even_where_that_has_lasted_longer() -> None:
    watch = Watch(LIST)
    watch.look([Holding("deaf")], 0.0)
    assert [one.code for one in watch.look([Holding("deaf"), Holding("gone")], 500.0)] == ["gone"]
    assert [(one.code, one.since) for one in watch.look([Holding("deaf")], 501.0)] == [("deaf", 0.0)]


def test_a_cause_explains_its_own_subject_and_no_other() -> None:
    watch = Watch(LIST)
    watch.say("deaf", True, 0.0, "Now.", "hci0")
    watch.say("gone", True, 0.0, "", "hci1")
    assert [one.code for one in watch.shown(500.0)] == ["gone", "deaf"]
    watch.say("gone", True, 0.0, "", "hci0")
    assert [one.subject for one in watch.shown(500.0)] == ["hci1", "hci0"]
    watch.say("gone", True, 0.0)
    watch.say("gone", False, 0.0, "", "hci0")
    watch.say("gone", False, 0.0, "", "hci1")
    assert [one.code for one in watch.shown(500.0)] == ["gone"]


def test_a_detail_may_be_in_every_language() -> None:
    watch = Watch(LIST)
    watch.say("deaf", True, 0.0, {"en": "Since noon.", "zh": "自中午起。"}, "hci0")
    (deaf,) = watch.shown(100.0)
    assert deaf.todo == {"en": "Since noon. Unplug it.", "zh": "自中午起。 请拔下。"}
    assert deaf.detail == "Since noon."


def test_each_warning_can_be_told_by_itself_as_it_is_found() -> None:
    watch = Watch(LIST)
    watch.say("gone", True, 5.0, "No cable.")
    watch.say("quiet", True, 6.0)
    watch.say("gone", True, 7.0, "No plug.")
    assert [(one.code, one.since, one.detail) for one in watch.shown(8.0)] == [
        ("gone", 5.0, "No plug."),
        ("quiet", 6.0, ""),
    ]
    watch.say("gone", False, 9.0)
    assert [one.code for one in watch.shown(9.0)] == ["quiet"]


def test_two_devices_with_the_same_trouble_are_told_each_with_its_own_beginning() -> None:
    watch = Watch(LIST)
    watch.look([Holding("deaf", subject="Door")], 0.0)
    told = watch.look([Holding("deaf", subject="Door"), Holding("deaf", subject="Roof", since=-60.0)], 100.0)
    assert [(one.subject, one.since) for one in told] == [("Door", 0.0), ("Roof", -60.0)]


def test_a_clock_that_is_set_back_makes_no_trouble_begin_in_the_future() -> None:
    watch = Watch(LIST)
    watch.look([Holding("gone")], 1000.0)
    assert [one.since for one in watch.look([Holding("gone")], 400.0)] == [400.0]


def test_a_single_look_holds_nothing_back_and_invents_no_beginning() -> None:
    (deaf,) = show(LIST, [Holding("deaf", subject="Door")])
    assert deaf.since is None


def test_a_code_that_is_not_on_the_list_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        show(LIST, [Holding("dear")])
    with pytest.raises(KeyError):
        Watch(LIST).say("dear", False, 0.0)


def test_the_texts_name_whom_and_how_and_stay_tidy_where_nobody_said_it() -> None:
    (told,) = show(LIST, [Holding("deaf", "No answer.", "{detail}")])
    assert told.what == {"en": "{detail} hears nothing", "zh": "{detail}收不到信号"}
    assert told.todo == {"en": "No answer. Unplug it.", "zh": "No answer. 请拔下。"}
    (untold,) = show(LIST, [Holding("deaf", subject="Door")])
    assert untold.todo == {"en": "Unplug it.", "zh": "请拔下。"}
    assert untold.sentence() == "Door hears nothing. Unplug it."
    assert untold.sentence("zh") == "Door收不到信号。请拔下。"


def test_a_command_in_the_advice_can_be_copied_without_a_full_stop() -> None:
    (told,) = portal_health.look(enrolled=False, has_snapshot=False)
    assert told.sentence().endswith("python -m edge enrol CODE --hub URL")


@pytest.mark.parametrize(
    ("codes", "status", "word", "gravest"),
    [
        ([], 0, "ok", None),
        (["quiet"], 0, "ok", "note"),
        (["quiet", "deaf"], 1, "warning", "warning"),
        (["quiet", "gone"], 2, "error", "error"),
    ],
)
def test_notes_are_fine_warnings_are_one_and_errors_are_two(
    codes: list[str], status: int, word: str, gravest: str | None
) -> None:
    shown = show(LIST, map(Holding, codes))
    assert exit_status(shown) == status
    assert report("edge", shown)["status"] == word
    assert worst(shown) == gravest


@given(
    st.lists(st.builds(Holding, st.sampled_from(["quiet", "deaf", "gone"]), st.text(), st.text()), max_size=9)
)
def test_the_gravest_comes_first_and_a_report_is_read_back_as_it_was_told(holding: list[Holding]) -> None:
    shown = show(LIST, holding)
    grave = [["error", "warning", "note"].index(one.severity) for one in shown]
    assert grave == sorted(grave)
    read = read_report(json.loads(json.dumps(report("edge", shown))))
    assert [one.as_json() for one in read] == [one.as_json() for one in shown]


@pytest.mark.parametrize("told", [None, [], {}, "x", {"warnings": [{"code": "x"}]}, {"warnings": 3}])
def test_what_is_no_report_is_refused_with_a_sentence(told: object) -> None:
    with pytest.raises(ValueError, match="This is no report"):
        read_report(told)


@pytest.mark.parametrize("program", sorted(LISTS))
def test_every_program_tells_its_warnings_in_the_same_six_words(program: str) -> None:
    warnings = LISTS[program]
    for warning in warnings:
        (told,) = show(warnings, [Holding(warning.code, "3", "Door")])
        assert list(told.as_json()) == ["code", "severity", "what", "todo", "since", "subject"]
        assert "{" not in told.sentence("en") + told.sentence("zh")


@pytest.mark.parametrize("program", sorted(LISTS))
def test_every_list_speaks_both_languages_names_each_code_once_and_hides_behind_known_ones(
    program: str,
) -> None:
    warnings = LISTS[program]
    codes = [warning.code for warning in warnings]
    assert len(set(codes)) == len(codes)
    for warning in warnings:
        assert set(warning.what) == set(warning.todo) == {"en", "zh"}
        assert set(warning.hidden_by) <= set(codes)


@pytest.mark.parametrize("program", sorted(LISTS))
def test_the_hub_has_one_name_in_chinese(program: str) -> None:
    for warning in LISTS[program]:
        for text in (warning.what["zh"], warning.todo["zh"]):
            assert "中枢" not in text
            # In full where a sentence first names it; short after that.
            assert all(
                "店内主机" in said[: said.index("主机") + 2] for said in text.split("。") if "主机" in said
            ), text


def test_a_till_that_is_cut_off_says_since_when_it_is_and_not_since_when_it_was_looked_at() -> None:
    cut = kiosk_health.Condition(1000.0, cut_off_since=940.0, snapshot_made_at=900.0)
    assert [(one.code, one.since) for one in show(LISTS["kiosk"], kiosk_health.holding(cut))] == [
        ("hub-silent", 940.0)
    ]


def test_a_portal_without_a_shop_is_told_why() -> None:
    assert [one.code for one in portal_health.look(enrolled=False, has_snapshot=False)] == ["not-enrolled"]
    waiting = portal_health.look(enrolled=True, has_snapshot=False)
    assert [one.code for one in waiting] == ["no-snapshot"]
    assert exit_status(waiting) == 1
    assert portal_health.look(enrolled=True, has_snapshot=True) == []


def test_what_the_door_writes_in_its_status_file_is_read_by_the_portal_and_by_up(tmp_path: Path) -> None:
    holding = [
        Holding("radio-missing", "There is no adapter hci0."),
        Holding("facts-parked"),
        Holding("replay-ended"),
    ]
    status = edge_health.Status(
        pid=os.getpid(), at=time.time(), state="listening", zone="door", radio="hci0", radio_name="hci0", simulated=False,
        notice={}, heard=0, dropped=0, followed=0, visits_open=0, visits_closed=0, occupancy=None,
        warnings=tuple(show(LISTS["edge"], holding)), pending=0, parked=1, hub_reached=True, rss_mb=1.0,
    )  # fmt: skip
    edge_health.write_status(tmp_path, status)
    assert edge_health.read_status(tmp_path, time.time()) == status
    watch = ShopWatch(tmp_path / "hub", tmp_path)
    assert watch.look().warnings == [
        DoorWarning("radio-missing", "There is no adapter hci0.", is_error=True),
        DoorWarning(
            "facts-parked",
            "The hub could not read some facts. They are kept here. The hub may be older than this program.",
            is_error=False,
        ),
    ]
