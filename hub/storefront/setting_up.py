"""The page of a node that has joined no shop yet: its code as QR and in letters, and what to do with it; in both languages.

It needs no shop, no database and no script. Nothing can be changed by it but to begin again after somebody said no.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Protocol

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from hub.storefront.headers import guard
from hub.storefront.qr import qr_svg
from hub.storefront.style import make_style

LOOK_EVERY_S = 5
"""How often the page is asked for again by a browser that nobody touches (the header Refresh)."""

_MORE = """
.setup { max-inline-size: 44rem; margin-inline: auto; display: grid; gap: 24px; justify-items: center; text-align: center; }
.setup .paper { background: #fff; padding: 16px; border-radius: 12px; inline-size: min(80vw, 20rem); }
.setup .paper svg { display: block; inline-size: 100%; block-size: auto; }
.setup .big { font: 700 clamp(1.5rem, 7vw, 3rem)/1.2 var(--code-type); letter-spacing: .06em; }
.setup .small { color: var(--quiet); font-size: .9375rem; overflow-wrap: anywhere; }
"""

_WORDS = {
    "waiting": (
        "Let this device into your shop",
        "Scan this with the phone on which you run the shop, or type the code at the hub under Devices. It lasts ten minutes.",
        "让这台设备加入店铺",
        "用您管理店铺的手机扫描，或在主机的“设备”页面输入代码。代码十分钟内有效。",
    ),
    "new_code": (
        "A new code is coming",
        "The last one was too old.",
        "正在取得新的代码",
        "上一个代码已过期。",
    ),
    "unreachable": (
        "The shop's hub does not answer",
        "Check that it is running, and that this device is on its network. This page goes on by itself.",
        "联系不到店内主机",
        "请确认主机正在运行，且本机与它在同一网络。本页会自动继续。",
    ),
    "refused": (
        "This device was turned away",
        "If that was a mistake, begin again for a new code.",
        "这台设备已被拒绝",
        "如果是误操作，请重新开始以取得新的代码。",
    ),
    "another_hub": (
        "This is not the right hub",
        "Another hub answers at this address than the one that this device is for.",
        "主机不符",
        "在这个地址应答的不是本机指定的主机。",
    ),
    "full": (
        "Too many devices wait",
        "Accept some of them at the hub. This page goes on by itself.",
        "等待的设备太多",
        "请先在主机上处理一些。本页会自动继续。",
    ),
    "joined": ("This device has joined", "It starts in a moment.", "设备已加入", "即将启动。"),
    "no_hub": (
        "This device does not know its hub",
        "Set the address of the shop's hub on this machine, and start it again.",
        "本机不知道主机在哪里",
        "请在本机设置店内主机的地址，然后重新启动。",
    ),
}


class Stands(Protocol):
    """How the joining stands (`hub.client.joining.Standing`)."""

    @property
    def stage(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def hub(self) -> str: ...
    @property
    def sentence(self) -> str: ...


def create_setting_up(
    look: Callable[[], Stands],
    begin_again: Callable[[], None],
    *,
    hub_url: str,
    name: str,
    show: Callable[[str], str],
) -> Flask:
    """The page around a joining; `show` writes a code as people read it."""
    app = Flask("setting-up", static_folder=None)
    style = make_style(sheet="shopper", more=_MORE)

    @app.get("/")
    def page() -> Response:
        stands = look()
        text = _page(stands, style.text, hub_url=hub_url, name=name, show=show)
        response = Response(text, mimetype="text/html")
        if stands.stage != "refused":
            response.headers["Refresh"] = str(LOOK_EVERY_S)
        return guard(response, style_hash=style.csp_hash)

    @app.post("/again")
    def again() -> WerkzeugResponse:
        # Only from this very page: a new code is a nuisance to whoever is typing the old one.
        if (
            request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
            and look().stage == "refused"
        ):
            begin_again()
        return redirect("/", 303)

    @app.get("/healthz")
    def healthz() -> Response:
        return Response('{"status":"waiting","enrolled":false}', 503, mimetype="application/json")

    return app


def _page(stands: Stands, style: str, *, hub_url: str, name: str, show: Callable[[str], str]) -> str:
    stage = "new_code" if stands.stage == "waiting" and not stands.code else stands.stage
    title, text, title_zh, text_zh = _WORDS.get(stage, _WORDS["unreachable"])
    parts = [f'<h1>{escape(title)}<br><span lang="zh">{title_zh}</span></h1>']
    if stands.code and stage in ("waiting", "unreachable"):
        address = f"{hub_url}/manage/devices/join?code={stands.code}"
        qr = qr_svg(address, "QR: the page at the hub where this device is let in")
        parts.append(
            f'<div class="paper">{qr}</div><p class="big" translate="no">{escape(show(stands.code))}</p>'
        )
    parts.append(f'<p>{escape(text)}</p><p lang="zh">{text_zh}</p>')
    if stage == "refused":
        parts.append(
            '<form method="post" action="/again"><button class="button" type="submit">'
            'Begin again · <span lang="zh">重新开始</span></button></form>'
        )
    hub = f" · {escape(show(stands.hub))}" if stands.hub else ""
    parts.append(f'<p class="small">{escape(name)} · {escape(hub_url)}{hub}</p>')
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
        'initial-scale=1"><meta name="color-scheme" content="light dark"><title>Shopbell: set up this device</title>'
        f'<link rel="icon" href="data:,"><style>{style}</style></head><body><main class="page setup" id="main">'
        f"{''.join(parts)}</main></body></html>"
    )
