"""Two shops of one database behind one hub, as other programs meet them: keys of each, and the real application."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.app import Hub
from hub.client.clock import Clock
from hub.config import Config
from hub.openapi import document
from hub.outside.keys import make_key
from hub.outside.operations import OPERATIONS, PREFIX
from hub.store.whole import HubStore
from hub.wire.snapshot import Shop
from tests.hub_house import NOON, House

ALL = (
    *("read", "campaign_edit", "campaign_publish", "device", "people", "shop", "import_data", "export_data"),
    *("erase", "api_keys", "backup", "members", "messages"),
)
OTHER = 8


class OutsideOffice:
    """The hub of shop 7 in whose database shop 8 is too."""

    def __init__(self, folder: Path, database: str = "", *, with_site: bool = False) -> None:
        self.house = House(folder, database)
        self.folder = folder
        self.now = NOON
        shop = self.house.store.shop.get()
        assert shop is not None
        other = Shop(OTHER, {"en": "Elsewhere", "zh": "别处"}, timezone="Asia/Shanghai", currency="CNY")
        self.house.store.of_shop(OTHER).shop.save(other, NOON)
        clock = Clock(wall=lambda: self.now, ntp=lambda: True)
        self.hub = Hub(Config(folder, database=database, worker=False), clock=clock, with_site=with_site)
        self.store: HubStore = self.hub.store
        self.client: FlaskClient = self.hub.app.test_client()

    def key(self, *scopes: str, shop: int = 7, name: str = "Cash desk") -> str:
        store = self.store if shop == 7 else self.store.of_shop(shop)
        made = make_key(store, name, scopes, "Ada", self.now)
        assert isinstance(made, tuple), made
        return made[1]

    def ask(self, method: str, path: str, key: str = "", body: object = None, **headers: str) -> TestResponse:
        sent: dict[str, Any] = {"Authorization": f"Bearer {key}"} if key else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else msgspec.json.encode(body)
        content = {"content_type": "application/json"} if body is not None else {}
        response = self.client.open(f"/api/v1{path}", method=method, headers=sent, data=data, **content)  # type: ignore[arg-type]  # werkzeug's own types of keywords
        check_document(method, path, response)
        return response

    def close(self) -> None:
        self.hub.close()
        self.house.close()


def check_document(method: str, path: str, response: TestResponse) -> None:
    """Every answer is as the document says it: its status is named there, its content is of the type that it has there."""
    operation = next(
        (
            one
            for one in OPERATIONS
            if one.method == method
            and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one.path), path.partition("?")[0])
        ),
        None,
    )
    if operation is None:
        assert response.status_code in (404, 405), (method, path, response.status_code)
        return
    whole = document()
    described = whole["paths"][PREFIX + operation.path][method.lower()]["responses"]
    assert str(response.status_code) in described, (
        method,
        path,
        response.status_code,
        response.get_data()[:300],
    )
    ((kind, content),) = described[str(response.status_code)]["content"].items()
    assert response.mimetype == kind, (method, path, response.mimetype)
    if kind.endswith("json"):
        schema = {**content["schema"], "components": whole["components"]}
        jsonschema_rs.validate(schema, response.get_json())


def terms(**changes: object) -> dict[str, object]:
    """An offer as a program sends it."""
    plain: dict[str, object] = {
        "title": {"en": "Coffee", "zh": "咖啡"},
        "value": {"kind": "amount", "cents": 150},
        "starts_at": int(NOON) - 60,
        "ends_at": int(NOON) + 86_400,
    }
    return plain | changes
