"""What can be wrong with the counter's devices, in the shop's words.

Pure. `kiosk.devices` and `kiosk.jobs` say which of them hold; the counter shows them with its own.
"""

from __future__ import annotations

from hub.client.warnings import Severity, Warning  # noqa: A004 - nothing here raises Python's warnings
from hub.wire.snapshot import Text


def _warning(
    code: str, severity: Severity, what: tuple[str, str], todo: tuple[str, str], *, after_s: float = 0.0
) -> Warning:
    """What is wrong and what to do, each in English and in Chinese."""
    return Warning(code, severity, {"en": what[0], "zh": what[1]}, {"en": todo[0], "zh": todo[1]}, after_s)


DEVICE_WARNINGS = (
    _warning(
        "scanner-lost",
        Severity.WARNING,
        ("The scanner does not answer", "扫码枪没有响应"),
        (
            "{detail} Until then type the code, or take a picture of it.",
            "{detail}在此之前请手动输入券码，或拍下二维码。",
        ),
        after_s=1.0,
    ),
    _warning(
        "scanner-odd",
        Severity.NOTE,
        ("The scanner sent something that cannot be read", "扫码枪发来的内容无法识别"),
        ("{detail}", "{detail}"),
    ),
    _warning(
        "scans-dropped",
        Severity.WARNING,
        ("Codes were scanned faster than they can be looked at", "扫码太快，来不及处理"),
        ("Wait for the answer to one before scanning the next.", "请等上一张券有结果后再扫下一张。"),
    ),
    _warning(
        "camera-lost",
        Severity.WARNING,
        ("The camera does not answer", "摄像头没有响应"),
        ("{detail}", "{detail}"),
        after_s=1.0,
    ),
    _warning(
        "light-lost",
        Severity.NOTE,
        ("The status light cannot be set", "状态灯无法控制"),
        ("{detail} The screen tells the same.", "{detail}请以屏幕显示为准。"),
    ),
    _warning(
        "printer-paper-out",
        Severity.WARNING,
        ("The printer has no paper", "打印机缺纸"),
        (
            "Put in a new roll. What waits is printed by itself; nothing is lost.",
            "请装入新纸卷，未打印的小票会自动补打，不会丢失。",
        ),
    ),
    _warning(
        "printer-near-end",
        Severity.NOTE,
        ("The printer's paper is nearly used up", "打印纸即将用完"),
        ("Keep a new roll at hand.", "请备好新纸卷。"),
    ),
    _warning(
        "printer-cover-open",
        Severity.WARNING,
        ("The printer's cover is open", "打印机上盖打开"),
        ("Close it. What waits is printed by itself.", "请合上上盖，未打印的小票会自动补打。"),
    ),
    _warning(
        "printer-off-line",
        Severity.WARNING,
        ("The printer is off-line", "打印机脱机"),
        ("Press its feed or on-line button.", "请按打印机的走纸键或联机键。"),
    ),
    _warning(
        "printer-broken",
        Severity.WARNING,
        ("The printer reports an error", "打印机报告故障"),
        (
            "Switch it off, clear the paper path and the cutter, switch it on.",
            "请关机，清理纸道和切刀后重新开机。",
        ),
    ),
    _warning(
        "printer-lost",
        Severity.WARNING,
        ("The printer does not answer", "打印机没有响应"),
        (
            "{detail} Coupons are redeemed without a receipt until then.",
            "{detail}在此之前核销照常，但没有小票。",
        ),
    ),
    _warning(
        "printer-no-font",
        Severity.WARNING,
        ("A receipt cannot be printed: a font is missing", "缺少字体，小票无法打印"),
        (
            "Chinese needs one: sudo apt install fonts-wqy-microhei",
            "请安装中文字体：sudo apt install fonts-wqy-microhei",
        ),
    ),
    _warning(
        "receipts-wait",
        Severity.NOTE,
        ("{detail} wait for the printer", "{detail}等待打印"),
        ("They are printed by themselves when the printer is ready.", "打印机就绪后会自动打印。"),
        after_s=10.0,
    ),
)

PRINTER_CODES = {
    "paper-out": "printer-paper-out",
    "cover-open": "printer-cover-open",
    "off-line": "printer-off-line",
    "broken": "printer-broken",
    "no-font": "printer-no-font",
}
"""A printer's trouble to its warning; every other is `printer-lost` with a detail."""

LOST: dict[str, Text] = {
    "not_found": {"en": "Check its cable and its power.", "zh": "请检查连接线和电源。"},
    "busy": {"en": "Another program holds it.", "zh": "设备被其他程序占用。"},
    "no_permission": {
        "en": "This program may not use it. Ask the installer for the rules for devices.",
        "zh": "本程序没有使用权限，请联系安装人员。",
    },
    "bad_name": {
        "en": "The settings name something that is no such device.",
        "zh": "设置中的设备名称不正确。",
    },
    "no_service": {
        "en": "A library is missing: .venv/bin/pip install gpiozero lgpio.",
        "zh": "缺少程序库：.venv/bin/pip install gpiozero lgpio。",
    },
    "broken": {"en": "Pull it out and plug it in again.", "zh": "请拔下后重新插上。"},
    "lost": {"en": "Check its cable and its power.", "zh": "请检查连接线和电源。"},
    "silent": {"en": "Switch it off and on.", "zh": "请关机后重新开机。"},
    "closed": {"en": "The kiosk is stopping.", "zh": "程序正在停止。"},
    "no-permission": {
        "en": "This program may not use it. Ask the installer for the rules for devices.",
        "zh": "本程序没有使用权限，请联系安装人员。",
    },
}
"""Why a device is not to be had, for staff."""

ODD: dict[str, Text] = {
    "too-long": {
        "en": "That code holds far too much for a coupon. Scan the coupon's own code.",
        "zh": "内容太长，不是优惠券，请扫优惠券上的二维码。",
    },
    "unfinished": {
        "en": "A text had no end. Scan again; if it happens each time, the scanner needs its set-up codes.",
        "zh": "内容不完整，请重新扫码；若每次如此，请用设置码重设扫码枪。",
    },
    "garbled": {
        "en": "It makes no sense. If it happens each time, the scanner needs its set-up codes.",
        "zh": "内容混乱；若每次如此，请用设置码重设扫码枪。",
    },
}
"""What came from a scanner that was no text, for staff."""


def receipts_waiting(count: int) -> Text:
    """How many receipts wait."""
    return {"en": "1 receipt" if count == 1 else f"{count} receipts", "zh": f"{count} 张小票"}
