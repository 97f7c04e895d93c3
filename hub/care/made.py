"""The means of walking plans, as a worker of a hub has them: its people, and the hub's own node for coupons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hub.care.means import Given, Means
from hub.care.walking import gives, plan_of
from hub.client.clock import Clock
from hub.config import Config
from hub.devices import hub_key
from hub.members.book import Book
from hub.members.people_key import people_key
from hub.messages.people import People
from hub.store.whole import HubStore
from hub.wire.coupon import show_code
from hub.wire.fact import Medium
from hub.wire.rules import Refused


def means_of(store: HubStore, config: Config) -> Means:
    """What a turn works with, but for coupons."""
    key = people_key(config.dir)
    book, people = Book(store, key), People(store, key, config.url)

    def reached(member: str, medium: Medium) -> bool:
        return bool(people.address(member, medium))

    return Means(store, book.fields, reached, book.born_on, clock=Clock().state())


@contextmanager
def with_coupons(means: Means, store: HubStore, config: Config, now: float) -> Iterator[Means]:
    """The same with the hub's own node for coupons, where somebody is due in a plan that gives some; what it gave is told to the
    hub at the end."""
    if not any(gives(plan_of(store, *one)) for one in store.care.due_versions(now)):
        yield means
        return
    with _coupons(store, config, means) as giving:
        yield giving


@contextmanager
def _coupons(store: HubStore, config: Config, means: Means) -> Iterator[Means]:
    from hub.app import create_api_app
    from hub.site import Site

    home = store.shop.number
    if config.shop not in (0, home):
        # The hub's own node stands in the shop of which its pages are: the others give no coupons of their own accord.
        yield _without(means)
        return
    hub, clock = hub_key(config.dir), Clock()
    site = Site(store, hub, config.dir, create_api_app(store, hub, clock, config.dir), clock)
    base = config.url.rstrip("/")
    try:
        if site.node.shop != home:
            yield _without(means)
            return
        site.exchange.drain()
        desk = site.desk("shell")

        def give(member: str, campaign: int, request: str, at: float) -> Given | None:
            issued = desk.take(campaign, request, at, member=member, way="sms")
            if isinstance(issued, Refused):
                return None
            serial = issued.coupon.serial
            return Given(serial, f"{base}/coupon/{serial}" if base else show_code(issued.code))

        yield replace(means, give=give)
        site.exchange.drain()
    finally:
        site.close()


def _without(means: Means) -> Means:
    return replace(means, give=lambda _member, _campaign, _request, _now: None)
