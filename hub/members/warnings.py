"""What the hub's list of warnings says about members: a wish to be forgotten that waits, a key that does not fit, guests who get
no QR."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hub.client.trouble import StorageError
from hub.client.warnings import Holding, Severity, Warning  # noqa: A004 - nothing here raises Python's warnings
from hub.members.people_key import PEOPLE_FILE, people_key
from hub.store.base import Store

LATE_S = 120.0
"""A wish to be forgotten is done within seconds where a worker runs."""

ASKED_LATELY_S = 7 * 86_400.0

MEMBER_WARNINGS = (
    Warning(
        "phones-no-address",
        Severity.NOTE,
        {
            "en": "Guests whom a till asks to join get no QR for their own phone",
            "zh": "收银台邀请客人加入会员时，没有供客人手机扫的二维码",
        },
        {
            "en": "Nobody has told this hub at which address phones reach it. Set HUB_URL to that address, such as "
            "https://shop.example, and start the hub again. Links in messages and the poster to join need it, too.",
            "zh": "还没有告诉店内主机，手机该用哪个地址访问它。请把 HUB_URL 设为该地址，例如 https://shop.example，"
            "然后重新启动店内主机。消息里的链接和入会海报也需要它。",
        },
    ),
    Warning(
        "forgetting-waits",
        Severity.WARNING,
        {
            "en": "Somebody wants to be forgotten and is not yet",
            "zh": "有人要求删除其全部信息，但尚未完成",
        },
        {
            "en": "A worker does that within seconds, and none runs: leave HUB_WORKER on, or start python -m hub work. "
            "If one runs, the hub's log says why it does not.",
            "zh": "这由后台工作进程在几秒内完成，而现在没有它在运行：请保持 HUB_WORKER 开启，或启动 python -m hub work。"
            "若已在运行，原因见店内主机日志。",
        },
    ),
    Warning(
        "people-key",
        Severity.ERROR,
        {
            "en": "The fields of this shop's members cannot be opened: people.key is missing, or another one",
            "zh": "无法读取本店会员的资料：people.key 不存在，或不是原来的文件",
        },
        {
            "en": "Nobody can join, and no message can go out. Put the file that belongs to this database beside hub.key (it is "
            "in a sealed backup, or was kept apart), and start the hub again.",
            "zh": "现在无法加入会员，也无法发送消息。请把属于此数据库的文件放到 hub.key 旁边（它在加密备份中，或另行保存），"
            "然后重新启动中心。",
        },
    ),
)


def find_key_trouble(store: Store, folder: Path) -> Iterator[Holding]:
    """Where members are sealed under another key than the one in the folder. Makes no key where there is none."""
    kept = store.register.key_name()
    if not kept:
        return
    try:
        same = (folder / PEOPLE_FILE).exists() and people_key(folder).name == kept
    except StorageError:
        same = False
    if not same:
        yield Holding("people-key", PEOPLE_FILE)


def find_no_address(store: Store, url: str, now: float) -> Iterator[Holding]:
    """Where guests were asked lately and the hub (`url`: at which others reach it) has nothing for their phones."""
    if not url and store.doors.invited_since(now - ASKED_LATELY_S):
        yield Holding("phones-no-address")


def find_member_trouble(store: Store, now: float) -> Iterator[Holding]:
    """Which of them hold."""
    waiting = [at for _, at in store.forgetting.asked() if now - at > LATE_S]
    if waiting:
        yield Holding("forgetting-waits", since=min(waiting))
