"""Everything that can be wrong in the office, on one list, in the shop's words.

The manager's pages, `/healthz`, `python -m hub check` and `shopbell check` show what `look` finds. A cause hides what follows
from it: a disk that is full, a hub that was set back, a node that is silent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from hub.client.db import StorageError
from hub.client.warnings import Holding, Severity, Shown, Warning, show  # noqa: A004 - nothing here raises Python's warnings
from hub.config import Config
from hub.members.warnings import MEMBER_WARNINGS, find_key_trouble, find_member_trouble, find_no_address
from hub.messages.warnings import MESSAGE_WARNINGS, find_message_trouble
from hub.outside.warnings import OUTSIDE_WARNINGS, outside_troubles
from hub.pepper import PEPPER_FILE, hub_pepper, under_another
from hub.safety.standing import backup_troubles
from hub.safety.warnings import SAFETY_WARNINGS
from hub.setback import standing
from hub.store.base import Store
from hub.upstream.warnings import CHAIN_WARNINGS, look_at_chain

SILENT_AFTER_S = 180.0
"""A node asks every five seconds and waits at most a minute after a failure: three minutes are no hiccup."""

RECENT_S = 7 * 86_400.0
"""What happened longer ago is in the reports; a list of warnings is for this week."""

DISK_LOW_BYTES = 500 * 2**20
DISK_FULL_BYTES = 50 * 2**20
"""A busy shop's journal grows by some 10 MB a day; the write-ahead log and a backup need room beside it."""

_DAY_S = 86_400.0


WARNINGS = (
    Warning(
        "disk-full",
        Severity.ERROR,
        {"en": "The hub's disk is full", "zh": "店内主机磁盘已满"},
        {
            "en": "Nothing new can be kept until there is room. Free some space on this machine.",
            "zh": "腾出空间之前无法保存新内容，请清理本机磁盘。",
        },
    ),
    Warning(
        "disk-low",
        Severity.WARNING,
        {
            "en": "The hub's disk is nearly full: {detail} MB are left",
            "zh": "店内主机磁盘快满了：剩余 {detail} MB",
        },
        {"en": "Free some space on this machine soon.", "zh": "请尽快清理本机磁盘。"},
        hidden_by=("disk-full",),
    ),
    Warning(
        "storage",
        Severity.ERROR,
        {"en": "The hub cannot use its database", "zh": "店内主机无法使用数据库"},
        {"en": "{detail}", "zh": "{detail}"},
        hidden_by=("disk-full",),
    ),
    Warning(
        "device-silent",
        Severity.WARNING,
        {"en": "{subject} is silent", "zh": "{subject}没有消息"},
        {
            "en": "Check its power and its network. What it noticed meanwhile comes when it is back. If it is gone for good, "
            "withdraw it: what it holds of limited offers goes to the others then.",
            "zh": "请检查它的电源和网络。恢复后，期间的记录会自动补上。如已不再使用，请停用它："
            "它所持有的限量优惠名额会转给其他设备。",
        },
        alarm=True,
    ),
    Warning(
        "device-unseen",
        Severity.NOTE,
        {"en": "{subject} was paired and has not been heard of", "zh": "{subject}已配对，但还没有消息"},
        {"en": "Start it, or withdraw it if it is not used.", "zh": "请启动它；不用的话，请停用它。"},
    ),
    Warning(
        "device-troubled",
        Severity.WARNING,
        {"en": "{subject} says that something is wrong: {detail}", "zh": "{subject}报告有问题：{detail}"},
        {"en": "Its own page or check says what to do.", "zh": "请查看该设备自己的页面或自检结果。"},
        hidden_by=("device-silent",),
    ),
    Warning(
        "facts-parked",
        Severity.WARNING,
        {
            "en": "{detail} messages of {subject} could not be read",
            "zh": "{subject}有 {detail} 条消息无法读取",
        },
        {
            "en": "They are kept here and on the device. Bring both to the same release.",
            "zh": "消息已保存在店内主机和该设备上。请将两者升级到同一版本。",
        },
    ),
    Warning(
        "facts-broken",
        Severity.WARNING,
        {
            "en": "{detail} facts of {subject} are kept but not counted",
            "zh": "{subject}有 {detail} 条记录已保存但未计入",
        },
        {
            "en": "Their content is not as it should be. Bring the device to this release, then rebuild.",
            "zh": "内容不符合要求。请升级该设备，然后重建。",
        },
    ),
    Warning(
        "facts-missing",
        Severity.WARNING,
        {"en": "{detail} facts of {subject} have not arrived", "zh": "{subject}有 {detail} 条记录尚未到达"},
        {
            "en": "Later ones have. They may be parked on the device; its own page says.",
            "zh": "之后的记录已经到达。可能滞留在该设备上，请查看它的页面。",
        },
        hidden_by=("set-back", "device-silent"),
    ),
    Warning(
        "conflicts",
        Severity.WARNING,
        {"en": "{detail} coupons were accepted twice this week", "zh": "本周有 {detail} 张优惠券被重复核销"},
        {
            "en": "Tills were cut off from the hub. See the list of conflicts for what it cost.",
            "zh": "当时收银台与店内主机断开。损失金额请见冲突列表。",
        },
    ),
    Warning(
        "flagged",
        Severity.WARNING,
        {
            "en": "{detail} coupons were accepted this week that should not have been",
            "zh": "本周有 {detail} 张不该核销的优惠券被核销",
        },
        {
            "en": "Tills decided alone while they were cut off. The list of redemptions says why each one is marked.",
            "zh": "收银台断线时自行核销。核销列表中注明了原因。",
        },
    ),
    Warning(
        "set-back",
        Severity.WARNING,
        {
            "en": "The hub was set back to a backup, and {detail} devices have not told yet what happened since it was made",
            "zh": "店内主机已恢复到备份，还有 {detail} 台设备没有补报备份之后的记录",
        },
        {
            "en": "They tell by themselves once they are on. Withdraw the ones that are gone. What was changed in the office "
            "since the backup has to be done again.",
            "zh": "设备开机后会自动补报。已不再使用的设备请在“设备”页面停用。备份之后在后台所做的更改需要重新操作。",
        },
    ),
    Warning(
        "pins-pepper",
        Severity.ERROR,
        {
            "en": "{detail} of the staff cannot sign in: their PINs belong to another {subject} than the one that is here",
            "zh": "有 {detail} 名店员无法登录：他们的 PIN 与现有的 {subject} 文件不匹配",
        },
        {
            "en": "Put the file back from the backup, or give new PINs under Staff.",
            "zh": "请从备份恢复该文件，或在“店员”页面重新发放 PIN。",
        },
    ),
    Warning(
        "no-manager",
        Severity.NOTE,
        {"en": "Nobody manages this shop yet", "zh": "本店还没有管理员"},
        {
            "en": "Open /manage in a browser; python -m hub setup-code prints the code that it asks for.",
            "zh": "请在浏览器中打开 /manage；所需的代码由 python -m hub setup-code 显示。",
        },
    ),
    Warning(
        "no-backup",
        Severity.WARNING,
        {"en": "There is no backup of the last {detail} days", "zh": "最近 {detail} 天没有备份"},
        {
            "en": "Make one, and keep it on another machine: python -m hub backup FILE",
            "zh": "请备份并存放到另一台机器：python -m hub backup 文件",
        },
    ),
    *CHAIN_WARNINGS,
    *SAFETY_WARNINGS,
    *OUTSIDE_WARNINGS,
    *MESSAGE_WARNINGS,
    *MEMBER_WARNINGS,
)


