"""Everything that can be wrong at the counter, on one list, in the shop's words.

Pure. `kiosk.app` gathers a `Condition`; the till, `/healthz`, `python -m kiosk check` and the `device.health` fact show what
`hub.client.warnings` makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.client import warnings
from hub.client.warnings import Holding, Severity, Shown, Warning  # noqa: A004 - nothing here raises Python's warnings
from hub.wire.events import ClockState

OLD_FACTS_S = 900.0
"""Reports in the office are read hourly: a quarter of an hour late is worth a word, less is not."""

OLD_SNAPSHOT_S = 3 * 86_400.0
"""A long weekend: after that, offers and withdrawn coupons may have changed without this till."""

DISK_LOW_BYTES = 200 * 2**20
DISK_FULL_BYTES = 20 * 2**20
"""A day's journal is under 1 MB; below this the write-ahead log itself may not fit. `hub.client.db.LEAST_ROOM_BYTES` is the
same: where this says so, nothing is sold."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How the kiosk stands now. Times are seconds of UTC, None where there is none.

    `disk_trouble`: what the last write failed with (`hub.client.trouble.Trouble`), "" where it went well.
    """

    now: float
    enrolled: bool = True
    cut_off_since: float | None = None
    refused_because: str = ""
    refused_since: float | None = None
    pending: int = 0
    parked: int = 0
    oldest_pending_at: float | None = None
    clock: ClockState = "ntp"
    snapshot_made_at: float | None = None
    staff: int = 1
    disk_free_bytes: int = 2**40
    disk_trouble: str = ""
    answering: bool = True

    @property
    def sells(self) -> bool:
        """Whether this till can keep what it does: else it shows what is there, and redeems and hands out nothing."""
        return self.disk_free_bytes >= DISK_FULL_BYTES and not self.disk_trouble


WARNINGS = (
    Warning(
        "not-enrolled",
        Severity.ERROR,
        {"en": "This kiosk belongs to no shop yet", "zh": "这台设备尚未加入店铺"},
        {
            "en": "Make a pairing code at the hub and run: python -m kiosk enrol CODE --hub ADDRESS",
            "zh": "请在店内主机上生成配对码，然后运行：python -m kiosk enrol 配对码 --hub 地址",
        },
    ),
    Warning(
        "not-serving",
        Severity.ERROR,
        {"en": "The kiosk is not running", "zh": "收银程序没有运行"},
        {"en": "Start it: python -m kiosk serve", "zh": "请启动：python -m kiosk serve"},
        hidden_by=("not-enrolled",),
    ),
    Warning(
        "disk-full",
        Severity.ERROR,
        {"en": "The disk is full", "zh": "磁盘已满"},
        {
            "en": "Nothing can be redeemed until there is room. Free some space on this machine.",
            "zh": "腾出空间之前无法核销，请清理本机磁盘。",
        },
    ),
    Warning(
        "disk-failing",
        Severity.ERROR,
        {"en": "The disk does not take records", "zh": "磁盘无法写入"},
        {
            "en": "Nothing can be redeemed until it does. Restart this machine; if that does not help, replace its disk or card.",
            "zh": "恢复之前无法核销。请重启本机；如仍无效，请更换磁盘或存储卡。",
        },
        hidden_by=("disk-full",),
    ),
    Warning(
        "hub-refuses",
        Severity.ERROR,
        {"en": "The hub refuses this till", "zh": "店内主机拒绝了本收银台"},
        {
            "en": "It may have been withdrawn. Ask whoever looks after the hub, and enrol it again.",
            "zh": "本机可能已被停用，请联系店内主机管理员并重新配对。",
        },
    ),
    Warning(
        "hub-silent",
        Severity.WARNING,
        {"en": "Cut off from the shop's hub", "zh": "与店内主机断开"},
        {
            "en": "Coupons are taken on this till's own account where the offer allows it. "
            "Check the hub's power and the network cable.",
            "zh": "在优惠允许的范围内由本收银台自行核销。请检查店内主机电源和网线。",
        },
        hidden_by=("not-enrolled",),
    ),
    Warning(
        "no-snapshot",
        Severity.ERROR,
        {"en": "The hub has not told this till anything yet", "zh": "本收银台还没有收到店内主机的资料"},
        {
            "en": "Without it there are no offers, no staff and no keys. Connect this till to the hub once.",
            "zh": "没有资料就没有优惠、员工和密钥。请让本机连接一次店内主机。",
        },
        visible_after_s=15,
        hidden_by=("not-enrolled",),
    ),
    Warning(
        "old-snapshot",
        Severity.WARNING,
        {"en": "What this till knows of the offers is old", "zh": "本收银台的优惠资料已过时"},
        {
            "en": "It has not heard from the hub for days. Offers may have changed.",
            "zh": "已有数日未收到店内主机的资料，优惠可能有变。",
        },
    ),
    Warning(
        "no-staff",
        Severity.WARNING,
        {"en": "Nobody can sign in at the till", "zh": "收银台无人可以登录"},
        {"en": "Add staff with a PIN on the manager's pages.", "zh": "请在管理页面添加员工并设置 PIN 码。"},
        hidden_by=("no-snapshot", "not-enrolled"),
    ),
    Warning(
        "clock-unset",
        Severity.ERROR,
        {"en": "This till does not know the time", "zh": "本收银台不知道现在的时间"},
        {
            "en": "While cut off it cannot tell whether a coupon has expired. Connect it to the hub.",
            "zh": "断线时无法判断优惠券是否过期，请连接店内主机。",
        },
        visible_after_s=15,
    ),
    Warning(
        "facts-wait",
        Severity.WARNING,
        {"en": "The hub has not taken this till's records", "zh": "店内主机尚未收到本收银台的记录"},
        {
            "en": "Nothing is lost; reports will be late. If it lasts, look at the hub.",
            "zh": "记录不会丢失，但报表会延迟。若持续如此，请检查店内主机。",
        },
        hidden_by=("hub-silent",),
    ),
    Warning(
        "facts-parked",
        Severity.WARNING,
        {"en": "The hub could not read some records", "zh": "店内主机无法读取部分记录"},
        {
            "en": "They are kept here. The hub may be older than this till: update it.",
            "zh": "记录仍保存在本机。店内主机版本可能较旧，请更新。",
        },
    ),
    Warning(
        "disk-low",
        Severity.WARNING,
        {"en": "The disk is nearly full", "zh": "磁盘空间即将用完"},
        {"en": "Free some space on this machine.", "zh": "请清理本机磁盘。"},
        hidden_by=("disk-full",),
    ),
)


def holding(c: Condition) -> list[Holding]:
    """Which of the warnings hold in this condition."""
    wrong = {
        "not-enrolled": not c.enrolled,
        "not-serving": not c.answering,
        "disk-full": c.disk_free_bytes < DISK_FULL_BYTES or c.disk_trouble == "full",
        "disk-failing": bool(c.disk_trouble),
        "hub-refuses": bool(c.refused_because),
        "hub-silent": c.cut_off_since is not None,
        "no-snapshot": c.snapshot_made_at is None,
        "old-snapshot": c.cut_off_since is not None and _age(c, c.snapshot_made_at) > OLD_SNAPSHOT_S,
        "no-staff": c.staff == 0,
        "clock-unset": c.clock == "unset",
        "facts-wait": c.pending > 0 and _age(c, c.oldest_pending_at) > OLD_FACTS_S,
        "facts-parked": c.parked > 0,
        "disk-low": c.disk_free_bytes < DISK_LOW_BYTES,
    }
    since = {"hub-silent": c.cut_off_since, "hub-refuses": c.refused_since}
    return [Holding(code, since=since.get(code)) for code, holds in wrong.items() if holds]


def _age(condition: Condition, at: float | None) -> float:
    return 0.0 if at is None else condition.now - at


def report(name: str, condition: Condition, shown: list[Shown]) -> dict[str, Any]:
    """How the kiosk is, for `/healthz` and for `check --json`."""
    return {
        **warnings.report("kiosk", shown),
        "name": name,
        "cut_off_since": condition.cut_off_since,
        "pending": condition.pending,
        "parked": condition.parked,
        "oldest_pending_at": condition.oldest_pending_at,
        "clock": condition.clock,
        "snapshot_made_at": condition.snapshot_made_at,
    }
