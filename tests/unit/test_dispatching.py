"""One warm thread answers requests that come one after the other; many at once are answered by many."""

from __future__ import annotations

import threading
import time

from waitress.task import Task

from hub.client.dispatching import LatestFirst, dispatcher_of

WITHIN_S = 10


class Waiting(Task):
    """What a server hands to a thread; it may be held up."""

    def __init__(self, let_go: threading.Event | None = None) -> None:
        self.let_go = let_go
        self.begun, self.done = threading.Event(), threading.Event()
        self.thread = ""

    def service(self) -> None:
        self.thread = threading.current_thread().name
        self.begun.set()
        if self.let_go is not None:
            assert self.let_go.wait(WITHIN_S)
        self.done.set()

    def cancel(self) -> None:
        """Nothing is left to do."""


def all_asleep(condition: LatestFirst, count: int) -> bool:
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        with condition:
            if len(condition._asleep) == count:
                return True
        time.sleep(0.001)
    return False


def test_one_after_the_other_is_answered_by_one_thread_and_many_at_once_by_many() -> None:
    dispatcher = dispatcher_of(4)
    condition = dispatcher.queue_cv
    assert isinstance(condition, LatestFirst)
    try:
        used = set()
        for _ in range(20):
            assert all_asleep(condition, 4)
            task = Waiting()
            dispatcher.add_task(task)
            assert task.done.wait(WITHIN_S)
            used.add(task.thread)
        assert len(used) == 1

        let_go = threading.Event()
        held = [Waiting(let_go) for _ in range(6)]
        for task in held:
            dispatcher.add_task(task)
        assert all(task.begun.wait(WITHIN_S) for task in held[:4])
        assert not any(task.begun.is_set() for task in held[4:])
        let_go.set()
        assert all(task.done.wait(WITHIN_S) for task in held)
        assert len({task.thread for task in held[:4]}) == 4
        assert all_asleep(condition, 4)
    finally:
        dispatcher.shutdown(timeout=WITHIN_S)
        assert not dispatcher.threads
