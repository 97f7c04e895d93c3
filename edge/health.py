"""Everything that can be wrong at the door, on one list, in the shop's words; and the small file in which it is told.

The same list feeds `python -m edge check`, the status file (which the portal and the terminal view read) and `device.health`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from edge.air_health import AIR_WARNINGS
from edge.radio_health import RADIO_WARNINGS
from hardware.ble.broadcast import OnAir
from hub.client.warnings import Severity, Shown, Warning  # noqa: A004 - nothing here raises Python's warnings
from hub.wire.snapshot import Text

STATUS_FILE = "status.json"
STATUS_EVERY_S = 2.0
"""More often wears the card without anybody seeing it."""

STATUS_FRESH_S = 15.0
"""A status older than this was left behind by a process that is gone."""

WARNINGS = (
    Warning(
        "not-enrolled",
        Severity.ERROR,
        {"en": "Not joined to a shop", "zh": "尚未加入店铺"},
        {
            "en": "Make a pairing code on the hub's page and run: python -m edge enrol CODE --hub URL",
            "zh": "请在店内主机页面生成配对码，然后运行：python -m edge enrol 配对码 --hub 网址",
        },
    ),
    Warning(
        "not-running",
        Severity.ERROR,
        {"en": "The door is not running", "zh": "门口程序未运行"},
        {"en": "Start it: python -m edge run", "zh": "请启动：python -m edge run"},
        hidden_by=("not-enrolled",),
    ),
    *RADIO_WARNINGS,
    *AIR_WARNINGS,
    Warning(
        "replay-ended",
        Severity.NOTE,
        {"en": "The recording is over", "zh": "回放已结束"},
        {
            "en": "Nothing new will be heard until the door is started again.",
            "zh": "重新启动之前不会有新的数据。",
        },
    ),
    Warning(
        "too-much-heard",
        Severity.WARNING,
        {"en": "More is heard than can be followed", "zh": "信号过多，来不及处理"},
        {
            "en": "Some packets were lost in the last minute. Visits may be short; check what else runs on this machine.",
            "zh": "最近一分钟丢失了部分数据，到访时长可能偏短；请检查本机是否运行了其他程序。",
        },
    ),
    Warning(
        "disk",
        Severity.ERROR,
        {"en": "The disk does not take anything", "zh": "磁盘无法写入"},
        {
            "en": "{detail} Visits are kept in memory until it does. Free some space or replace the card.",
            "zh": "{detail} 到访记录暂存在内存中。请清理空间或更换存储卡。",
        },
    ),
    Warning(
        "hub-silent",
        Severity.WARNING,
        {"en": "Hub not answering", "zh": "店内主机没有回应"},
        {
            "en": "{detail} Counting goes on; reports will be late.",
            "zh": "{detail} 计数照常进行，报表会稍晚更新。",
        },
        visible_after_s=60,
        hidden_by=("not-running",),
    ),
    Warning(
        "main-door-silent",
        Severity.WARNING,
        {"en": "The main door does not count for this one", "zh": "主门设备未替本机计数"},
        {
            "en": "{detail} Until it does this one counts by itself, and who is near both may count twice.",
            "zh": "{detail} 在此之前由本机自行计数，同时靠近两处的人可能被计两次。",
        },
        visible_after_s=30,
        hidden_by=("not-running",),
    ),
    Warning(
        "ear-silent",
        Severity.WARNING,
        {"en": "Nothing comes from the door at {subject}", "zh": "{subject} 处的门口设备没有消息"},
        {
            "en": "Is it running, and does its EDGE_HANDS_TO name this machine? {detail}",
            "zh": "请检查该设备是否在运行、其 EDGE_HANDS_TO 是否指向本机。{detail}",
        },
        visible_after_s=60,
        hidden_by=("not-running",),
    ),
    Warning(
        "facts-parked",
        Severity.WARNING,
        {"en": "The hub could not read some facts", "zh": "店内主机无法读取部分记录"},
        {
            "en": "They are kept here. The hub may be older than this program.",
            "zh": "记录仍保留在本机。店内主机的版本可能较旧。",
        },
    ),
    Warning(
        "calibration-unreadable",
        Severity.WARNING,
        {"en": "The calibration cannot be used", "zh": "校准文件无法使用"},
        {
            "en": "{detail} Until then the door goes by the usual figures.",
            "zh": "{detail}在此之前，门口程序采用通用数值。",
        },
        hidden_by=("not-running",),
    ),
    Warning(
        "clock-unset",
        Severity.WARNING,
        {"en": "This machine does not know the time", "zh": "本机时间未设置"},
        {
            "en": "It takes the hub's as soon as the hub answers.",
            "zh": "店内主机一有回应，就会采用主机的时间。",
        },
        visible_after_s=30,
    ),
)


def notice(radio: str, simulated: bool) -> Text:
    """The line for every screen while a simulator or a recording plays; empty with a real radio."""
    if not simulated:
        return {}
    recording = radio.removeprefix("Replay of ")
    if recording != radio:
        return {
            "en": f"Recording: the people at the door come from the file {recording}.",
            "zh": f"回放录制：门口的人来自文件 {recording}。",
        }
    return {
        "en": "Simulated street: no real radio is used here, the people at the door are made up.",
        "zh": "模拟街道：此处未使用真实无线电，门口的人均为模拟。",
    }


class RadioStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one radio: its number, its name, where it is, and how it is (`edge.recovery.Verdict`)."""

    receiver: int
    name: str
    description: str
    zone: str
    heard: int
    dropped: int
    verdict: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What the edge says of itself to others on the same machine. Times are seconds of UTC, memory is in megabytes."""

    program: str = "edge"
    pid: int
    at: float
    state: str
    zone: str
    radio: str
    radio_name: str
    simulated: bool
    notice: Text
    heard: int
    dropped: int
    followed: int
    visits_open: int
    visits_closed: int
    occupancy: dict[str, Any] | None
    warnings: tuple[Shown, ...]
    pending: int
    parked: int
    hub_reached: bool
    rss_mb: float
    radios: tuple[RadioStatus, ...] = ()
    on_air: tuple[OnAir, ...] = ()


def write_status(folder: Path, status: Status) -> None:
    """Replace the status file whole. Not synced to disk: it is only about now, and after a power cut it means nothing."""
    body = msgspec.json.encode(status)
    target = folder / STATUS_FILE
    draft = folder / f"{STATUS_FILE}.new"
    try:
        draft.write_bytes(body)
        draft.replace(target)
    except OSError:
        # A full disk is what people most need to be told of: the old file's own block can still be written over.
        draft.unlink(missing_ok=True)
        with target.open("r+b") as old:
            old.write(body)
            old.truncate()


def read_status(folder: Path, now: float) -> Status | None:
    """The status of a running edge; None where none is running or the file cannot be read."""
    try:
        status = msgspec.json.decode((folder / STATUS_FILE).read_bytes(), type=Status)
    except (OSError, msgspec.MsgspecError):
        return None
    fresh = abs(now - status.at) <= STATUS_FRESH_S and status.state != "stopped"
    return status if fresh and Path(f"/proc/{status.pid}").exists() else None


def rss_mb() -> float:
    """Memory of this process that is in use (proc(5), VmRSS)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
