"""Settings that the hub gives its nodes: those of a node's group, and its own before them; as a section of its snapshot.

Values are texts, by the names of that program's own table; the node knows what they mean, and tells why it cannot use one.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec

from hub.changing import changed
from hub.store.base import Store
from hub.store.fleet_records import Post, Team
from hub.wire.snapshot import section_body
from hub.wire.sync import SettingTold

PREFIXES: dict[str, tuple[str, ...]] = {"kiosk": ("KIOSK_",), "edge": ("EDGE_", "PORTAL_")}
"""Whose settings a node reads: those of each program that runs on it."""

LONGEST_NAME, LONGEST_VALUE, MOST_SETTINGS = 60, 500, 100
LONGEST_TEAM = 40

_NAME = re.compile(r"(KIOSK|EDGE|PORTAL)_[A-Z0-9_]{1,52}")
_SECRET = re.compile(r"_(PASSWORD|TOKEN|SECRET|KEY|PIN|CERT)(_|$)")


@dataclass(frozen=True, slots=True)
class BadSetting:
    """A setting that the hub does not give: its name as it was typed, and why."""

    name: str
    sentence: str


def setting_fault(name: str, value: str) -> str | None:
    """Why the hub does not send this to any node; None where it does. Whether it is of use, only the node knows."""
    if not _NAME.fullmatch(name):
        return "A name looks like KIOSK_IDLE_S, EDGE_ZONE or PORTAL_MINUTES."
    if _SECRET.search(name):
        return "Secrets are set on the machine itself."
    if len(value) > LONGEST_VALUE or not value.isprintable():
        return f"A value is one line of at most {LONGEST_VALUE} letters."
    return None


def read_lines(text: str) -> tuple[dict[str, str], list[BadSetting]]:
    """Settings as people type them: `NAME=value`, a line each; and every line that cannot be used."""
    found: dict[str, str] = {}
    bad: list[BadSetting] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        name, value = name.strip(), value.strip()
        fault = setting_fault(name, value) if equals else "A line looks like NAME=value."
        if fault is None and name in found:
            fault = "It stands here twice."
        if fault is None and len(found) >= MOST_SETTINGS:
            fault = f"At most {MOST_SETTINGS} settings stand here."
        if fault is None:
            found[name] = value
        else:
            bad.append(BadSetting(name[:LONGEST_NAME], fault))
    return found, bad


def wanted(program: str, post: Post, teams: Mapping[str, Team]) -> dict[str, str]:
    """What the hub gives a node of that program: its own settings before those of its group."""
    team = teams.get(post.team)
    whole = (team.settings if team is not None else {}) | post.settings
    return {name: value for name, value in whole.items() if name.startswith(PREFIXES.get(program, ()))}


class NodeSettings:
    """The section of each node, made once until something in the snapshot changes. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._version = -1
        self._posts: dict[str, Post] = {}
        self._teams: dict[str, Team] = {}

    def _look(self) -> None:
        version = self._store.shop.snapshot_version()
        if version != self._version:
            self._posts = self._store.fleet.posts()
            self._teams = {team.name: team for team in self._store.fleet.teams()}
            self._version = version

    def section(self, device: str, program: str) -> dict[str, bytes]:
        """The section by its name; none where nobody set anything."""
        with self._lock:
            self._look()
            post = self._posts.get(device)
            texts = wanted(program, post, self._teams) if post is not None else {}
        return {"settings": section_body(dict(sorted(texts.items())))} if texts else {}

    def retiring(self, device: str) -> bool:
        """Whether the node is to be withdrawn as soon as it has told everything."""
        with self._lock:
            self._look()
            post = self._posts.get(device)
        return post is not None and post.retiring_at is not None and post.retired_at is None


def change_settings(
    store: Store, device: str, changes: Mapping[str, str | None], now: float, who: str
) -> dict[str, str]:
    """Give a node settings of its own, or take them away (None); what is its own from then on."""
    with store.writing():
        post = store.fleet.post(device)
        after = _merged(post.settings, changes)
        _note(store, "device.configured", device, post.settings, after, now, who)
        store.fleet.put_post(replace(post, settings=after))
    return after


def change_team(store: Store, name: str, changes: Mapping[str, str | None], now: float, who: str) -> Team:
    """Give every node of a group settings, or take them away (None). A group that is not there is made."""
    with store.writing():
        team = store.fleet.team(name) or Team(name)
        after = Team(name, _merged(team.settings, changes))
        _note(store, "group.configured", name, team.settings, after.settings, now, who)
        store.fleet.put_team(after, now)
    return after


def move_to_team(store: Store, devices: Iterable[str], team: str, now: float, who: str) -> int:
    """Put nodes into a group, or out of any (""); how many changed."""
    count = 0
    with store.writing():
        for device in devices:
            post = store.fleet.post(device)
            if post.team != team and store.devices.get(device) is not None:
                store.fleet.put_post(replace(post, team=team))
                both = {"group": {"before": post.team, "after": team}}
                store.people.note(changed(now, who, "device.grouped", device, both))
                count += 1
    return count


def _merged(before: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    after = dict(before)
    for name, value in changes.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = value
    return after


def _note(
    store: Store,
    what: str,
    subject: str,
    before: Mapping[str, str],
    after: Mapping[str, str],
    now: float,
    who: str,
) -> None:
    both = {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
    if both:
        store.people.note(changed(now, who, what, subject, both))


@dataclass(frozen=True, slots=True)
class Line:
    """A setting of one node side by side: what the hub gives and from where, what the node told."""

    name: str
    told: SettingTold | None
    own: str | None
    of_team: str | None

    @property
    def given(self) -> str | None:
        """What the hub gives."""
        return self.own if self.own is not None else self.of_team

    @property
    def waits(self) -> bool:
        """The hub gives something that the node has not told to be in force, and no reason why not."""
        if self.given is None or (self.told is not None and self.told.fault):
            return False
        return self.told is None or self.told.source != "hub" or self.told.value != self.given


def lines_of(store: Store, device: str, program: str) -> list[Line]:
    """Every setting of a node that it told of or that the hub gives; those that the hub may give first."""
    told_row = store.fleet.told().get(device)
    told = msgspec.json.decode(told_row.settings or "[]", type=list[SettingTold]) if told_row else []
    by_name = {one.name: one for one in told}
    post = store.fleet.post(device)
    team = store.fleet.team(post.team) if post.team else None
    given = wanted(program, post, {team.name: team} if team else {})
    names = [*by_name, *(name for name in sorted(given) if name not in by_name)]
    lines = [
        Line(
            name,
            by_name.get(name),
            post.settings.get(name),
            team.settings.get(name) if team is not None else None,
        )
        for name in names
    ]
    return sorted(lines, key=lambda line: not (line.told is None or line.told.remote))
