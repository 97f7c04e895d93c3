"""Every kind of long work, and who does it. A part of the hub adds its line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.config import Config
from hub.store.whole import HubStore
from hub.work import Progress

Handler = Callable[[HubStore, Config, Mapping[str, Any], Progress], Mapping[str, object]]
"""Does one piece of work for one shop. What it returns is kept as its result (JSON values). It may raise Cancelled, Lost and
Stopping (from `Progress`), WorkFailed with a sentence, StorageError; anything else is a fault of ours and stands in the log."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work. `load()` gives the handler, so that a page that lists kinds need not import them all."""

    name: str
    load: Callable[[], Handler]


def _rebuild() -> Handler:
    from hub.rebuild import rebuild_work

    return rebuild_work


KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (Kind("rebuild", _rebuild),)}
