"""What is told of a radio that is silent or was: what was tried, what to unplug, what helped, in the shop's words.

Pure: `edge.daemon` asks it every two seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.recovery import RECOVERED_TOLD_S, Recovered, Step, Tried, Verdict
from hub.client.warnings import Severity, Warning  # noqa: A004 - nothing here raises Python's warnings
from hub.wire.snapshot import Text

RADIO_WARNINGS = (
    Warning(
        "radio-missing",
        Severity.ERROR,
        {"en": "Bluetooth radio cannot be used", "zh": "蓝牙无线电无法使用"},
        {"en": "{detail} It is tried again by itself.", "zh": "{detail} 系统会自动重试。"},
        hidden_by=("not-running",),
    ),
    Warning(
        "radio-deaf",
        Severity.WARNING,
        {"en": "Bluetooth radio hears nothing", "zh": "蓝牙无线电收不到任何信号"},
        {"en": "{detail}", "zh": "{detail}"},
        visible_after_s=90,
        hidden_by=("radio-missing", "replay-ended", "not-running"),
    ),
    Warning(
        "radio-quiet",
        Severity.NOTE,
        {"en": "Nothing is heard; the adapter answers", "zh": "收不到信号，但适配器有回应"},
        {
            "en": "Perhaps nobody is near. If there are phones here, move the adapter away from metal and from USB 3 ports.",
            "zh": "可能附近没有人。如果这里有手机，请将适配器移离金属物体和 USB 3 接口。",
        },
        hidden_by=("radio-missing", "not-running"),
    ),
    Warning(
        "radio-sparse",
        Severity.WARNING,
        {
            "en": "Bluetooth may tell of each phone only once in ten seconds",
            "zh": "蓝牙可能每十秒才报告同一部手机一次",
        },
        {
            "en": "Visits then begin late. Let BlueZ tell of every packet: sudo python -m hardware ble allow-intervals",
            "zh": "到访会因此较晚才被记录。请让 BlueZ 报告每个数据包：sudo python -m hardware ble allow-intervals",
        },
        visible_after_s=30,
        hidden_by=("radio-missing", "not-running"),
    ),
    Warning(
        "radio-recovered",
        Severity.NOTE,
        {"en": "Bluetooth radio was away and is back", "zh": "蓝牙无线电曾中断，现已恢复"},
        {"en": "{detail}", "zh": "{detail}"},
        hidden_by=("not-running",),
    ),
)

_STEPS: dict[Step, Text] = {
    Step.SCAN: {"en": "the scan was begun anew", "zh": "重新开始扫描"},
    Step.POWER: {"en": "the adapter was switched off and on", "zh": "适配器断电重启"},
    Step.USB: {"en": "the USB port was reset", "zh": "重置 USB 端口"},
    Step.RELOAD: {"en": "the driver was reloaded", "zh": "重新加载驱动"},
}
_STEPS_NOT_DONE: dict[Step, Text] = {
    Step.SCAN: {"en": "the scan could not be begun", "zh": "无法重新扫描"},
    Step.POWER: {"en": "the adapter could not be switched off and on", "zh": "适配器无法断电重启"},
    Step.USB: {"en": "no USB port could be reset", "zh": "没有可重置的 USB 端口"},
    Step.RELOAD: {"en": "the driver could not be reloaded", "zh": "驱动无法重新加载"},
}
_WHY: dict[str, Text] = {
    "silent": {"en": "It heard nothing", "zh": "收不到信号"},
    "not_found": {"en": "The adapter was gone", "zh": "找不到适配器"},
    "switched_off": {"en": "The adapter was switched off", "zh": "适配器被关闭"},
    "no_service": {"en": "The Bluetooth service was not running", "zh": "蓝牙服务未运行"},
    "busy": {"en": "The adapter was busy", "zh": "适配器被占用"},
    "no_permission": {"en": "The adapter could not be used for want of rights", "zh": "没有使用适配器的权限"},
}
_FAILED: Text = {"en": "The adapter failed", "zh": "适配器出现故障"}
_NOTHING_TRIED: Text = {
    "en": "Nothing has been heard for some time.",
    "zh": "已有一段时间没有收到信号。",
}


def deaf(verdict: Verdict, tried: Sequence[Tried], kind: str, port: str) -> Text:
    """What was tried on a silent radio and what to do now. `kind` and `port`: where it sits (`hardware.ble.recovery.Place`)."""
    if not tried:
        return _NOTHING_TRIED
    steps = [(_STEPS if one.done else _STEPS_NOT_DONE)[one.step] for one in tried]
    said = {
        "en": f"Tried so far: {', '.join(step['en'] for step in steps)}.",
        "zh": f"已尝试：{'、'.join(step['zh'] for step in steps)}。",
    }
    todo = _unplug(kind, port) if verdict is Verdict.STUCK else _GOES_ON
    return {"en": f"{said['en']} {todo['en']}", "zh": f"{said['zh']}{todo['zh']}"}


_GOES_ON: Text = {"en": "It goes on by itself.", "zh": "系统正在自动恢复。"}


def _unplug(kind: str, port: str) -> Text:
    if kind == "usb":
        return {
            "en": f"Unplug the USB adapter in port {port}, wait ten seconds, plug it in.",
            "zh": f"请拔下 USB 端口 {port} 上的适配器，等十秒，再插上。",
        }
    if kind == "board":
        return {
            "en": "It is the machine's own radio: switch the machine off, wait ten seconds, switch it on.",
            "zh": "这是本机自带的无线电：请关闭本机电源，等十秒，再打开。",
        }
    return {
        "en": "Unplug the adapter, wait ten seconds, plug it in; or switch the machine off and on.",
        "zh": "请拔下适配器，等十秒，再插上；或关闭本机电源后重新打开。",
    }


def recovered(last: Recovered | None, now: float) -> Text | None:
    """What to tell of the last silence, for an hour after it; None when there is nothing to tell. `now` is the ladder's clock."""
    if last is None or now - last.at > RECOVERED_TOLD_S:
        return None
    why = _WHY.get(last.why, _FAILED)
    helped: Text = (
        _STEPS[last.step] if last.step is not None else {"en": "it came back by itself", "zh": "已自行恢复"}
    )
    long = _long(last.silent_s)
    return {
        "en": f"{why['en']} for {long['en']}. It hears again: {helped['en']}.",
        "zh": f"{why['zh']}，持续{long['zh']}。现已恢复：{helped['zh']}。",
    }


def _long(seconds: float) -> Text:
    if seconds < 90:
        return {"en": f"{round(seconds)} s", "zh": f"{round(seconds)} 秒"}
    if seconds < 5400:
        return {"en": f"{round(seconds / 60)} min", "zh": f"{round(seconds / 60)} 分钟"}
    return {"en": f"{seconds / 3600:.1f} h", "zh": f"{seconds / 3600:.1f} 小时"}
