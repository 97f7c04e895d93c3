"""Somebody at the office's browser, for tests: the manager's pages over a whole hub, by the forms that they show."""

from __future__ import annotations

import html
import io
import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from hub.admin import create_admin
from hub.pepper import hub_pepper
from tests.hub_house import House

PASSWORD = "seven green kettles"


class Office:
    """Somebody at the office's browser, by the forms that the pages show."""

    def __init__(self, house: House, **more: Any) -> None:
        """`more`: what else the pages work with, as `create_admin` takes it."""
        self.house = house
        app = Flask("office")
        app.testing = True
        app.register_blueprint(
            create_admin(
                house.store, house.key, pepper=lambda: hub_pepper(house.folder), now=lambda: house.now, **more
            ),
            url_prefix="/manage",
        )
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **options: object) -> TestResponse:
        return self.client.get(f"/manage{path}", **options)

    def post(self, path: str, form: object = None, page: str | None = None) -> TestResponse:
        """Send a form with the token of the page on which it stands."""
        shown = self.get(page or path).get_data(as_text=True)
        found = re.search(r'name="form_token" value="([0-9a-f]{64})"', shown)
        assert found, shown
        fields = MultiDict(form or {})  # type: ignore[arg-type]
        fields["form_token"] = found[1]
        return self.client.post(f"/manage{path}", data=fields)

    def log_in(self, password: str = PASSWORD) -> TestResponse:
        return self.post("/login", {"name": "Ines", "password": password})


def words(answer: TestResponse) -> str:
    """What a reader of a page sees, more or less."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))).split())


def picture(size: tuple[int, int] = (800, 600)) -> tuple[io.BytesIO, str]:
    out = io.BytesIO()
    Image.new("RGB", size, "#c98a4b").save(out, "JPEG")
    return io.BytesIO(out.getvalue()), "tart.jpg"


def offer_form(**changes: object) -> MultiDict[str, object]:
    form: MultiDict[str, object] = MultiDict(
        {
            "title_en": "A free croissant",
            "title_zh": "送可颂",
            "value_kind": "amount",
            "amount": "2.50",
            "starts": "2026-11-18T00:00",
            "ends": "2026-12-18T00:00",
            "lasts_days": "14",
            "offline": "rights",
            "action": "draft",
        }
    )
    for channel in ("portal", "kiosk"):
        form.add("channels", channel)
    for name, value in changes.items():
        form[name] = value
    return form
