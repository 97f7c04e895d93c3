"""The manager's pages: what happens in the shop today, its offers, devices, people and coupons."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Blueprint

from hub.outward import NOWHERE, Outward
from hub.store.base import Store
from hub.wire.events import ClockState


def create_admin(
    store: Store,
    key: Ed25519PrivateKey,
    *,
    pepper: Callable[[], bytes],
    now: Callable[[], float] = time.time,
    secure: bool = False,
    notice: Callable[[str], str | None] = lambda _: None,
    warnings: Callable[[float], Sequence[Any]] = lambda _: (),
    url: str = "",
    clock: Callable[[], ClockState] = lambda: "ntp",
    folder: Path | None = None,
    home: str = "",
    outward: Outward = NOWHERE,
) -> Blueprint:
    """The manager's pages as a blueprint, to be mounted under a prefix of its own such as `/manage`.

    `key`: the hub's own, whose fingerprint goes into pairing codes. `pepper()`: what is beneath the PINs (`hub.pepper`).
    `secure`: the pages are reached by TLS.
    `notice(language)`: a line for every page, such as that the street is simulated. `warnings(now)`: what needs attention.
    `url`: where others reach the hub, for what is printed. `folder`: the hub's own, for joining head office
    and for the key of personal fields. `home`: the country of the shop (ISO 3166-1), where its timezone does not say. `outward`:
    whether the public pages are shown, and how text messages come in.
    """
    from hub.admin.office import Office
    from hub.admin.pages import make_blueprint
    from hub.previews import Stage

    stage = Stage(store, now)
    return make_blueprint(
        Office(
            store,
            key,
            pepper,
            now,
            secure,
            notice,
            warnings,
            url,
            clock,
            stage=stage,
            folder=folder,
            home=home,
            outward=outward,
        )
    )


__all__ = ["create_admin"]
