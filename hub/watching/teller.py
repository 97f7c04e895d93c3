"""Tells people of trouble while the hub serves: looks some times a minute, and sends what is due on each channel."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from hub.client.trouble import StorageError
from hub.client.warnings import Shown
from hub.config import Config
from hub.outside.delivery import deliver
from hub.outside.signed import read_secret
from hub.store.alarm_records import AlarmRow
from hub.store.base import Store
from hub.watching.mail import send_mail, write_mail
from hub.watching.messages import as_json
from hub.watching.telling import SCREEN, Turn, after, in_flight, look_at
from hub.wire.snapshot import Shop
from hub.work import due

logger = logging.getLogger(__name__)

EVERY_S = 5.0
SENDING_S = 120.0
"""Longer than any sending takes: a process that died while it sent leaves it to another one then."""

Send = Callable[[Turn, str], str]
"""Sends a message with this id; "" where it was taken, else why not."""


def channels(config: Config, store: Store, now: Callable[[], float]) -> dict[str, Send]:
    """The channels that the settings name, and the screen, which takes everything."""
    shop = store.shop.get() or Shop(0, {})
    found: dict[str, Send] = {SCREEN: lambda _turn, _message: ""}

    def post(turn: Turn, message: str) -> str:
        at = now()
        try:
            secrets = [read_secret(config.alarm_secret)] if config.alarm_secret else []
        except ValueError as wrong:
            return f"HUB_ALARM_SECRET cannot be used. {wrong}"
        body = as_json(turn, shop, store.shop.number, at)
        # Whoever sets the hub's environment owns it, and may name a machine of the shop's own network.
        done = deliver(config.alarm_url, body, message=message, now=at, secrets=secrets, private=True)
        return "" if done.taken else f"The receiver of alarms answered {done.status}: {done.said[:200]}"

    def mail(turn: Turn, message: str) -> str:
        return send_mail(config, write_mail(turn, shop, config, message, now()))

    if config.alarm_url:
        found["url"] = post
    if config.alarm_mail:
        found["mail"] = mail
    return found


def tell(
    store: Store, shown: Iterable[Shown], sending: dict[str, Send], now: Callable[[], float], again_s: float
) -> int:
    """Tell what is due; how many messages were taken. One that is not is tried again, less and less often."""
    alarms = [one for one in shown if one.alarm]
    told = 0
    with store.writing():
        at = now()
        rows = store.alarms.all()
        turns = {
            name: look_at(name, [row for row in rows if row.channel == name], alarms, at, again_s)
            for name in sending
        }
        for row in rows:
            if row.channel not in sending:
                store.alarms.remove(row)
        for turn in turns.values():
            _write(store, (*turn.keep, *in_flight(turn, at, SENDING_S)), turn.drop)
    for name, turn in turns.items():
        if turn.is_silent:
            continue
        failed = sending[name](turn, f"alarm-{store.shop.number}-{name}-{int(now() * 1_000)}")
        if failed:
            logger.warning("an alarm was not told by %s: %s", name, failed)
        keep, drop = after(turn, now(), taken=not failed)
        with store.writing():
            seen = {row.key: row for row in store.alarms.all() if row.channel == name}
            # Somebody may have taken note meanwhile.
            _write(store, [_with_note(row, seen.get(row.key)) for row in keep], drop)
        told += not failed and name != SCREEN
    return told


def _with_note(row: AlarmRow, there: AlarmRow | None) -> AlarmRow:
    return row if there is None else replace(row, seen_at=there.seen_at, seen_by=there.seen_by)


def _write(store: Store, keep: Iterable[AlarmRow], drop: Iterable[AlarmRow]) -> None:
    for row in keep:
        store.alarms.put(row)
    for row in drop:
        store.alarms.remove(row)


class AlarmThread:
    """Tells alarms until it is stopped. Of several processes on one database one has the turn."""

    def __init__(
        self, store: Store, config: Config, look: Callable[[float], list[Shown]], now: Callable[[], float]
    ) -> None:
        self._store, self._config, self._look, self._now = store, config, look, now
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """End; a message that is being sent is tried again at the next start."""
        self._stop.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                self.once()
            except StorageError as wrong:
                logger.warning("alarms were not looked at: %s", wrong)
            except Exception:
                logger.exception("alarms were not looked at")

    def once(self) -> int:
        """One look, where it is this process' turn; how many messages were taken."""
        now = self._now()
        if not due(self._store, "alarms", EVERY_S * 0.8, now):
            return 0
        sending = channels(self._config, self._store, self._now)
        return tell(self._store, self._look(now), sending, self._now, self._config.alarm_hours * 3_600.0)
