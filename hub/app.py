"""The hub as one WSGI application: what nodes ask, the manager's pages, the public site, health."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, Response, request, url_for

from hub.air import with_beacon
from hub.api import create_api
from hub.client.clock import Clock
from hub.client.trouble import StorageError
from hub.client.warnings import Severity, Shown, outline, report, worst
from hub.config import Config
from hub.devices import hub_key
from hub.giving import Giver
from hub.health import look
from hub.members.erasing import forget_again
from hub.members.people_key import KeptPeopleKey, PeopleKey, no_people
from hub.metrics import may_read, mount_metrics
from hub.outward import NOWHERE, Outward, outward_of
from hub.pepper import KeptPepper, hub_pepper
from hub.rebuild import bring_up_to_date
from hub.sealed import Secret
from hub.store.sqlite import FILE, SqliteStore
from hub.store.whole import HubStore
from hub.storefront.headers import only_by_tls
from hub.upstream.below import BELOW
from hub.upstream.keeping import Keeping
from hub.upstream.relaying import HeadOffice, pepper_from_above
from hub.wire.snapshot import say

if TYPE_CHECKING:
    from hub.site import Site

logger = logging.getLogger(__name__)

CHECK_PINS = frozenset({"edge", "kiosk"})
"""Programs at which staff sign in."""


class NoShop(Exception):
    """There is no shop in this folder yet; the text says how to make one."""


class Hub:
    """All parts of one hub, opened together and closed together. StorageError or NoShop where they cannot be."""

    def __init__(self, config: Config, *, clock: Clock | None = None, with_site: bool | None = None) -> None:
        self.config = config
        self.clock = clock or Clock()
        self.store = open_store(config.dir, config.database, config.shop)
        self.key = hub_key(config.dir)
        self.site: Site | None = None
        self.head_office = HeadOffice(self.store, config.dir, self.clock)
        giver = Giver()
        api = create_api_app(self.store, self.key, self.clock, config.dir, giver, self.head_office)
        if config.site if with_site is None else with_site:
            from hub.site import Site

            self.site = Site(self.store, self.key, config.dir, api, self.clock)
        self.app = create_app(config, self.store, self.key, clock=self.clock, site=self.site, giver=giver)

    def troubles(self, now: float) -> list[Shown]:
        """What is wrong now, the gravest first."""
        return look(self.store, self.config, now)

    def close(self) -> None:
        """Close every file. May be called twice."""
        if self.site is not None:
            self.site.close()
        self.store.close()


def open_database(folder: Path, database: str = "", shop: int = 0) -> HubStore:
    """The hub's database, made where it is not there yet: the one at that URL (`HUB_DATABASE`), or a file in the folder.

    `shop`: the one of its shops that the store speaks for (`HUB_SHOP`); 0: the one with the lowest number.
    """
    if not database:
        store = SqliteStore(folder / FILE, shop)
        database = store.moved_to()
        if not database:
            return store
        store.close()
        logger.warning("the hub of %s is at %s now: set HUB_DATABASE to that", folder, database)
    try:
        from hub.store.postgres import PostgresStore
    except ImportError as wrong:
        raise StorageError(
            "HUB_DATABASE needs a library that is not installed: pip install 'shopbell[postgres]'"
        ) from wrong
    return PostgresStore(database, shop)


def open_store(folder: Path, database: str = "", shop: int = 0) -> HubStore:
    """The store of a hub that has a shop; NoShop where `python -m hub init` has not been run, or has not made this one."""
    if not database and not (folder / FILE).exists():
        raise _no_shop(folder, database)
    store = open_database(folder, database, shop)
    shops = store.shops()
    if store.shop.get() is None:
        store.close()
        raise _no_shop(folder, database, shop if shops else 0)
    for one in map(store.of_shop, shops):
        kept = one.shop.get()
        if kept is not None and kept.beacon_uuid is None:
            _name_on_air(one)
        bring_up_to_date(one)
        forget_again(one, folder, time.time())
    return store


def open_file(folder: Path, shop: int = 0) -> SqliteStore:
    """The store of a hub that has a shop in a file, to be moved elsewhere; also where it was. NoShop where there is none."""
    if not (folder / FILE).exists():
        raise _no_shop(folder, "")
    store = SqliteStore(folder / FILE, shop)
    if store.shop.get() is None:
        store.close()
        raise _no_shop(folder, "")
    return store


def _no_shop(folder: Path, database: str, shop: int = 0) -> NoShop:
    place = database or folder
    if shop:
        return NoShop(f"There is no shop {shop} in {place}. See: python -m hub --dir {folder} shop list")
    return NoShop(f"There is no shop in {place} yet. Make one: python -m hub --dir {folder} init --name NAME")


def _name_on_air(store: HubStore) -> None:
    """Give a shop that an earlier release made its UUID on Bluetooth, once, whoever else opens it at the same time."""
    with store.writing():
        shop = store.shop.get()
        if shop is not None:
            store.shop.save(with_beacon(shop, os.urandom(16)), store.shop.made_at())


def create_api_app(
    store: HubStore,
    key: Ed25519PrivateKey,
    clock: Clock,
    folder: Path | None = None,
    giver: Giver | None = None,
    above: HeadOffice | None = None,
    below_gb: int = 20,
    outward: Outward = NOWHERE,
    people: Callable[[], PeopleKey] | None = None,
) -> Flask:
    """The part that nodes meet, alone: the hub's own site reaches it in process.

    `folder`: where the hub keeps its secrets; without one none is sent. `giver`: shared by all parts of one hub.
    `below_gb`: room for the backup of each shop below. `people`: the key of personal fields, where it is not the folder's.
    """
    app = Flask("hub", static_folder=None)
    secrets = []
    if folder is not None:
        secrets.append(Secret("pepper", KeptPepper(folder), CHECK_PINS | {BELOW}))
    if above is not None:
        secrets.append(Secret("chain_pepper", lambda: pepper_from_above(store, above), CHECK_PINS))
    keeping = Keeping(folder, below_gb) if folder is not None else None
    app.register_blueprint(
        create_api(
            store,
            key,
            clock,
            secrets=secrets,
            giver=giver,
            above=above,
            keeping=keeping,
            people=people or (KeptPeopleKey(folder) if folder is not None else no_people),
            outward=outward,
        )
    )
    return app


def create_app(
    config: Config,
    store: HubStore,
    key: Ed25519PrivateKey,
    *,
    clock: Clock | None = None,
    site: Site | None = None,
    admin: bool = True,
    giver: Giver | None = None,
) -> Flask:
    """The whole application. `site` None: without the public pages; `admin` False: without the manager's."""
    clock = clock or Clock()
    above = HeadOffice(store, config.dir, clock)
    shop = store.shop.get()
    outward = outward_of(config, shop.timezone if shop is not None else "")
    app = create_api_app(store, key, clock, config.dir, giver, above, config.below_gb, outward)
    if config.url.startswith("https:"):
        app.after_request(only_by_tls)

    def found(now: float) -> list[Shown]:
        return look(store, config, now)

    mount_metrics(app, config, store, found, clock.now)
    _mount_health(app, config, found, clock.now)
    _mount_outside(app, config, store, key, clock, site)
    _mount_incoming(app, config, store, clock)
    if admin:
        _mount_admin(app, config, store, key, clock, found, outward)
    if site is not None:
        _mount_site(app, config, store, key, clock, site, outward)
    return app


