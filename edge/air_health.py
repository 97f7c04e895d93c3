"""What is told of this door's own beacons: what is not on the air and why, what was made of the wishes, what happened meanwhile.

Pure: `edge.daemon` asks it every two seconds, the installer's pages whenever they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from edge.advertise import Unsaid
from hardware.ble.advertising import KERNEL_INTERVAL_MS, LEGACY_INTERVALS_MS
from hardware.ble.broadcast import Because, Cause, OnAir, Outage
from hub.client.warnings import Severity, Warning  # noqa: A004 - nothing here raises Python's warnings
from hub.wire.snapshot import Text

RECOVERED_TOLD_S = 3600.0
"""For so long is told what happened, as with a radio that was silent: whoever comes at the next full hour still reads it."""

ALLOW = "python -m hardware ble allow-intervals"

AIR_WARNINGS = (
    Warning(
        "air-silent",
        Severity.WARNING,
        {"en": "The shop's beacons are not all on the air", "zh": "店铺的蓝牙信标未全部发送"},
        {"en": "{detail}", "zh": "{detail}"},
        # A restart of the Bluetooth service takes some seconds and needs nobody.
        visible_after_s=30,
        hidden_by=("not-running",),
    ),
    Warning(
        "air-interval",
        Severity.NOTE,
        {"en": "Beacons are sent at another pace than asked", "zh": "信标的发送间隔与设定不同"},
        {"en": "{detail}", "zh": "{detail}"},
        hidden_by=("not-running",),
    ),
    Warning(
        "air-recovered",
        Severity.NOTE,
        {"en": "The shop's beacons were off the air and are back", "zh": "店铺的蓝牙信标曾中断，现已恢复"},
        {"en": "{detail}", "zh": "{detail}"},
        hidden_by=("not-running",),
    ),
)

NAMES: dict[str, str] = {
    "ibeacon": "iBeacon",
    "altbeacon": "AltBeacon",
    "eddystone-uid": "Eddystone UID",
    "eddystone-url": "Eddystone URL",
    "eddystone-tlm": "Eddystone TLM",
    "eddystone-eid": "Eddystone EID",
}

_CAUSES: dict[Cause, Text] = {
    Cause.SERVICE: {"en": "The Bluetooth service was stopped or restarted", "zh": "蓝牙服务曾停止或重启"},
    Cause.ADAPTER: {"en": "The Bluetooth adapter was gone", "zh": "蓝牙适配器曾被拔出"},
    Cause.POWER: {"en": "The Bluetooth adapter was switched off", "zh": "蓝牙适配器曾被关闭"},
    Cause.RELEASED: {"en": "The Bluetooth service let go of them", "zh": "蓝牙服务曾撤下信标"},
}

_SHORT: dict[Because, Callable[[OnAir], Text]] = {
    "turns": lambda one: {
        "en": f"It takes turns with others; on average it is sent every {one.interval_ms} ms.",
        "zh": f"与其他信标轮流发送，平均每 {one.interval_ms} 毫秒一次。",
    },
    "own-pace": lambda _: {
        "en": "This adapter sends every {} to {} ms, whatever is asked.".format(*LEGACY_INTERVALS_MS),
        "zh": "此适配器固定每 {} 至 {} 毫秒发送一次，无法更改。".format(*LEGACY_INTERVALS_MS),
    },
    "no-intervals": lambda _: {
        "en": f"BlueZ does not pass the interval on, so the kernel's own holds ({KERNEL_INTERVAL_MS} ms). Allow it: {ALLOW}",
        "zh": f"BlueZ 不采用设定的间隔，以内核默认值（{KERNEL_INTERVAL_MS} 毫秒）发送。如需允许，请运行：{ALLOW}",
    },
    "other-interval": lambda one: {
        "en": f"It is sent every {one.interval_ms} ms, not every {one.asked_interval_ms} ms.",
        "zh": f"实际每 {one.interval_ms} 毫秒发送一次，而非设定的 {one.asked_interval_ms} 毫秒。",
    },
    "other-power": lambda one: {
        "en": f"The adapter sends at {one.power_dbm} dBm, not at {one.asked_power_dbm} dBm.",
        "zh": f"适配器以 {one.power_dbm} dBm 发送，而非设定的 {one.asked_power_dbm} dBm。",
    },
    "power-untold": lambda _: {
        "en": "The adapter does not tell at which power it sends.",
        "zh": "适配器不告知发送功率。",
    },
    "power-fixed": lambda _: {
        "en": "The power of this adapter cannot be set.",
        "zh": "此适配器的发送功率无法设定。",
    },
    "refused": lambda one: {"en": one.why, "zh": f"此信标被拒绝：{one.why}"},
    "device": lambda one: {"en": one.why, "zh": one.why},
    "full": lambda _: {
        "en": "Other programs use every place that this adapter has for beacons.",
        "zh": "此适配器的信标位置已被其他程序占满。",
    },
    "asking": lambda _: {"en": "The adapter is being asked.", "zh": "正在询问适配器。"},
    "soon": lambda _: {"en": "It will be on the air in a moment.", "zh": "即将开始发送。"},
}


_PACES: tuple[Because, ...] = ("no-intervals", "own-pace", "other-interval")


def why(one: OnAir) -> Text:
    """Everything that differs from what was asked, in every language; no text where nothing does."""
    said = [_SHORT[because](one) for because in one.because]
    if not said:
        return {}
    return {"en": " ".join(text["en"] for text in said), "zh": "".join(text["zh"] for text in said)}


def silent(on_air: Iterable[OnAir], unsaid: Iterable[Unsaid], trouble: str = "") -> Text | None:
    """What is not on the air and why; None where all is. `trouble`: why no adapter could be opened at all."""
    reasons: dict[str, tuple[Text, list[str]]] = {}
    for one in on_air:
        if one.state in ("waiting", "refused"):
            text = why(one)
            reasons.setdefault(text["en"], (text, []))[1].append(NAMES[one.type])
    for missing in unsaid:
        reasons.setdefault(missing.why["en"], (missing.why, []))[1].append(NAMES[missing.type])
    if trouble and not reasons:
        return {"en": trouble, "zh": trouble}
    if not reasons:
        return None
    said = [(text, list(dict.fromkeys(names))) for text, names in reasons.values()]
    return {
        "en": " ".join(f"{', '.join(names)}: {text['en']}" for text, names in said),
        "zh": "".join(f"{'、'.join(names)}：{text['zh']}" for text, names in said),
    }


def own_pace(on_air: Iterable[OnAir]) -> Text | None:
    """What to tell of intervals that are not those that were asked for; None where they are."""
    for because in _PACES:
        for one in on_air:
            if because in one.because:
                return _SHORT[because](one)
    return None


def recovered(outages: Sequence[Outage], now: float) -> Text | None:
    """What happened in the last hour and is over, each once; None where nothing did, or lasts. `now`: seconds since 1970."""
    if not outages or outages[-1].ended_at is None:
        return None
    last: dict[Cause, Outage] = {}
    count: dict[Cause, int] = {}
    for one in outages:
        if one.ended_at is not None and now - one.ended_at <= RECOVERED_TOLD_S:
            last[one.cause] = one
            count[one.cause] = count.get(one.cause, 0) + 1
    if not last:
        return None
    said = [_outage(one, count[cause]) for cause, one in last.items()]
    return {"en": " ".join(text["en"] for text in said), "zh": "".join(text["zh"] for text in said)}


def _outage(one: Outage, times: int) -> Text:
    length_s = max(round((one.ended_at or one.began_at) - one.began_at), 1)
    cause = _CAUSES[one.cause]
    if times > 1:
        return {
            "en": f"{cause['en']} {times} times in the last hour, last for {length_s} s.",
            "zh": f"{cause['zh']}：最近一小时内 {times} 次，最近一次持续 {length_s} 秒。",
        }
    return {
        "en": f"{cause['en']}; the beacons were away for {length_s} s.",
        "zh": f"{cause['zh']}，信标中断 {length_s} 秒。",
    }
