"""The kiosk's application: the shopper's screen at `/`, the till at `/till`, and how it is at `/healthz`."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, jsonify

from hub.client.serving import listen
from hub.client.serving import serve as answer
from kiosk.counter import Counter
from kiosk.health import report
from kiosk.screen import create_screen
from kiosk.tillpage.blueprint import LET_GO, create_till


class _InMemory(Request):
    """Uploads stay in memory, within the limit that the till sets: a full disk must not keep a picture from being read."""

    def _get_file_stream(self, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO()


def create_app(counter: Counter) -> Flask:
    """The application around a counter; starts nothing."""
    app = Flask(__name__, static_folder=None)
    app.request_class = _InMemory
    app.config["MAX_CONTENT_LENGTH"] = 2**20
    app.register_blueprint(create_screen(counter))
    app.register_blueprint(create_till(counter))
    app.add_url_rule("/healthz", "healthz", lambda: _healthz(counter))
    return app


def _healthz(counter: Counter) -> Response:
    health = report(counter.node.name, counter.condition(), counter.watcher.look())
    health["devices"] = [device.as_json() for device in counter.devices.states()]
    response = jsonify(health)
    response.status_code = 503 if health["status"] == "error" else 200
    response.headers["Cache-Control"] = "no-store"
    return response


def serve(counter: Counter, ready: Callable[[str], None]) -> None:
    """Answer until SIGTERM or SIGINT, then end in order. `ready` gets the address. ServeError where it is taken."""
    listening = listen(counter.config.host, counter.config.port)
    app = create_app(counter)
    counter.start()
    answer(app, listening, threads=counter.config.threads, ready=ready, leaving=app.extensions[LET_GO])
    counter.stop()
