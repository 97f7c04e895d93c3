"""Everything that can be wrong with the portal, on one list, in the shop's words.

Pure. `edge.portal` tells it what it finds; `/healthz` and `python -m edge.portal check` show what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.client.warnings import Holding, Severity, Shown, Warning, show  # noqa: A004 - not Python's warnings

_AGAIN = {
    "en": "Let your ACME client renew it; the portal takes the new one by itself.",
    "zh": "请让证书续期程序（ACME）更新证书；更新后网页会自动采用。",
}

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
        "gate-silent",
        Severity.ERROR,
        {
            "en": "The gate does not answer, so no new guest can be let through: {detail}",
            "zh": "网关没有回应，新顾客暂时无法上网：{detail}",
        },
        {
            "en": "Guests who are in stay in. Is the gate running? Look with: python -m edge.gate check",
            "zh": "已上网的顾客不受影响。请检查网关程序是否在运行：python -m edge.gate check",
        },
        visible_after_s=3.0,
    ),
    Warning(
        "gate-rules",
        Severity.ERROR,
        {
            "en": "The gate's rules are not in the kernel as they should be",
            "zh": "内核中的网关规则与应有的不一致",
        },
        {
            "en": "Another firewall may have removed them. Restart the gate.",
            "zh": "规则可能被其他防火墙程序清除，请重新启动网关。",
        },
        hidden_by=("gate-silent",),
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
    Warning(
        "cert-unreadable",
        Severity.WARNING,
        {
            "en": "The portal's certificate cannot be used: {detail}",
            "zh": "无法使用网页的证书：{detail}",
        },
        {
            "en": "Look at PORTAL_CERT and PORTAL_CERT_KEY. Until then TLS and option 114 stay off or as they were.",
            "zh": "请检查 PORTAL_CERT 和 PORTAL_CERT_KEY。在此之前，TLS 与 114 号选项保持关闭或维持原状。",
        },
    ),
    Warning(
        "cert-over",
        Severity.WARNING,
        {"en": "The portal's certificate ended on {detail}", "zh": "网页的证书已于 {detail} 到期"},
        _AGAIN,
    ),
    Warning(
        "cert-early",
        Severity.WARNING,
        {
            "en": "The portal's certificate is good from {detail} only",
            "zh": "网页的证书自 {detail} 起才生效",
        },
        {"en": "Is the clock of this machine right?", "zh": "请检查本机时间是否正确。"},
    ),
    Warning(
        "cert-soon",
        Severity.WARNING,
        {"en": "The portal's certificate ends on {detail}", "zh": "网页的证书将于 {detail} 到期"},
        _AGAIN,
    ),
    Warning(
        "cert-name",
        Severity.WARNING,
        {
            "en": "The portal's certificate is for another name: {detail}",
            "zh": "网页的证书属于其他名称：{detail}",
        },
        {
            "en": "Get one for PORTAL_NAME, or set PORTAL_NAME to a name that it has.",
            "zh": "请为 PORTAL_NAME 申请证书，或把 PORTAL_NAME 改成证书中的名称。",
        },
    ),
    Warning(
        "cert-own",
        Severity.NOTE,
        {
            "en": "The portal's certificate is signed by itself: phones that do not know it refuse it",
            "zh": "网页的证书是自签名的：不信任它的手机会拒绝连接",
        },
        {
            "en": "They are caught by their own probes as before. A certificate of a public authority works for all.",
            "zh": "这些手机仍会通过自身的联网检测弹出页面。公共机构签发的证书适用于所有手机。",
        },
    ),
    Warning(
        "api-off",
        Severity.NOTE,
        {
            "en": "Phones are not told the portal's address by DHCP (option 114): {detail}",
            "zh": "未通过 DHCP（114 号选项）告知手机网页地址：{detail}",
        },
        {
            "en": "They find it by their own probes. It needs a name of yours with a certificate: PORTAL_NAME, PORTAL_CERT.",
            "zh": "手机会通过自身的联网检测找到网页。如需启用，请设置自己的域名和证书：PORTAL_NAME、PORTAL_CERT。",
        },
        hidden_by=("cert-unreadable", "cert-over", "cert-early", "cert-name"),
    ),
    Warning(
        "no-internet",
        Severity.NOTE,
        {
            "en": "The shop has no way out to the internet now",
            "zh": "店铺目前无法连接互联网",
        },
        {
            "en": "The page, offers and coupons work without it. Guests' phones are told: {detail}",
            "zh": "网页、优惠和券不受影响。顾客手机得到的提示：{detail}",
        },
        visible_after_s=10.0,
        hidden_by=("gate-silent",),
    ),
    Warning(
        "clock-unset",
        Severity.WARNING,
        {
            "en": "This machine does not know the time yet",
            "zh": "本机尚不知道当前时间",
        },
        {
            "en": "Stays are counted right all the same. The hub sets the clock as soon as the edge reaches it.",
            "zh": "上网时长的计算不受影响。门口程序连上店内主机后会自动校时。",
        },
        visible_after_s=60.0,
        hidden_by=("not-enrolled",),
    ),
)

NO_GATE = {"en": "this portal has no access point", "zh": "本网页没有无线接入点"}
NO_CERTIFICATE = {"en": "no certificate is set", "zh": "没有设置证书"}
HONEST = {"en": "no internet", "zh": "无互联网连接"}
CALM = {"en": "all is well, so that they stay on the network", "zh": "一切正常，以便保持连接"}


def look(
    *, enrolled: bool, has_snapshot: bool, more: Iterable[Holding] = (), now: float | None = None
) -> list[Shown]:
    """What is wrong now, the gravest first. `more` is what the gate, the certificate and the clock say."""
    wrong = {"not-enrolled": not enrolled, "no-snapshot": not has_snapshot}
    return show(WARNINGS, [*(Holding(code) for code, holds in wrong.items() if holds), *more], now)
