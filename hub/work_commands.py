"""What `python -m hub work` and the commands of long work do: a worker as a process, and work that a terminal waits for."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing

from hub.app import open_store
from hub.client.clock import Clock
from hub.client.watchdog import notify
from hub.config import Config
from hub.console import CommandError, show
from hub.following import Follower
from hub.messages.running import Messages
from hub.store.whole import HubStore
from hub.store.work_records import Work
from hub.work import cancel, result_of, submit
from hub.working import Worker

WHO = "command line"
LOOK_EVERY_S = 0.2
MESSAGES_S = 5.0
"""How long a message that is on its way may hold up the end."""


def work(config: Config, _args: argparse.Namespace) -> int:
    """Do long work until SIGTERM or Ctrl-C; what is under way then is begun again by another worker."""
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        worker = Worker(store, config, alive=lambda: notify("WATCHDOG=1"))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        follower = Follower(store)
        clock = Clock()
        messages = Messages(store, config, now=clock.now, clock=clock.state)
        messages.start()
        show(f"Worker {worker.name} looks for work.")
        notify("READY=1")
        worker.run()
        notify("STOPPING=1")
        messages.stop(MESSAGES_S)
        follower.close()
    follower.follow()
    return 0


def rebuild_all(config: Config, _args: argparse.Namespace) -> int:
    """Derive everything again, while the shop goes on."""
    done = do_here(config, "rebuild", {})
    result = result_of(done)
    show(
        f"Derived everything again from {result['events']} events; {result['changed']} rows changed, "
        f"tills waited {result['held_s']} s at most."
    )
    return 0


def do_here(
    config: Config,
    kind: str,
    arguments: Mapping[str, object],
    *,
    prepare: Callable[[HubStore, int], object] = lambda _store, _number: None,
    fail: bool = True,
) -> Work:
    """Submit this and wait until it is done, by this process or by another worker; Ctrl-C cancels it.

    `prepare` puts in what it works on. CommandError where it failed, unless `fail` is False.
    """
    with closing(open_store(config.dir, config.database, config.shop)) as store:
        with store.writing():
            made = submit(store, kind, arguments, WHO, time.time())
            prepare(store, made.id)
        worker = Worker(store, config, alive=lambda: _tell(store, made.id))
        try:
            while True:
                there = store.work.get(made.id)
                if there is None or there.ended:
                    break
                # What was submitted before it comes first, whoever does it.
                if not worker.once([kind]):
                    time.sleep(LOOK_EVERY_S)
        except KeyboardInterrupt:
            _cancelled(store, made.id)
            raise
    if there is None or (fail and there.state != "done"):
        said = result_of(there).get("sentence") if there else None
        raise CommandError(str(said or "It was cancelled before it was done."))
    return there


def _cancelled(store: HubStore, number: int) -> None:
    cancel(store, number, time.time())
    there = store.work.get(number)
    if there is not None and there.state == "running":
        # It was this process that did it: nobody is left who would come to its next step.
        store.work.end(there.id, there.attempt, "cancelled", "{}", time.time())


def _tell(store: HubStore, number: int) -> None:
    """A line that is written over itself, for who sits before a terminal."""
    if not sys.stderr.isatty():
        return
    there = store.work.get(number)
    if there is not None and there.total:
        sys.stderr.write(f"\r{there.note}: {there.done} of {there.total} {there.unit}\x1b[K\r")
        sys.stderr.flush()
