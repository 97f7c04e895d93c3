"""The table of members who came back, by the month in which they joined, against the journal."""

from __future__ import annotations

import re
from datetime import date, timedelta

from tests.prove._numbers_check import Checker

ADDRESS = "/manage/members-over-time"

_ROW = re.compile(r'<tr data-month="([0-9-]+)">(.*?)</tr>', re.DOTALL)
_SIZE = re.compile(r'data-members="([0-9]+)"')
_BACK = re.compile(r'data-weeks="([0-9]+)" data-back="([0-9]+)"')

MOST_OFF = 4
"""Every number there is rounded to fives, in a way that is off by four at most."""


def compare_cohorts(checker: Checker, html: str, yesterday: date) -> None:
    """Each number of the table; and that none is told of weeks that are not over."""
    rows = _ROW.findall(html)
    members = [one for one in checker.books.cohorts[checker.home] if one[0] <= yesterday]
    months = {joined.replace(day=1) for joined, _ in members}
    if months != {date.fromisoformat(month) for month, _ in rows}:
        checker.say(
            f"{ADDRESS} has the months {[month for month, _ in rows]}, and there are {sorted(months)}"
        )
    for text, row in rows:
        month = date.fromisoformat(text)
        those = [one for one in members if one[0].replace(day=1) == month]
        size = _SIZE.search(row)
        shown = {0: int(size[1]) if size else None} | {
            int(weeks): int(back) for weeks, back in _BACK.findall(row)
        }
        for weeks, number in shown.items():
            checker.checked[f"{ADDRESS}, cohorts"] += 1
            expected = len(those) if weeks == 0 else _came_back(those, weeks, yesterday)
            if number is None or abs(number - expected) > MOST_OFF:
                checker.say(f"{ADDRESS}: {month}, {weeks} weeks: {number}, and is {expected}")
        end = (month.replace(day=28) + timedelta(days=7)).replace(day=1) - timedelta(days=1)
        early = [weeks for weeks in shown if weeks and end + timedelta(weeks=weeks) > yesterday]
        if early:
            checker.say(f"{ADDRESS} tells of {month} what is not over after {early} weeks")


def _came_back(members: list[tuple[date, list[date]]], weeks: int, until: date) -> int:
    return sum(
        any(joined < day <= min(until, joined + timedelta(weeks=weeks)) for day in days)
        for joined, days in members
    )
