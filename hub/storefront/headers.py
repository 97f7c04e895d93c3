"""What every page of ours tells a browser: load nothing from elsewhere, run nothing, guess nothing, tell nobody."""

from __future__ import annotations

from flask import Response


def content_policy(
    *, style_hash: str | None = None, scripts: bool = False, frames: bool = False, framed: bool = False
) -> str:
    """A Content-Security-Policy. `style_hash` where the style stands in the page, `scripts` where a surface has own scripts,
    `frames` where it shows other pages of ours within itself, `framed` where it is such a page."""
    parts = {
        "default-src": "'none'",
        "style-src": style_hash or "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    if scripts:
        parts |= {"script-src": "'self'", "connect-src": "'self'", "media-src": "'self'"}
    if frames:
        parts["frame-src"] = "'self'"
    if framed:
        parts["frame-ancestors"] = "'self'"
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def guard(response: Response, *, style_hash: str | None = None, scripts: bool = False) -> Response:
    """Put the protecting headers on a response; those that a view has set itself stay."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_policy(style_hash=style_hash, scripts=scripts))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    # Not no-referrer: with it browsers say "Origin: null" of our own forms (Fetch, 3.2): nobody could tell them from others'.
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(), payment=()")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    # A page may hold somebody's coupon or form: the next person at a kiosk must not find it in the cache.
    headers.setdefault("Cache-Control", "no-store")
    return response


def only_by_tls(response: Response) -> Response:
    """For what is reached by TLS: browsers do not come without it for a year (RFC 6797)."""
    response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
