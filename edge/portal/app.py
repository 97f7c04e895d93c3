"""The portal's application: the pop-up, the offers, the ways in, the staff's and the installer's pages, its health."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, jsonify, request

from edge.portal import capport
from edge.portal.config import Config
from edge.portal.front import Door, Front, OwnNames, Wsgi
from edge.portal.health import look
from edge.portal.installer.pages import Installer, create_installer
from edge.portal.keeper import Keeper, whose
from edge.portal.looking import api_reason, holding
from edge.portal.tls import Certificates
from edge.portal.ways.desk import WaysDesk, WaySettings
from edge.portal.ways.staff.entrance import StaffEntrance
from edge.portal.ways.staff.pages import Staff, create_staff
from edge.portal.ways.store import WaysStore
from edge.portal.ways.vouchers import Vouchers
from edge.portal.welcome.notes import Ask, Notes, nobody
from edge.portal.welcome.pages import Welcome, create_welcome, foot_links
from hardware.modem.modem import Modem
from hub.client.clock import Clock
from hub.client.desk import NodeDesk
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.shelf import Shelf
from hub.client.warnings import report
from hub.storefront import create_storefront
from hub.storefront.wallets import read_wallets
from hub.wire.snapshot import Shop, Text

MAX_FORM_BYTES = 16_384
"""A form of the shopper's pages has a few short fields."""

NAMELESS = Shop(0, {})


@dataclass(frozen=True, slots=True)
class House:
    """What the portal is made of. `keeper` lets phones through; `certificates` is None where none is set."""

    config: Config
    node: Node
    outbox: Outbox
    shelf: Shelf
    clock: Clock
    keeper: Keeper
    notice: Callable[[], Text] = dict
    installer: Installer | None = None
    certificates: Certificates | None = None
    modem: Modem | None = None
    ask_notes: Ask = nobody


@dataclass(frozen=True, slots=True)
class Portal:
    """The portal, ready to be served. `app` is the pages alone, `wsgi` is them behind the door, `front` is that door."""

    app: Flask
    wsgi: Wsgi
    front: Front
    ways: WaysDesk
    notes: Notes

    def close(self) -> None:
        """Let go of what the ways in and the pop-up hold."""
        self.notes.close()
        self.ways.close()


def create_portal(house: House) -> Portal:
    """The portal around a node's disk. The edge, on the same disk, carries what happens here to the hub."""
    config, clock, keeper, pool = house.config, house.clock, house.keeper, house.outbox.pool
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    desk = NodeDesk(pool, house.node, house.outbox, house.shelf, "portal", notice=house.notice, clock=clock)
    store = WaysStore(pool)
    ways = WaysDesk(
        store,
        house.outbox,
        house.shelf,
        way_settings(config),
        node=house.node,
        keeper=keeper,
        modem=house.modem,
    )
    welcome = Welcome(
        desk,
        keeper,
        ways,
        clock.now,
        portal=config.name,
        ssid=config.ssid,
        venue_url=config.venue_url,
        contact=config.contact,
        notes=Notes(house.ask_notes),
    )
    staff = Staff(
        keeper,
        Vouchers(store),
        StaffEntrance(
            pool,
            house.shelf.staff,
            clock.now,
            pepper=lambda: house.shelf.pepper(house.node),
            chain_pepper=lambda: house.shelf.chain_pepper(house.node),
        ),
        lambda: house.shelf.shop() or NAMELESS,
        clock.now,
        os.urandom,
        house.notice,
        house.modem,
    )
    app.register_blueprint(create_welcome(welcome))
    app.register_blueprint(
        create_storefront(
            desk,
            now=clock.now,
            inline_style=True,
            home="/offers",
            foot_links=foot_links,
            wallets=read_wallets(config.wallets),
            joiner=ways.joiner,
            whose=lambda: whose(keeper, request.remote_addr or "", clock.now()),
        )
    )
    app.register_blueprint(create_staff(staff), url_prefix="/staff")
    if house.installer is not None:
        app.register_blueprint(create_installer(house.installer), url_prefix="/installer")
    _add_own(app, house)
    machine = socket.gethostname()
    door = Door(
        keeper,
        OwnNames((config.name, "localhost", machine, f"{machine}.local"), time.monotonic),
        f"http://{config.name}/",
        welcome.front,
        clock.now,
        lambda: clock.state() != "unset",
    )
    front = Front(door)
    return Portal(app, front.around(app), front, ways, welcome.notes)


def way_settings(config: Config) -> WaySettings:
    """What the ways in give, as it was set."""
    return WaySettings(
        config.ways,
        config.minutes,
        config.extensions,
        config.mbytes,
        config.down_kbytes,
        config.up_kbytes,
        config.country,
    )


def _add_own(app: Flask, house: House) -> None:
    """Health, and the Captive Portal API."""
    config, clock, keeper = house.config, house.clock, house.keeper

    @app.get("/healthz")
    def healthz() -> tuple[Response, int]:
        made_at, now = house.shelf.made_at(), clock.now()
        more = holding(keeper, house.certificates, clock, now)
        told = report("portal", look(enrolled=True, has_snapshot=made_at is not None, more=more, now=now))
        told |= {"ok": made_at is not None, "snapshot_made_at": made_at}
        # For the staff it is a warning that passes; a phone has nothing to look at until then.
        return jsonify(told), 503 if made_at is None else 200

    @app.get(capport.PATH)
    def captive() -> Response:
        now = clock.now()
        reason = api_reason(keeper.has_gate, house.certificates, now)
        if reason is not None:
            return Response(reason["en"] + "\n", 404, {"Cache-Control": "no-store"}, mimetype="text/plain")
        portal = capport.portal_url(config.name, config.tls_port)
        body = capport.body_of(
            keeper.standing(request.remote_addr or "", now),
            now,
            portal,
            config.venue_url or portal + "offers",
        )
        return Response(body, headers={"Cache-Control": capport.CACHING}, content_type=capport.MEDIA_TYPE)
