"""What can be wrong with the guests' network: the list, with what to do about each, in two languages.

Pure. Plain values in the fields that the programs' own warnings have, for whoever shows them beside others: `{subject}` and
`{detail}` stand for what a `Trouble` of `hardware.wifi.health` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Text = dict[str, str]


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 - the word that the programs use for it
    """One thing that can be wrong."""

    code: str
    severity: Literal["note", "warning", "error"]
    what: Text
    todo: Text
    hidden_by: tuple[str, ...] = ()


WARNINGS = (
    Warning(
        "wifi-down",
        "error",
        {"en": "The guests' Wi-Fi is not running.", "zh": "顾客 Wi-Fi 没有运行。"},
        {
            "en": "Start it: python -m hardware wifi run. What it says then is the reason.",
            "zh": "请启动它：python -m hardware wifi run。它随后的提示会说明原因。",
        },
    ),
    Warning(
        "wifi-back",
        "warning",
        {
            "en": "The new Wi-Fi settings do not work; the earlier ones are in use. {detail}",
            "zh": "新的 Wi-Fi 设置无法使用，已恢复之前的设置。{detail}",
        },
        {
            "en": "Correct the settings and start it again; python -m hardware wifi check tries them.",
            "zh": "请更正设置后重新启动；可用 python -m hardware wifi check 先检查。",
        },
    ),
    Warning(
        "wifi-no-address",
        "error",
        {"en": "{subject} does not have the gateway's address.", "zh": "{subject} 上没有网关地址。"},
        {
            "en": "Is the radio or the cable's adapter plugged in? Another program such as NetworkManager must leave it alone.",
            "zh": "请检查无线网卡或网口适配器是否插好；NetworkManager 等其他程序不得管理它。",
        },
        ("wifi-down",),
    ),
    Warning(
        "wifi-no-cable",
        "error",
        {"en": "Nothing answers at the other end of {subject}.", "zh": "{subject} 的另一端没有响应。"},
        {
            "en": "Plug the access point's cable in at both ends, and see that the access point has power.",
            "zh": "请把接入点的网线两端插好，并确认接入点已通电。",
        },
        ("wifi-down", "wifi-no-address", "wifi-not-on-air", "wifi-no-hostapd"),
    ),
    Warning(
        "wifi-no-hostapd",
        "error",
        {"en": "hostapd does not answer, so there is no Wi-Fi.", "zh": "hostapd 没有响应，因此没有 Wi-Fi。"},
        {
            "en": "It is started again by itself. If this stays, another program may hold the radio {subject}: "
            "NetworkManager, wpa_supplicant, or rfkill.",
            "zh": "它会自动重新启动。如果一直这样，无线网卡 {subject} 可能被其他程序占用："
            "NetworkManager、wpa_supplicant 或 rfkill。",
        },
        ("wifi-down",),
    ),
    Warning(
        "wifi-not-on-air",
        "error",
        {
            "en": "The network's name is not on the air: {subject} is {detail}.",
            "zh": "网络名称没有广播：{subject} 的状态为 {detail}。",
        },
        {
            "en": "Choose another channel or the right country; a radar channel or a wrong country keeps a radio silent.",
            "zh": "请更换信道或设置正确的国家代码；雷达信道或错误的国家代码会使无线网卡保持静默。",
        },
        ("wifi-down", "wifi-no-hostapd"),
    ),
    Warning(
        "wifi-other-channel",
        "note",
        {
            "en": "The network is on another channel than it should: {detail}.",
            "zh": "网络使用的信道与设置不同：{detail}。",
        },
        {
            "en": "If it stays so, set WIFI_CHANNEL to one that the radio takes; `iw list` shows them.",
            "zh": "如果一直这样，请把 WIFI_CHANNEL 设为无线网卡支持的信道；iw list 会列出它们。",
        },
        ("wifi-down", "wifi-no-hostapd", "wifi-not-on-air"),
    ),
    Warning(
        "wifi-no-dns",
        "error",
        {
            "en": "dnsmasq does not answer phones, so nobody gets an address or the portal.",
            "zh": "dnsmasq 没有响应手机，因此顾客得不到地址，也打不开门户页面。",
        },
        {
            "en": "It is started again by itself. If this stays, another DNS or DHCP server is in its place; see ss -lnup.",
            "zh": "它会自动重新启动。如果一直这样，说明端口被其他 DNS 或 DHCP 服务占用；请运行 ss -lnup 查看。",
        },
        ("wifi-down", "wifi-no-address"),
    ),
    Warning(
        "wifi-no-internet-dns",
        "warning",
        {
            "en": "Guests who are in cannot look up names: the DNS server for the internet does not answer.",
            "zh": "已上网的顾客无法解析域名：面向互联网的 DNS 服务没有响应。",
        },
        {
            "en": "It is started again by itself. If this stays, see what its last words were in the log.",
            "zh": "它会自动重新启动。如果一直这样，请查看日志中它的最后几行。",
        },
        ("wifi-down", "wifi-no-address", "wifi-no-dns"),
    ),
    Warning(
        "wifi-keeps-dying",
        "warning",
        {
            "en": "{subject} keeps ending and is started again ({detail} times so far).",
            "zh": "{subject} 反复退出并被重新启动（至今 {detail} 次）。",
        },
        {
            "en": "Its last words are in the log; a USB radio without enough power is a common reason.",
            "zh": "日志里有它的最后几行；常见原因是 USB 无线网卡供电不足。",
        },
        ("wifi-down",),
    ),
    Warning(
        "wifi-stations-full",
        "warning",
        {
            "en": "The radio carries no more phones: {detail}. The next guest cannot join.",
            "zh": "无线网卡已达上限：{detail}。下一位顾客无法接入。",
        },
        {
            "en": "Put an access point on a wired port: it carries a hundred and more.",
            "zh": "请在有线网口上接一台接入点，它可以承载一百多部手机。",
        },
        ("wifi-down", "wifi-no-hostapd", "wifi-not-on-air"),
    ),
    Warning(
        "wifi-leases-full",
        "warning",
        {
            "en": "All addresses for guests are given out ({detail}).",
            "zh": "可分配给顾客的地址已全部用完（{detail}）。",
        },
        {
            "en": "Make the network larger (WIFI_ADDRESS, such as 10.77.0.1/22) or the leases shorter (WIFI_LEASE_S).",
            "zh": "请扩大网络（WIFI_ADDRESS，例如 10.77.0.1/22），或缩短租期（WIFI_LEASE_S）。",
        },
        ("wifi-down",),
    ),
    Warning(
        "wifi-no-lease",
        "error",
        {
            "en": "Phones have joined, and none of them has an address.",
            "zh": "有手机接入，但都没有得到地址。",
        },
        {
            "en": "Does a firewall drop DHCP (UDP 67) on this interface? Is the gate running? python -m edge.gate check",
            "zh": "防火墙是否拦截了此接口的 DHCP（UDP 67）？闸门是否在运行？请运行 python -m edge.gate check",
        },
        ("wifi-down", "wifi-no-dns", "wifi-no-address"),
    ),
    Warning(
        "wifi-nobody",
        "note",
        {
            "en": "The shop is open, and nobody has used the Wi-Fi for {detail} hours.",
            "zh": "店铺在营业，但已有 {detail} 小时没有人使用 Wi-Fi。",
        },
        {
            "en": "Look for the network with a phone at the door. Is the sign with its name in sight?",
            "zh": "请用手机在门口看看能否找到网络，并确认写有网络名称的告示清晰可见。",
        },
        (
            "wifi-down",
            "wifi-no-address",
            "wifi-no-cable",
            "wifi-no-hostapd",
            "wifi-not-on-air",
            "wifi-no-dns",
        ),
    ),
)
"""In the order in which they are told."""
