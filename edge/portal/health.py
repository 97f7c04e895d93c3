"""Everything that can be wrong with the portal, on one list, in the shop's words.

Pure. `edge.portal` tells it what it finds on the node's disk; `/healthz` and `python -m edge.portal check` show what comes out.
"""

from __future__ import annotations

from hub.client.warnings import Holding, Severity, Shown, Warning, show  # noqa: A004 - not Python's warnings

WARNINGS = (
    Warning(
        "not-enrolled",
        Severity.ERROR,
        {"en": "This door has not joined a shop yet", "zh": "门口设备尚未加入店铺"},
        {
            "en": "Make a pairing code on the hub, then run: python -m edge enrol CODE --hub URL",
            "zh": "请在店内主机上生成配对码，然后运行：python -m edge enrol 配对码 --hub 网址",
        },
    ),
    Warning(
        "no-snapshot",
        Severity.WARNING,
        {
            "en": "The hub has sent nothing yet, so there is nothing to show",
            "zh": "店内主机尚未发来资料，暂无内容可显示",
        },
        {
            "en": "Is the edge running, and the hub in reach?",
            "zh": "请检查门口程序是否在运行，能否连上店内主机。",
        },
        hidden_by=("not-enrolled",),
    ),
)


def look(*, enrolled: bool, has_snapshot: bool) -> list[Shown]:
    """What is wrong now, the gravest first."""
    wrong = {"not-enrolled": not enrolled, "no-snapshot": not has_snapshot}
    return show(WARNINGS, [Holding(code) for code, holds in wrong.items() if holds])
