"""Everything that can be wrong at the counter, on one list, in the shop's words.

Pure. `kiosk.app` gathers a `Condition`; the till, `/healthz`, `python -m kiosk check` and the `device.health` fact show what
`Watch.look` makes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.wire.events import ClockState
from hub.wire.snapshot import Text, say

Severity = Literal["warning", "error"]

OLD_FACTS_S = 900.0
"""Reports in the office are read hourly: a quarter of an hour late is worth a word, less is not."""

OLD_SNAPSHOT_S = 3 * 86_400.0
"""A long weekend: after that, offers and withdrawn coupons may have changed without this till."""

DISK_LOW_BYTES = 200 * 2**20
DISK_FULL_BYTES = 20 * 2**20
"""A day's journal is under 1 MB; below this the write-ahead log itself may not fit."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the kiosk stands now. Times are seconds of UTC, None where there is none."""

    now: float
    enrolled: bool = True
    cut_off_since: float | None = None
    refused_because: str = ""
    pending: int = 0
    parked: int = 0
    oldest_pending_at: float | None = None
    clock: ClockState = "ntp"
    snapshot_made_at: float | None = None
    staff: int = 1
    disk_free_bytes: int = 2**40
    answering: bool = True


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 - the word of the trade, and nobody here needs the builtin
    """One thing that can be wrong: what, what to do, when it is so, how long before it is told, what hides it."""

    code: str
    severity: Severity
    what: Text
    todo: Text
    holds: Callable[[Condition], bool]
    visible_after_s: float = 0.0
    hidden_by: tuple[str, ...] = ()


def _age(condition: Condition, at: float | None) -> float:
    return 0.0 if at is None else condition.now - at


