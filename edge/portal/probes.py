"""What phones and computers ask to find out whether there is an internet, and what they are told in each state.

Pure. Each system asks a machine of its maker for a page that it knows. The answer of that machine means "online", a
redirect means "there is a portal"; everything else means "no internet". `edge.portal.front` asks here for every request that
is meant for another machine than us.

| state | a probe | a browser, an app | a form, an upload |
|---|---|---|---|
| held, expired | 302 to the portal; for Apple's program a page | 302 to the portal | 511 (RFC 6585) |
| in, with a way out | the answer of its maker | 302 to the portal | 421 |
| in, no way out, honest | 503 | 503 with a link | 503 |
| in, no way out, calm | the answer of its maker | 302 to the portal | 421 |
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from edge.portal.asked import Asked, host_name
from edge.portal.guests import Standing, State

RETRY_AFTER_S = 30
"""The gate sees within two seconds that the way out is back; phones look again in their own time."""

READING = ("GET", "HEAD")
NO_STORE = ("Cache-Control", "no-store")
HTML = "text/html"
PLAIN = "text/plain"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers but those of the connection, body."""

    status: int
    headers: tuple[tuple[str, str], ...] = (NO_STORE,)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Probe:
    """One page by which a system finds out; `host` and `path` are what it asks for, `reply` is what its maker answers."""

    system: str
    host: str
    path: str
    reply: Reply


def _says(body: str, kind: str = PLAIN, *more: tuple[str, str]) -> Reply:
    return Reply(200, (("Content-Type", kind), *more, NO_STORE), body.encode("ascii"))


NO_CONTENT = Reply(204)
_NM_HEADER = ("X-NetworkManager-Status", "online")
_APPLE = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
APPLE = _says(_APPLE + "\n", HTML)
_APPLE_SHORT = _says(_APPLE, HTML)
_FIREFOX = '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'
_KINDLE = "<html><head><title>Kindle</title></head><body>81ce4465-7167-4dcb-835b-dcc9e44c112a</body></html>\n"
_ARCH = "This domain is used for connectivity checking (captive portal detection).\n"
_NM = "NetworkManager is online"

PROBES = (
    Probe("Android", "connectivitycheck.gstatic.com", "/generate_204", NO_CONTENT),
    Probe("Android", "connectivitycheck.android.com", "/generate_204", NO_CONTENT),
    Probe("Android", "www.google.com", "/gen_204", NO_CONTENT),
    Probe("Android", "www.google.com", "/generate_204", NO_CONTENT),
    Probe("Android", "play.googleapis.com", "/generate_204", NO_CONTENT),
    Probe("Android", "clients3.google.com", "/generate_204", NO_CONTENT),
    Probe("Android in China", "connectivitycheck.gstatic.cn", "/generate_204", NO_CONTENT),
    Probe("Xiaomi", "connect.rom.miui.com", "/generate_204", NO_CONTENT),
    Probe("Huawei", "connectivitycheck.platform.hicloud.com", "/generate_204", NO_CONTENT),
    Probe("Honor", "connectivitycheck.platform.hihonorcloud.com", "/generate_204", NO_CONTENT),
    Probe("vivo", "wifi.vivo.com.cn", "/generate_204", NO_CONTENT),
    Probe("OPPO", "conn3.coloros.com", "/generate204", NO_CONTENT),
    Probe("OPPO", "conn1.oppomobile.com", "/generate_204", NO_CONTENT),
    Probe("Samsung", "connectivity.samsung.com.cn", "/generate_204", NO_CONTENT),
    Probe("WiFi Master Key", "c.51y5.net", "/generate_204", NO_CONTENT),
    Probe("iOS and macOS", "captive.apple.com", "/hotspot-detect.html", APPLE),
    Probe("iOS and macOS", "www.apple.com", "/library/test/success.html", _APPLE_SHORT),
    Probe("Windows", "www.msftconnecttest.com", "/connecttest.txt", _says("Microsoft Connect Test")),
    Probe("Windows", "ipv6.msftconnecttest.com", "/connecttest.txt", _says("Microsoft Connect Test")),
    Probe("Windows 7 and 8", "www.msftncsi.com", "/ncsi.txt", _says("Microsoft NCSI")),
    Probe("Edge", "edge-http.microsoft.com", "/captiveportal/generate_204", NO_CONTENT),
    Probe("Firefox", "detectportal.firefox.com", "/canonical.html", _says(_FIREFOX, HTML)),
    Probe("Firefox", "detectportal.firefox.com", "/canonical204.html", NO_CONTENT),
    Probe("Firefox", "detectportal.firefox.com", "/success.txt", _says("success\n")),
    Probe("Chrome", "www.gstatic.com", "/generate_204", NO_CONTENT),
    Probe("Brave", "detectportal.brave-http-only.com", "/", NO_CONTENT),
    Probe("Kindle", "spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html", _says(_KINDLE, HTML)),
    Probe("GNOME", "nmcheck.gnome.org", "/check_network_status.txt", _says(_NM, PLAIN, _NM_HEADER)),
    Probe("Ubuntu", "connectivity-check.ubuntu.com", "/", Reply(204, (_NM_HEADER, NO_STORE))),
    Probe("Debian", "network-test.debian.org", "/nm", _says(_NM + "\n", PLAIN, _NM_HEADER)),
    Probe("Fedora", "fedoraproject.org", "/static/hotspot.txt", _says("OK", PLAIN, _NM_HEADER)),
    Probe("Arch Linux", "ping.archlinux.org", "/", _says(_ARCH, PLAIN, _NM_HEADER)),
    Probe("Arch Linux", "ping.archlinux.org", "/nm-check.txt", _says(_NM + "\n", PLAIN, _NM_HEADER)),
    Probe("KDE", "networkcheck.kde.org", "/", _says("OK")),
    Probe("Steam", "test.steampowered.com", "/204", NO_CONTENT),
    Probe("Nintendo", "conntest.nintendowifi.net", "/", _says("ok", PLAIN, ("X-Organization", "Nintendo"))),
    Probe("Cloudflare", "cp.cloudflare.com", "/generate_204", NO_CONTENT),
)

