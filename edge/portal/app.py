"""The portal's application: the shopper's pages for phones, and its health."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, jsonify

from edge.portal.health import look
from edge.portal.installer.pages import Installer, create_installer
from hub.client.clock import Clock
from hub.client.desk import NodeDesk
from hub.client.node import Node
from hub.client.outbox import Outbox
from hub.client.shelf import Shelf
from hub.client.warnings import report
from hub.storefront import create_storefront
from hub.wire.snapshot import Text

MAX_FORM_BYTES = 16_384
"""A form of the shopper's pages has a few short fields."""


def create_app(
    node: Node,
    outbox: Outbox,
    shelf: Shelf,
    clock: Clock,
    *,
    notice: Callable[[], Text] = dict,
    installer: Installer | None = None,
) -> Flask:
    """The portal around a node's disk. The edge, on the same disk, carries what happens here to the hub.

    With `installer` the installer's pages are there too, at /installer.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    desk = NodeDesk(outbox.pool, node, outbox, shelf, "portal", notice=notice, clock=clock)
    app.register_blueprint(create_storefront(desk, surface="phone", now=clock.now, inline_style=True))
    if installer is not None:
        app.register_blueprint(create_installer(installer), url_prefix="/installer")

    @app.get("/healthz")
    def healthz() -> tuple[Response, int]:
        made_at = shelf.made_at()
        told = report("portal", look(enrolled=True, has_snapshot=made_at is not None))
        told |= {"ok": made_at is not None, "snapshot_made_at": made_at}
        # For the staff it is a warning that passes; a phone has nothing to look at until then.
        return jsonify(told), 503 if made_at is None else 200

    return app