WARNINGS = (
    Warning(
        "not-enrolled",
        "error",
        {"en": "This kiosk belongs to no shop yet", "zh": "这台设备尚未加入店铺"},
        {
            "en": "Make a pairing code at the hub and run: python -m kiosk enrol CODE --hub ADDRESS",
            "zh": "请在主机上生成配对码，然后运行：python -m kiosk enrol 配对码 --hub 地址",
        },
        lambda c: not c.enrolled,
    ),
    Warning(
        "not-serving",
        "error",
        {"en": "The kiosk is not running", "zh": "收银程序没有运行"},
        {"en": "Start it: python -m kiosk serve", "zh": "请启动：python -m kiosk serve"},
        lambda c: not c.answering,
        hidden_by=("not-enrolled",),
    ),
    Warning(
        "disk-full",
        "error",
        {"en": "The disk is full", "zh": "磁盘已满"},
        {
            "en": "Nothing can be redeemed until there is room. Free some space on this machine.",
            "zh": "腾出空间之前无法核销，请清理本机磁盘。",
        },
        lambda c: c.disk_free_bytes < DISK_FULL_BYTES,
    ),
    Warning(
        "hub-refuses",
        "error",
        {"en": "The hub refuses this till", "zh": "店内主机拒绝了本收银台"},
        {
            "en": "It may have been withdrawn. Ask whoever looks after the hub, and enrol it again.",
            "zh": "本机可能已被停用，请联系主机管理员并重新配对。",
        },
        lambda c: bool(c.refused_because),
        visible_after_s=10,
    ),
    Warning(
        "hub-silent",
        "warning",
        {"en": "Cut off from the shop's hub", "zh": "与店内主机断开"},
        {
            "en": "Coupons are taken on this till's own account where the offer allows it. "
            "Check the hub's power and the network cable.",
            "zh": "在优惠允许的范围内由本收银台自行核销。请检查主机电源和网线。",
        },
        lambda c: c.cut_off_since is not None,
        hidden_by=("not-enrolled",),
    ),
    Warning(
        "no-snapshot",
        "error",
        {"en": "The hub has not told this till anything yet", "zh": "本收银台还没有收到主机的资料"},
        {
            "en": "Without it there are no offers, no staff and no keys. Connect this till to the hub once.",
            "zh": "没有资料就没有优惠、员工和密钥。请让本机连接一次主机。",
        },
        lambda c: c.snapshot_made_at is None,
        visible_after_s=15,
        hidden_by=("not-enrolled",),
    ),
    Warning(
        "old-snapshot",
        "warning",
        {"en": "What this till knows of the offers is old", "zh": "本收银台的优惠资料已过时"},
        {
            "en": "It has not heard from the hub for days. Offers may have changed.",
            "zh": "已有数日未收到主机的资料，优惠可能有变。",
        },
        lambda c: c.cut_off_since is not None and _age(c, c.snapshot_made_at) > OLD_SNAPSHOT_S,
    ),
    Warning(
        "no-staff",
        "warning",
        {"en": "Nobody can sign in at the till", "zh": "收银台无人可以登录"},
        {"en": "Add staff with a PIN on the manager's pages.", "zh": "请在管理页面添加员工并设置 PIN 码。"},
        lambda c: c.staff == 0,
        hidden_by=("no-snapshot", "not-enrolled"),
    ),
    Warning(
        "clock-unset",
        "error",
        {"en": "This till does not know the time", "zh": "本收银台不知道现在的时间"},
        {
            "en": "While cut off it cannot tell whether a coupon has expired. Connect it to the hub.",
            "zh": "断线时无法判断优惠券是否过期，请连接主机。",
        },
        lambda c: c.clock == "unset",
        visible_after_s=15,
    ),
    Warning(
        "facts-wait",
        "warning",
        {"en": "The hub has not taken this till's records", "zh": "主机尚未收到本收银台的记录"},
        {
            "en": "Nothing is lost; reports will be late. If it lasts, look at the hub.",
            "zh": "记录不会丢失，但报表会延迟。若持续如此，请检查主机。",
        },
        lambda c: c.pending > 0 and _age(c, c.oldest_pending_at) > OLD_FACTS_S,
        hidden_by=("hub-silent",),
    ),
    Warning(
        "facts-parked",
        "warning",
        {"en": "The hub could not read some records", "zh": "主机无法读取部分记录"},
        {
            "en": "They are kept here. The hub may be older than this till: update it.",
            "zh": "记录仍保存在本机。主机版本可能较旧，请更新。",
        },
        lambda c: c.parked > 0,
    ),
    Warning(
        "disk-low",
        "warning",
        {"en": "The disk is nearly full", "zh": "磁盘空间即将用完"},
        {"en": "Free some space on this machine.", "zh": "请清理本机磁盘。"},
        lambda c: c.disk_free_bytes < DISK_LOW_BYTES,
        hidden_by=("disk-full",),
    ),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A warning that is told now, and since when it holds (seconds of UTC)."""

    warning: Warning
    since: float

    def what(self, language: str) -> str:
        """What is wrong."""
        return say(self.warning.what, language)

    def todo(self, language: str) -> str:
        """What to do about it."""
        return say(self.warning.todo, language)


@dataclass(slots=True)
class Watch:
    """Remembers since when each warning holds. `at_once` for a single look, such as a check from the shell."""

    at_once: bool = False
    _since: dict[str, float] = field(default_factory=dict)

    def look(self, condition: Condition) -> list[Shown]:
        """What to tell now, worst first."""
        holding = {warning.code: warning for warning in WARNINGS if warning.holds(condition)}
        self._since = {code: min(self._since.get(code, condition.now), condition.now) for code in holding}
        shown = [
            Shown(warning, self._since[code])
            for code, warning in holding.items()
            if not any(other in holding for other in warning.hidden_by)
            and (self.at_once or condition.now - self._since[code] >= warning.visible_after_s)
        ]
        return sorted(shown, key=lambda one: one.warning.severity != "error")


def exit_status(shown: list[Shown]) -> int:
    """0: all is well, 1: warnings, 2: errors."""
    severities = {one.warning.severity for one in shown}
    return 2 if "error" in severities else 1 if severities else 0


def report(name: str, condition: Condition, shown: list[Shown]) -> dict[str, Any]:
    """How the kiosk is, for `/healthz` and for `check --json`."""
    return {
        "program": "kiosk",
        "name": name,
        "status": ("ok", "warning", "error")[exit_status(shown)],
        "warnings": [
            {
                "code": one.warning.code,
                "severity": one.warning.severity,
                "since": one.since,
                "what": one.warning.what,
                "todo": one.warning.todo,
            }
            for one in shown
        ],
        "cut_off_since": condition.cut_off_since,
        "pending": condition.pending,
        "parked": condition.parked,
        "oldest_pending_at": condition.oldest_pending_at,
        "clock": condition.clock,
        "snapshot_made_at": condition.snapshot_made_at,
    }
