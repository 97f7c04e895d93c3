"""Sends while the hub runs: one thread for each channel that the settings name, for all shops of the database.

Several processes may do so on one database: a message is taken by one of them. A modem is one process's alone, whichever had it
first.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from hardware.reasons import DeviceError
from hub.client.trouble import StorageError
from hub.config import Config
from hub.members.people_key import PeopleKey
from hub.messages.channel import Channel, Listener
from hub.messages.handing import Hander
from hub.messages.http import HttpChannel, Provider
from hub.messages.mail import MailChannel, Server
from hub.messages.modem import open_modem_channel
from hub.messages.people import People
from hub.messages.push import PushChannel, push_key
from hub.messages.pushed import Subscription, close_push
from hub.messages.rules import read_rules
from hub.messages.screen import ScreenChannel
from hub.messages.smpp import Centre, SmppChannel
from hub.store.whole import HubStore
from hub.wire.events import ClockState
from hub.wire.snapshot import Shop, say
from hub.working import worker_name

logger = logging.getLogger(__name__)

IDLE_S = 0.5
LONGEST_WAIT_S = 5.0
SWEEP_S = 15.0
SHOPS_S = 60.0

Make = Callable[[HubStore], Channel]


def channels(
    config: Config, home: HubStore, people: PeopleKey, now: Callable[[], float]
) -> tuple[list[Channel], list[Make]]:
    """The channels of these settings: those that are one connection for all shops, and those that each shop has for itself."""
    shared: list[Channel] = []

    def sender() -> str:
        return read_rules(home.messages.rules()).sender or config.sms_sender

    if config.modem:
        try:
            shared.append(open_modem_channel(config.modem))
        except DeviceError as wrong:
            logger.warning("text messages by a modem: %s %s", wrong, wrong.remedy)
    if config.smpp_host:
        centre = Centre(
            config.smpp_host,
            config.smpp_port,
            config.smpp_user,
            config.smpp_password,
            config.smpp_type,
            tls=config.smpp_tls,
        )
        shared.append(SmppChannel(centre, sender))
    if config.sms_url:
        reports = f"{config.url}/sms/{config.sms_secret}/report" if config.url and config.sms_secret else ""
        shared.append(
            HttpChannel(
                lambda: Provider(config.sms_url, config.sms_token, config.sms_style, sender(), reports)
            )
        )

    def mail(store: HubStore) -> Channel:
        def called() -> str:
            return say((store.shop.get() or Shop(0, {})).name, "en")

        server = Server(
            config.smtp_host,
            config.smtp_port,
            config.smtp_tls,
            config.smtp_user,
            config.smtp_password,
            config.smtp_from,
            called,
        )
        return MailChannel(server, now)

    def push(store: HubStore) -> Channel:
        def gone(one: Subscription) -> None:
            store.mailings.drop_push(endpoint_hash=close_push(people.secret, "", one, 0).endpoint_hash)

        return PushChannel(push_key(config.dir), config.smtp_from or config.url, now, gone)

    each: list[Make] = [lambda store: ScreenChannel(store, now)]
    if config.smtp_host and config.smtp_from:
        each.append(mail)
    if config.smtp_from or config.url:
        each.append(push)
    return shared, each


class Messenger:
    """Sends until it is stopped. `listener` keeps what comes in; without one a modem and a message centre keep it themselves."""

    def __init__(
        self,
        store: HubStore,
        config: Config,
        people: PeopleKey,
        *,
        now: Callable[[], float],
        clock: Callable[[], ClockState],
        listener: Listener | None = None,
    ) -> None:
        self._store, self._config, self._people = store, config, people
        self._now, self._clock = now, clock
        self._stop = threading.Event()
        self._shared, self._each = channels(config, store, people, now)
        if listener is not None:
            for channel in self._shared:
                channel.listen(listener)
        self._name = worker_name()
        works: list[Callable[[HubStore], Channel]] = [
            *(partial(_same, channel) for channel in self._shared),
            *self._each,
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(number, make), name=f"messages-{number}", daemon=True)
            for number, make in enumerate(works)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, within_s: float) -> None:
        """End; a message that is on its way is finished, as far as that takes no longer."""
        self._stop.set()
        for channel in self._shared:
            channel.close()
        for thread in self._threads:
            thread.join(within_s)

    def _run(self, number: int, make: Make) -> None:
        handers: dict[int, Hander] = {}
        looked_at, swept_at = -SHOPS_S, 0.0
        while not self._stop.is_set():
            now = self._now()
            wait_s = IDLE_S
            try:
                if now - looked_at >= SHOPS_S or now < looked_at:
                    looked_at = now
                    self._look_for_shops(handers, number, make)
                if now - swept_at >= SWEEP_S or now < swept_at:
                    swept_at = now
                    for hander in handers.values():
                        hander.sweep()
                waits = [hander.once() for hander in handers.values()]
                known = [one for one in waits if one is not None]
                wait_s = min([*known, LONGEST_WAIT_S]) if known else IDLE_S
            except StorageError as wrong:
                logger.warning("messages wait: %s", wrong)
            except Exception:
                logger.exception("messages wait")
            if wait_s > 0:
                self._stop.wait(wait_s)

    def _look_for_shops(self, handers: dict[int, Hander], number: int, make: Make) -> None:
        for shop in self._store.shops():
            if shop in handers:
                continue
            store = self._store if shop == self._store.shop.number else self._store.of_shop(shop)
            handers[shop] = Hander(
                store,
                People(store, self._people, self._config.url),
                make(store),
                self._people.secret,
                worker=f"{self._name}-{number}",
                now=self._now,
                clock=self._clock,
            )


def _same(channel: Channel, _store: HubStore) -> Channel:
    return channel
