"""What can be wrong between a shop and head office, for the hub's list of warnings (`hub.health`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hub.client.warnings import Holding, Severity, Warning  # noqa: A004 - nothing here raises Python's warnings
from hub.store.base import Store
from hub.upstream.standing import shops_below, standing_with_head_office
from hub.wire.snapshot import say

AWAY_AFTER_S = 180.0
"""As long as a device may be silent: a hub tries again every second or two."""

RECENT_S = 7 * 86_400.0

CHAIN_WARNINGS = (
    Warning(
        "upstream-refuses",
        Severity.ERROR,
        {
            "en": "Head office does not take this shop's facts: {detail}",
            "zh": "总部不接收本店的记录：{detail}",
        },
        {
            "en": "The shop goes on by itself. Ask head office for a new code; then leave and join again: python -m hub upstream",
            "zh": "本店照常营业。请向总部索取新的配对码，然后依次运行 python -m hub upstream leave 和 join。",
        },
    ),
    Warning(
        "upstream-away",
        Severity.WARNING,
        {
            "en": "Head office does not answer; {detail} facts wait here",
            "zh": "总部没有应答，有 {detail} 条记录在本店等待",
        },
        {
            "en": "The shop goes on by itself, and tells everything once the line is back. Check the internet here, and head "
            "office's address: python -m hub upstream show",
            "zh": "本店照常营业，线路恢复后会自动补报。请检查本店的网络和总部的地址：python -m hub upstream show",
        },
        hidden_by=("upstream-refuses",),
    ),
    Warning(
        "upstream-recalls",
        Severity.NOTE,
        {
            "en": "Head office is telling this hub what it does not have",
            "zh": "总部正在向店内主机补发它缺少的记录",
        },
        {
            "en": "It was set back to a backup, or is new. This ends by itself.",
            "zh": "店内主机已恢复到备份，或是新装的。补发完成后提示会自动消失。",
        },
        hidden_by=("upstream-refuses", "upstream-away"),
    ),
    Warning(
        "upstream-parked",
        Severity.WARNING,
        {
            "en": "{detail} facts of this shop clash with others in head office's books",
            "zh": "本店有 {detail} 条记录与总部账上的记录冲突",
        },
        {
            "en": "A disk was set back without anybody noticing in time. Both are kept, here and there; compare those days.",
            "zh": "有磁盘被恢复到旧状态而未及时发现。两边的记录都已保留，请核对那几天的数据。",
        },
    ),
    Warning(
        "shop-set-back",
        Severity.WARNING,
        {
            "en": "The hub of {subject} was set back to a backup",
            "zh": "{subject}的店内主机已恢复到备份",
        },
        {
            "en": "It gets back from here what it lost. What its office changed since the backup has to be done again there.",
            "zh": "它会从这里取回缺失的记录。备份之后该店后台所做的更改需要重新操作。",
        },
    ),
    Warning(
        "shop-parked",
        Severity.WARNING,
        {
            "en": "{detail} facts of {subject} could not go into its books here",
            "zh": "{subject}有 {detail} 条记录无法入账",
        },
        {
            "en": "They cannot be read, or clash with others. They are kept aside, and the shop has them.",
            "zh": "这些记录无法读取，或与其他记录冲突。记录已另行保存，该店也仍保留着。",
        },
    ),
)


def look_at_chain(store: Store, folder: Path, now: float) -> Iterator[Holding]:
    """What holds now, at both ends. StorageError where that cannot be read."""
    yield from _up(store, folder, now)
    for below in shops_below(store):
        if below.withdrawn:
            continue
        name = say(below.name, "en") or f"{below.number}"
        if below.set_back_at is not None and now - below.set_back_at < RECENT_S:
            yield Holding("shop-set-back", subject=name, since=below.set_back_at)
        if below.parked:
            yield Holding("shop-parked", f"{below.parked}", name)


def _up(store: Store, folder: Path, now: float) -> Iterator[Holding]:
    above = standing_with_head_office(store, folder)
    if above is None:
        return
    if above.is_refused:
        yield Holding("upstream-refuses", above.sentence, since=above.failing_since)
    elif above.failing_since is not None and now - above.failing_since >= AWAY_AFTER_S:
        yield Holding("upstream-away", f"{above.waiting}", since=above.failing_since)
    if above.recalling:
        yield Holding("upstream-recalls")
    if above.parked:
        yield Holding("upstream-parked", f"{above.parked}")