def look(store: Store, config: Config, now: float) -> list[Shown]:
    """What is wrong now, the gravest first."""
    found = list(_disk(config))
    try:
        found += _devices(store, now)
        found += _facts(store, now)
        found += _office(store, config, now)
        found += look_at_chain(store, config.dir, now)
        found += backup_troubles(config, now)
        found += outside_troubles(store, now)
        found += find_message_trouble(store, now)
        found += find_member_trouble(store, now)
        found += find_key_trouble(store, config.dir)
        found += find_no_address(store, config.url, now)
    except StorageError as wrong:
        return show(WARNINGS, [*found, Holding("storage", str(wrong))])
    return show(WARNINGS, found)


def no_store(wrong: StorageError) -> list[Shown]:
    """What is told where the database cannot even be opened."""
    return show(WARNINGS, [Holding("storage", str(wrong))])


def _disk(config: Config) -> Iterator[Holding]:
    try:
        disk = os.statvfs(config.dir)
    except OSError:
        return
    free = disk.f_bavail * disk.f_frsize
    # A small disk is measured by itself: half of a tmpfs of 64 MB is not "nearly full".
    whole = disk.f_blocks * disk.f_frsize
    if free < min(DISK_FULL_BYTES, whole // 20):
        yield Holding("disk-full")
    elif free < min(DISK_LOW_BYTES, whole // 10):
        yield Holding("disk-low", f"{free // 2**20}")


def _devices(store: Store, now: float) -> Iterator[Holding]:
    for device in store.devices.all():
        if device.withdrawn_at is not None or device.program == "site":
            continue
        if device.seen_at is None:
            if now - device.enrolled_at > SILENT_AFTER_S:
                yield Holding("device-unseen", subject=device.name, since=device.enrolled_at)
        elif now - device.seen_at > SILENT_AFTER_S:
            yield Holding("device-silent", subject=device.name, since=device.seen_at)
    names = {device.device: device for device in store.devices.all()}
    for health in store.reports.health():
        device_or_none = names.get(health.device)
        if health.warnings and device_or_none is not None and device_or_none.withdrawn_at is None:
            yield Holding("device-troubled", ", ".join(health.warnings), device_or_none.name, health.at)


def _facts(store: Store, now: float) -> Iterator[Holding]:
    names = {device.device: device.name for device in store.devices.all()}
    for device, count, since in store.reports.parked_counts():
        yield Holding("facts-parked", f"{count}", names.get(device, device), since)
    for device, count in store.reports.flaw_counts():
        yield Holding("facts-broken", f"{count}", names.get(device, device))
    for reach in store.journal.reach():
        if reach.taken < reach.highest:
            yield Holding(
                "facts-missing",
                f"{reach.highest - reach.taken}",
                names.get(reach.device, reach.device),
                reach.latest_at,
            )
    after_backup = standing(store)
    if after_backup is not None:
        yield Holding("set-back", f"{len(after_backup.missing)}", since=after_backup.copied_at)
    conflicts, flagged = store.reports.troubled_acts(now - RECENT_S)
    if conflicts:
        yield Holding("conflicts", f"{conflicts}")
    if flagged:
        yield Holding("flagged", f"{flagged}")


def _office(store: Store, config: Config, now: float) -> Iterator[Holding]:
    pins = [member.pin for member in store.people.staff() if member.active]
    lost = under_another(pins, hub_pepper(config.dir)) if pins else 0
    if lost:
        yield Holding("pins-pepper", f"{lost}", PEPPER_FILE)
    if not any(manager.withdrawn_at is None for manager in store.people.managers()):
        yield Holding("no-manager")
    # What is shipped all the time has its own warnings.
    if config.backup_days and not (config.backup_to and not config.database):
        since = max(store.reports.last_noted("backup.made") or 0.0, store.shop.made_at())
        if now - since > config.backup_days * _DAY_S:
            yield Holding("no-backup", f"{config.backup_days}", since=since)
