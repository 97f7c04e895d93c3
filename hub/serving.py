"""Serves the hub: the application, the jobs, the public site's exchange; stops in order."""

from __future__ import annotations

import argparse
import gc
import os
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hub.app import Hub
from hub.client.clock import Clock
from hub.client.serving import listen
from hub.client.serving import serve as answer
from hub.config import Config
from hub.console import show
from hub.following import Follower
from hub.jobs import start_jobs
from hub.messages.running import Messages
from hub.safety.child import ShipProcess
from hub.upstream.relaying import UpstreamSyncer
from hub.watching.teller import AlarmThread
from hub.working import Worker, WorkerThread

if TYPE_CHECKING:
    from hub.tls import TlsServer

STOP_WITHIN_S = 5

YOUNG_OBJECTS = 20_000
"""A batch of 500 facts makes some thousand objects and lets go of all of them: no need to look for cycles five times."""


def settle() -> None:
    """What is there now stays: the collector need not walk it while a till waits."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


def tls_of(config: Config, hub: Hub) -> TlsServer:
    """The same application over TLS on a port of its own, answering already; ServeError where that cannot be."""
    from hub.tls import TlsServer, own_certificate

    names = dict.fromkeys(filter(None, (urlsplit(config.url).hostname, socket.gethostname(), "localhost")))
    certificate = own_certificate(config.dir, hub.key, names, hub.clock.now())
    tls = TlsServer(hub.app, config.host, config.tls, certificate, config.threads)
    tls.start()
    show(f"Over TLS it answers at port {tls.port}")
    return tls


def messages_of(config: Config, hub: Hub) -> Messages:
    """What sends, hears and answers in this process."""
    counters = [hub.site.desk("sms"), hub.site.desk("link")] if hub.site is not None else []
    return Messages(hub.store, config, now=hub.clock.now, clock=hub.clock.state, counters=counters)


def serve(config: Config, _args: argparse.Namespace, clock: Clock | None = None) -> int:
    """Answer until SIGTERM or Ctrl-C; then the requests under way are finished, the last facts kept, the files closed.

    `clock`: another one than the machine's, for those who play days in seconds.
    """
    listening = listen(config.host, config.port)
    try:
        hub = Hub(config, clock=clock)
    except Exception:
        listening.close()
        raise
    # It ships what is written from the first request on, and what was written while nobody served.
    shipping = ShipProcess(config)
    shipping.start()
    jobs = start_jobs(hub.store, hub.clock.now)
    worker = WorkerThread(Worker(hub.store, config, now=hub.clock.now)) if config.worker else None
    if worker is not None:
        worker.start()
    if hub.site is not None:
        # The first shopper is to see offers, not an empty page.
        hub.site.exchange.once()
        hub.site.syncer.start()
    messages = messages_of(config, hub) if config.worker else None
    if messages is not None:
        messages.start()
    tls = tls_of(config, hub) if config.tls else None
    above = UpstreamSyncer(hub.head_office, hub.store, f"{os.uname().nodename}-{os.getpid()}")
    above.start()
    alarms = AlarmThread(hub.store, config, hub.troubles, hub.clock.now)
    alarms.start()
    follower = Follower(hub.store)
    settle()
    try:
        answer(
            hub.app,
            listening,
            threads=config.threads,
            proxy=config.proxy,
            ready=lambda address: show(f"The hub answers at {address}"),
        )
    finally:
        if tls is not None:
            tls.stop()
        if hub.site is not None:
            hub.site.syncer.stop(STOP_WITHIN_S)
        if messages is not None:
            messages.stop(STOP_WITHIN_S)
        if worker is not None:
            worker.stop(STOP_WITHIN_S)
        above.stop(STOP_WITHIN_S)
        alarms.stop(STOP_WITHIN_S)
        jobs.shutdown(wait=True)
        follower.close()
        hub.close()
        shipping.stop()
    follower.follow()
    return 0