_BY_PLACE = {(probe.host, probe.path): probe.reply for probe in PROBES}
_ANY_HOST = frozenset({"/generate_204", "/gen_204", "/generate204"})
"""Makers put this page on hosts of their own, more than any list has; nobody has another page under this name."""

_APPLE_PROGRAM = "CaptiveNetworkSupport"


def maker_says(asked: Asked) -> Reply | None:
    """What the machine that is asked would answer; None where this is no probe."""
    if asked.method not in READING:
        return None
    path, host = asked.path, host_name(asked.host)
    reply = _BY_PLACE.get((host or "", path))
    if reply is None and (asked.user_agent.startswith(_APPLE_PROGRAM) or host == "captive.apple.com"):
        # Apple's program asks many hosts for many paths, and takes the same page from each.
        reply = APPLE
    return NO_CONTENT if reply is None and path in _ANY_HOST else reply


def answer(asked: Asked, standing: Standing, portal: str) -> Reply:
    """The answer to a request for another machine than us. `portal` is the address of the first page."""
    if standing.state is not State.IN:
        return _held(asked, portal)
    if not standing.internet and not standing.calm:
        return _no_internet(portal)
    if asked.method not in READING:
        # 421, Misdirected Request: we are not that machine, and the phone has no log-in ahead of it (RFC 9110, 15.5.20).
        return Reply(421, (("Content-Type", PLAIN), NO_STORE), b"Please try again.\n")
    return maker_says(asked) or _to(portal)


def _held(asked: Asked, portal: str) -> Reply:
    if asked.user_agent.startswith(_APPLE_PROGRAM):
        # It follows no redirect; any page but the one it knows makes it open its window.
        return Reply(200, (("Content-Type", HTML), NO_STORE), _page("Wi-Fi", portal))
    if asked.method not in READING:
        return Reply(511, (("Content-Type", HTML), NO_STORE), _page("Wi-Fi", portal))
    return _to(portal)


def _to(portal: str) -> Reply:
    return Reply(302, (("Location", portal), ("Content-Type", HTML), NO_STORE), _page("Wi-Fi", portal))


def _no_internet(portal: str) -> Reply:
    headers = (("Retry-After", str(RETRY_AFTER_S)), ("Content-Type", HTML), NO_STORE)
    return Reply(503, headers, _page("No internet here now · 暂无互联网", portal))


def _page(title: str, portal: str) -> bytes:
    text = (
        f'<!DOCTYPE html><meta charset="utf-8"><title>{title}</title><a href="{escape(portal)}">{title}</a>\n'
    )
    return text.encode()


REASONS = {
    200: "OK",
    204: "No Content",
    302: "Found",
    400: "Bad Request",
    421: "Misdirected Request",
    503: "Service Unavailable",
    511: "Network Authentication Required",
}


def octets(reply: Reply, *, head: bool = False, version: str = "1.1", date: str = "") -> bytes:
    """A reply as it goes over the line, of which it is the last; `head` leaves the body out and its length in.

    `date` as HTTP writes it (RFC 9110, 5.6.7), or empty for a machine that does not know the time.
    """
    lines = [f"HTTP/{version} {reply.status} {REASONS[reply.status]}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.status != 204:
        lines.append(f"Content-Length: {len(reply.body)}")
    if date:
        lines.append(f"Date: {date}")
    lines.append("Connection: close\r\n\r\n")
    written = "\r\n".join(lines).encode("ascii")
    return written if head else written + reply.body
