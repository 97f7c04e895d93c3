"""What can be wrong with the gate, in the shop's words."""

from __future__ import annotations

from collections.abc import Iterator

from edge.gate.client import GateClient, GateError
from edge.gate.config import NO_UPSTREAM, Config
from edge.gate.protocol import AskHealth, Health
from edge.gate.uplink import Interfaces, forwards
from hub.client.warnings import Holding, Severity, Shown, Warning, show  # noqa: A004 - not Python's warnings

WARNINGS = (
    Warning(
        "gate-silent",
        Severity.ERROR,
        {"en": "The gate does not answer: {detail}", "zh": "网关没有回应：{detail}"},
        {
            "en": "Guests who are in stay in, but no new one gets in. Start it with: python -m edge.gate serve",
            "zh": "已上网的顾客不受影响，但新顾客无法上网。请启动网关：python -m edge.gate serve",
        },
    ),
    Warning(
        "gate-rules",
        Severity.ERROR,
        {
            "en": "The gate's rules are not in the kernel as they were loaded",
            "zh": "内核中的网关规则与载入时不一致",
        },
        {
            "en": "Another firewall has changed them. The gate loads them again within a second; find out which one it was.",
            "zh": "规则被其他防火墙程序改动。网关会在一秒内重新载入，请查明是哪个程序所为。",
        },
        hidden_by=("gate-silent",),
    ),
    Warning(
        "gate-interface",
        Severity.ERROR,
        {
            "en": "There is no interface {detail}, which is to be the guest network",
            "zh": "没有名为 {detail} 的网络接口，无法提供顾客网络",
        },
        {
            "en": "Plug the radio in, or set GATE_INTERFACE to the right one.",
            "zh": "请接上无线网卡，或将 GATE_INTERFACE 改为正确的接口。",
        },
    ),
    Warning(
        "gate-forwarding",
        Severity.ERROR,
        {
            "en": "The kernel does not forward from {detail}, so no guest gets to the internet",
            "zh": "内核没有转发来自 {detail} 的数据，顾客无法上网",
        },
        {
            "en": "Set net.ipv4.ip_forward=1 in a file of /etc/sysctl.d, and restart.",
            "zh": "请在 /etc/sysctl.d 的文件中设置 net.ipv4.ip_forward=1，然后重新启动。",
        },
    ),
    Warning(
        "gate-no-way-out",
        Severity.WARNING,
        {"en": "There is no way out to the internet", "zh": "目前没有通往互联网的线路"},
        {
            "en": "Offers and coupons work all the same. Look at the cable to the router.",
            "zh": "优惠与优惠券照常可用。请检查连接路由器的网线。",
        },
        hidden_by=("gate-silent", "gate-forwarding"),
    ),
)


def look(config: Config, client: GateClient) -> list[Shown]:
    """What is wrong now."""
    return show(WARNINGS, _holding(config, client))


def _holding(config: Config, client: GateClient) -> Iterator[Holding]:
    interfaces = Interfaces()
    try:
        if not interfaces.number(config.interface):
            yield Holding("gate-interface", config.interface)
        elif config.upstream != NO_UPSTREAM and not forwards(config.interface):
            yield Holding("gate-forwarding", config.interface)
    finally:
        interfaces.close()
    try:
        answer = client.ask(AskHealth())
    except GateError as wrong:
        yield Holding("gate-silent", wrong.sentence)
        return
    if not isinstance(answer, Health):
        yield Holding("gate-silent", str(answer))
        return
    if not answer.rules_stand:
        yield Holding("gate-rules")
    if not answer.upstream and config.upstream != NO_UPSTREAM:
        yield Holding("gate-no-way-out")