def _mount_site(
    app: Flask,
    config: Config,
    store: HubStore,
    key: Ed25519PrivateKey,
    clock: Clock,
    site: Site,
    outward: Outward,
) -> None:
    """The public pages: offers, joining, the member's own."""
    from hub.members.doors import Doors, HubJoiner
    from hub.members.pages import create_member_pages
    from hub.storefront import create_storefront
    from hub.storefront.languages import gettext
    from hub.storefront.wallets import read_wallets

    desk = site.desk("link", config.notice)
    doors = Doors(store, KeptPeopleKey(config.dir), key, clock.state, outward, desk=desk)
    joiner = HubJoiner(doors)
    app.register_blueprint(
        create_storefront(
            desk,
            now=clock.now,
            wallets=read_wallets(config.wallets),
            joiner=joiner,
            foot_links=lambda: [(url_for("me.home"), gettext("My page"))],
        )
    )
    app.register_blueprint(create_member_pages(doors, joiner, clock.now))
    from hub.messages.links import create_links

    app.register_blueprint(create_links(store))
    if config.url.startswith("https:"):
        # Browsers subscribe on pages by TLS alone.
        from hub.messages.push import push_key
        from hub.messages.push_pages import PushPages, create_push_pages

        people = KeptPeopleKey(config.dir)
        pages = PushPages(store, people, lambda: push_key(config.dir), clock.now, clock.state)
        app.register_blueprint(create_push_pages(pages))


def _mount_outside(
    app: Flask, config: Config, store: HubStore, key: Ed25519PrivateKey, clock: Clock, site: Site | None
) -> None:
    from hub.outside.api import create_outside
    from hub.outside.asking import Hub as Outside

    desk = site.desk("link") if site is not None else None

    def issue(campaign: int, request: str, now: float, member: str) -> object:
        return desk.take(campaign, request, now, member=member) if desk is not None else None

    app.register_blueprint(
        create_outside(
            Outside(store, config, key, clock.now, clock.state, issue if desk is not None else None)
        )
    )


def _mount_incoming(app: Flask, config: Config, store: HubStore, clock: Clock) -> None:
    if not config.sms_secret:
        return
    from hub.messages.incoming import create_incoming
    from hub.messages.listening import Listening, ears_of

    ears = ears_of(store, config.dir, clock.state)
    app.register_blueprint(create_incoming(config.sms_secret, Listening(ears, clock.now), clock.now))


def _mount_admin(
    app: Flask,
    config: Config,
    store: HubStore,
    key: Ed25519PrivateKey,
    clock: Clock,
    found: Callable[[float], list[Shown]],
    outward: Outward,
) -> None:
    from hub.admin import create_admin

    pages = create_admin(
        store,
        key,
        pepper=lambda: hub_pepper(config.dir),
        now=clock.now,
        secure=bool(config.url and config.url.startswith("https:")),
        notice=lambda language: say(config.notice or {}, language) or None,
        warnings=found,
        url=config.url,
        clock=clock.state,
        folder=config.dir,
        home=config.country,
        outward=outward,
    )
    app.register_blueprint(pages, url_prefix="/manage")
    from hub.admin.board_shown import create_board

    app.register_blueprint(create_board(store, clock.now))


def _mount_health(
    app: Flask, config: Config, found: Callable[[float], list[Shown]], now: Callable[[], float]
) -> None:
    started = time.monotonic()

    @app.get("/healthz")
    def healthz() -> Response:
        """200 while the hub does its work, 503 where it cannot. The warnings in the shop's words are for whoever may read the
        metrics; others hear what kinds there are: a text may name a folder, a device, an address."""
        warnings = found(now())
        broken = worst(warnings) == Severity.ERROR
        told = report("hub", warnings) if may_read(request, config) else outline("hub", warnings)
        body = told | {
            "ok": not broken,
            "now": now(),
            "up_s": round(time.monotonic() - started, 1),
        }
        response = Response(msgspec.json.encode(body), 503 if broken else 200, mimetype="application/json")
        response.headers["Cache-Control"] = "no-store"
        return response
