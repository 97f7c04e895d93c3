"""All that sends and hears while a hub runs, put together: channels, who keeps what comes, who answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.config import Config
from hub.members.people_key import people_key
from hub.messages.answering import Answerer, AnswerThread, Counter
from hub.messages.listening import Listening, ears_of
from hub.messages.messenger import Messenger
from hub.store.whole import HubStore
from hub.wire.events import ClockState


class Messages:
    """Sends, hears and answers until it is stopped. `counters`: desks from which answers take coupons; none: answers hold
    none."""

    def __init__(
        self,
        store: HubStore,
        config: Config,
        *,
        now: Callable[[], float],
        clock: Callable[[], ClockState],
        counters: Sequence[Counter] = (),
    ) -> None:
        people = people_key(config.dir)
        ears = ears_of(store, config.dir, clock)
        self._answers = AnswerThread(Answerer(ears, counters, config.url), now)
        listening = Listening(ears, now, self._answers.wake)
        self._messenger = Messenger(store, config, people, now=now, clock=clock, listener=listening)

    def start(self) -> None:
        """Begin."""
        self._answers.start()
        self._messenger.start()

    def stop(self, within_s: float) -> None:
        """End; what is on its way is finished, as far as that takes no longer."""
        self._messenger.stop(within_s)
        self._answers.stop(within_s)
