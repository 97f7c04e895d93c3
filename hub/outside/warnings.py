"""What the hub's list of warnings says about other programs and about long work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hub.client.warnings import Holding, Severity, Warning  # noqa: A004 - nothing here raises Python's warnings
from hub.figures.digest import read_plan
from hub.store.base import Store

FAILING_AFTER_S = 600.0
"""So long a receiver may be away before it is worth a line: programs are started anew, too."""

NOBODY_AFTER_S = 120.0
"""Work that waits so long while none runs has no worker."""

OUTSIDE_WARNINGS = (
    Warning(
        "webhook-disabled",
        Severity.WARNING,
        {
            "en": "{subject} is told nothing any more: it did not answer for three days",
            "zh": "{subject}三天没有应答，已不再通知它",
        },
        {
            "en": "Mend it, then switch its webhook on under Other programs; it gets what happened meanwhile.",
            "zh": "请先修复，再在“其他程序”页面打开它的网络回调；期间发生的事会补发给它。",
        },
    ),
    Warning(
        "webhook-failing",
        Severity.NOTE,
        {
            "en": "{subject} does not answer; {detail} messages wait",
            "zh": "{subject}没有应答，有 {detail} 条消息待发",
        },
        {
            "en": "It is tried again by itself for three days. What it says stands under Other programs.",
            "zh": "系统会在三天内自动重试。它的回答见“其他程序”页面。",
        },
    ),
    Warning(
        "digest-not-sent",
        Severity.WARNING,
        {
            "en": "The digest {subject} did not reach {detail} of its receivers",
            "zh": "摘要“{subject}”没有送达 {detail} 个收件方",
        },
        {
            "en": "What they answered stands on its page under Digests. Mend the server or the address; the next one is sent.",
            "zh": "原因见“摘要”页面。请修复邮件服务器或地址；下一份会照常发送。",
        },
    ),
    Warning(
        "work-waits",
        Severity.WARNING,
        {
            "en": "{detail} pieces of long work wait, and nobody does them",
            "zh": "有 {detail} 项作业在等待，没有进程执行",
        },
        {
            "en": "Start a worker: python -m hub work. Or let the hub do it itself: HUB_WORKER=yes.",
            "zh": "请启动执行进程：python -m hub work；或者让店内主机自己执行：HUB_WORKER=yes。",
        },
    ),
)


def outside_troubles(store: Store, now: float) -> Iterator[Holding]:
    """What is wrong now with receivers and with long work."""
    for hook in store.webhooks.all():
        if hook.state == "disabled":
            yield Holding("webhook-disabled", subject=hook.name, since=hook.failing_since)
        elif (
            hook.state == "on"
            and hook.failing_since is not None
            and now - hook.failing_since > FAILING_AFTER_S
        ):
            waiting = store.webhooks.waiting(hook.number)
            yield Holding("webhook-failing", f"{waiting}", hook.name, hook.failing_since)
    lost = Counter(one.digest for one in store.digests.failing())
    for number, count in lost.items():
        digest = store.digests.get(number)
        if digest is not None:
            yield Holding("digest-not-sent", f"{count}", read_plan(digest).name)
    there = store.work.open()
    oldest = min((work.made_at for work in there), default=now)
    if now - oldest > NOBODY_AFTER_S and not any(work.state == "running" for work in there):
        yield Holding("work-waits", f"{len(there)}", since=oldest)
