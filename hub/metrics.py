"""`GET /metrics`: how the hub does, in numbers for Prometheus. Nothing of a person, no secret, and a bounded number of lines.

To be read from this machine, or with a token (`HUB_METRICS_TOKEN_FILE`). Where the hub has an https address somebody on this
machine speaks for everybody (a proxy), so there the token is asked of all.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import resource
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request

from hub.client.db import StorageError
from hub.client.warnings import Shown
from hub.config import Config
from hub.exposition import OPEN, PLAIN, Family, Sample, by_label, gauge, wants_open, write
from hub.health import WARNINGS
from hub.store.base import Store
from hub.store.sqlite import FILE

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper ends of the durations that are told apart; a till's answer should be in the first few."""

MOST_VALUES = 100
"""Of a label whose values devices make up: the most frequent ones; the rest stand under OTHER."""

OTHER = "other"
NO_ROUTE = "none"
"""The route of an address that is none of ours: whatever strangers ask for is one line."""

_EVER_S = 1e11
_REFUSED = "Metrics are read on this machine, or with the token in HUB_METRICS_TOKEN_FILE as Authorization: Bearer.\n"


class Answers:
    """Counts answers by route and class of status, and how long each route took. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._slots: dict[str, list[int]] = {}
        self._sums: Counter[str] = Counter()

    def count(self, route: str, status: int, seconds: float) -> None:
        """One answer; `route` is the rule of the address, never the address."""
        with self._lock:
            self._counts[route, f"{status // 100}xx"] += 1
            slots = self._slots.setdefault(route, [0] * (len(BUCKETS_S) + 1))
            slots[bisect_left(BUCKETS_S, seconds)] += 1
            # In whole microseconds: a sum of floats would be one that never quite fits.
            self._sums[route] += max(0, round(seconds * 1e6))

    def families(self) -> Iterator[Family]:
        """What was counted so far."""
        with self._lock:
            counts = sorted(self._counts.items())
            slots = sorted((route, tuple(row)) for route, row in self._slots.items())
            sums = dict(self._sums)
        yield Family(
            "shopbell_http_answers",
            "counter",
            "Answers by route and class of status since the hub was started.",
            [
                Sample(count, (("route", route), ("status", status)), "_total")
                for (route, status), count in counts
            ],
        )
        samples = []
        for route, row in slots:
            so_far = 0
            for end, count in zip((*BUCKETS_S, float("inf")), row, strict=True):
                so_far += count
                label = "+Inf" if end == float("inf") else repr(end)
                samples.append(Sample(so_far, (("route", route), ("le", label)), "_bucket"))
            samples.append(Sample(so_far, (("route", route),), "_count"))
            samples.append(Sample(sums[route] / 1e6, (("route", route),), "_sum"))
        yield Family(
            "shopbell_http_duration_seconds",
            "histogram",
            "How long the hub took for an answer, by route.",
            samples,
        )


def mount_metrics(
    app: Flask,
    config: Config,
    store: Store,
    found: Callable[[float], list[Shown]],
    now: Callable[[], float],
) -> None:
    """Count every answer of this application, and tell the numbers at `/metrics`."""
    answers = Answers()
    started_at = now()

    @app.before_request
    def begin() -> None:
        g.metrics_began = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        began = g.pop("metrics_began", None)
        route = request.url_rule.rule if request.url_rule is not None else NO_ROUTE
        if began is not None:
            answers.count(route, response.status_code, time.perf_counter() - began)
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        """The numbers; 403 with a sentence for whoever may not read them."""
        if not may_read(request, config):
            response = Response(_REFUSED, 403, mimetype="text/plain")
        else:
            open_metrics = wants_open(request.headers.get("Accept", ""))
            families = (
                *_shop(store, now()),
                *_warnings(found(now())),
                *_machine(config, started_at),
                *answers.families(),
            )
            text = write(families, open_metrics=open_metrics)
            response = Response(text, content_type=OPEN if open_metrics else PLAIN)
        response.headers["Cache-Control"] = "no-store"
        return response


def may_read(asked: Request, config: Config) -> bool:
    """Whether the metrics are told to this client."""
    scheme, _, given = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and config.metrics_token:
        # Flask reads headers as Latin-1, in which every text has octets.
        return hmac.compare_digest(given.strip().encode("latin-1", "replace"), config.metrics_token.encode())
    if config.url.startswith("https:"):
        return False
    # The name too: a page in a browser of this machine may point a name of its own at 127.0.0.1.
    return _is_here(asked.remote_addr or "") and _is_here(_host(asked.host))


def _host(place: str) -> str:
    try:
        return urlsplit(f"//{place}").hostname or ""
    except ValueError:
        return ""


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _shop(store: Store, now: float) -> list[Family]:
    """What the database knows; where it cannot be read only that."""
    try:
        known = list(_counted(store, now))
    except StorageError:
        return [gauge("shopbell_database_readable", "1 where the database can be read.", 0)]
    return [gauge("shopbell_database_readable", "1 where the database can be read.", 1), *known]


def _counted(store: Store, now: float) -> Iterator[Family]:
    yield by_label(
        "shopbell_events", "counter", "Events taken, by kind.", "kind", _bounded(store.journal.kinds())
    )
    nodes = [device for device in store.devices.all() if device.withdrawn_at is None]
    yield Family(
        "shopbell_node_heard_seconds",
        "gauge",
        "Seconds since a node was heard; of one that never was, since it was enrolled.",
        [
            Sample(
                max(0.0, now - (node.enrolled_at if node.seen_at is None else node.seen_at)),
                (("node", node.device), ("program", node.program)),
            )
            for node in nodes
        ],
    )
    parked = sum(count for _device, count, _since in store.reports.parked_counts())
    yield gauge("shopbell_facts_parked", "Messages of nodes that could not be read and are kept.", parked)
    missing = sum(reach.highest - reach.taken for reach in store.journal.reach())
    yield gauge("shopbell_facts_missing", "Facts that have not arrived though later ones have.", missing)
    stand = sum(tally.redeemed for tally in store.ledger.tallies())
    yield gauge("shopbell_redemptions", "Redemptions that stand; one that is taken back leaves.", stand)
    refusals = store.reports.refusal_codes(0.0, _EVER_S)
    yield by_label(
        "shopbell_refusals", "counter", "Times a till said no, by code.", "code", _bounded(refusals)
    )


def _bounded(counts: dict[str, int]) -> list[tuple[str, float]]:
    most = Counter({name: count for name, count in counts.items() if name != OTHER}).most_common()
    rest = counts.get(OTHER, 0) + sum(count for _name, count in most[MOST_VALUES:])
    kept: list[tuple[str, float]] = sorted(most[:MOST_VALUES])
    return [*kept, (OTHER, rest)] if rest else kept


def _warnings(shown: Iterable[Shown]) -> Iterator[Family]:
    standing = Counter(one.code for one in shown)
    yield Family(
        "shopbell_warnings",
        "gauge",
        "Warnings that are shown now; every one that there is has a line.",
        [
            Sample(standing[warning.code], (("code", warning.code), ("severity", warning.severity.value)))
            for warning in WARNINGS
        ],
    )


def _machine(config: Config, started_at: float) -> Iterator[Family]:
    if not config.database:
        # A database server tells its own sizes.
        files = (config.dir / FILE, config.dir / f"{FILE}-wal")
        yield gauge("shopbell_database_bytes", "Size of the database with its log.", sum(map(_size, files)))
    try:
        disk = os.statvfs(config.dir)
        yield gauge("shopbell_disk_free_bytes", "Room on the hub's disk.", disk.f_bavail * disk.f_frsize)
    except OSError:
        pass  # The warnings tell what is wrong with it.
    yield gauge("process_resident_memory_bytes", "Memory that the hub's process holds.", _resident())
    spent = Sample(time.process_time(), suffix="_total")
    yield Family("process_cpu_seconds", "counter", "Time of processors that it used.", (spent,))
    yield gauge("process_start_time_seconds", "When the hub was started, in seconds of UTC.", started_at)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _resident() -> int:
    """Octets in memory now (proc(5)); where there is no /proc the most that it ever was."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
