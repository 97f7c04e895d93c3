"""Everybody asks everything that the document names: nothing breaks, nothing leaks, no change gets through without its right."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import TestResponse

from hub.members.book import Book
from hub.members.joining import join_here
from hub.members.merging import merge
from hub.members.people_key import people_key
from hub.openapi import document
from hub.outside.operations import OPERATIONS, PREFIX
from hub.outside.webhooks import add_webhook
from hub.people import add_staff
from hub.roles import RIGHTS, Role
from hub.segments.definition import read_definition
from hub.segments.keeping import define as define_segment
from hub.segments.keeping import latest
from hub.wire.identity import sign_request
from hub.wire.sync_members import Fields
from hub.work import submit
from tests.hub_house import House, HouseNode, campaign
from tests.outside_office import OTHER, OutsideOffice
from tests.prove import Verdict

NAME = "outsiders"
PROMISE = (
    "Asked everything in its document by anybody, the hub never fails, tells no shop's rows to another, and lets no change "
    "through without its right; each that it refuses is written down."
)
DEFAULT_SIZE = 20
CI_SIZE = 3

MARK = "zimtmarke7"
"""Stands in every name of the shop that others are not to see."""

UNTOUCHED = ("audit", "knock", "api_key", "api_answer")
"""Tables of the other shop in which a stranger's question may leave a trace: that it was refused."""

TEA = {"kind": "amount", "cents": 100}
BY_NAME = {(operation.method, PREFIX + operation.path): operation for operation in OPERATIONS}


@dataclass
class Told:
    """What was seen so far."""

    asked: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    refused: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Somebody:
    """Who asks: a key with its rights, a node, or nobody. `home`: whether its shop is the one with the marks."""

    name: str
    key: str = ""
    rights: frozenset[str] = frozenset()
    node: HouseNode | None = None
    home: bool = True


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` questions of each operation by each of eight, half of them about things that are there."""
    office = OutsideOffice(folder)
    try:
        real = _furnish(office)
        told = Told()
        everybody = _everybody(office)
        before = _rows(folder, 7)
        for who in sorted(everybody, key=lambda one: one.home):
            if who.home and before is not None:
                # Those of the other shop came first: nothing of this one may have moved.
                after = _rows(folder, 7)
                told.wrong += [f"other shop changed {name}" for name in before if before[name] != after[name]]
                before = None
            _ask_all(office, who, real, size, seed, told)
    finally:
        office.close()
    missed = sorted({operation.name for operation in OPERATIONS} - told.reached - {"getExport", "takeCoupon"})
    if missed:
        told.wrong.append(f"never answered with yes, so not looked at: {', '.join(missed)}")
    sentence = (
        f"{told.asked} questions by {len(everybody)}: {len(told.wrong)} wrong answers; {told.refused} changes refused for want "
        f"of a right and written down; {len(told.reached)} of {len(OPERATIONS)} operations said yes to whom they may."
    )
    figures = {
        "asked": told.asked,
        "statuses": dict(sorted(told.statuses.items())),
        "first_wrong": told.wrong[:5],
    }
    return Verdict(not told.wrong, sentence, figures)


def _furnish(office: OutsideOffice) -> dict[str, list[Any]]:
    """A shop with something of everything, each name with the mark."""
    house = office.house
    marked = campaign(2)
    house.publish(marked)
    for number in (3, 4, 5):
        named = campaign(number)
        house.store.campaigns.save(
            type(named)(
                **{name: getattr(named, name) for name in named.__struct_fields__ if name != "offer"},
                offer=type(named.offer)({"en": MARK}, {"en": MARK}, named.offer.value),
            ),
            "draft",
            office.now,
            MARK,
        )
    till = house.node(name=f"Till {MARK}")
    coupons = [till.mint() for _ in range(6)]
    till.report(*(fact for fact, _ in coupons))
    till.redeem(coupons[0][1], "nonce-0001", staff=MARK)
    add_staff(house.store, f"Ann {MARK}", None, office.now, who="Ada", pepper=bytes(32))
    for number in range(1, 6):
        made = add_webhook(
            *(office.store, office.hub.key, MARK, f"https://{MARK}.example/hook", ["coupon.issued"], "Ada"),
            office.now,
        )
        assert isinstance(made, tuple)
        office.store.webhooks.add(number, [(MARK, "coupon.issued", b"{}")], office.now)
        submit(office.store, "rebuild", {}, MARK, office.now)
        segment = define_segment(
            office.store,
            None,
            f"{MARK} {number}",
            MARK,
            read_definition('{"is": "listed"}'),
            office.now,
            MARK,
        )
        assert not isinstance(segment, dict), segment
    return {
        "number": [1, 2, 3, 4, 5],
        "message": [1],
        "member": _members(office),
        "serial": [fact.serial for fact, _ in coupons],
        "device": [till.device],
        "text": [token for _, token in coupons],
    }


def _members(office: OutsideOffice) -> list[str]:
    """Members with the mark as their names."""
    book = Book(office.store, people_key(office.house.folder))
    members = [f"{number:032x}" for number in range(1, 9)]
    for member in members:
        join_here(
            book,
            member,
            Fields(name=f"{MARK} {member[-1]}"),
            way="office",
            place="Office",
            language="en",
            agreed=(),
            now=office.now,
            clock="ntp",
        )
    for place, into in enumerate(members[:-1]):
        twin = f"{place + 100:032x}"
        join_here(
            book,
            twin,
            Fields(name=MARK),
            way="office",
            place="Office",
            language="en",
            agreed=(),
            now=office.now,
            clock="ntp",
        )
        merge(book, twin, into, act=f"{place:08x}", by="Ada", now=office.now, clock="ntp")
    return members


def _everybody(office: OutsideOffice) -> list[Somebody]:
    rights = {role: frozenset(right.value for right in RIGHTS[role]) for role in Role}
    keys = [
        Somebody(role.value, office.key(*sorted(rights[role]), name=role.value), rights[role])
        for role in Role
    ]
    elsewhere = Somebody(
        "owner elsewhere", office.key(*sorted(rights[Role.OWNER]), shop=OTHER), rights[Role.OWNER], home=False
    )
    other = House.__new__(House)
    other.__dict__ |= office.house.__dict__
    other.store = office.house.store.of_shop(OTHER)
    return [
        Somebody("nobody"),
        Somebody("staff", f"{office.house.store.people.staff()[0].id}:1234"),
        *keys,
        Somebody("node", node=office.house.node(name="Till 9")),
        elsewhere,
        Somebody("node elsewhere", node=other.node(name="Till there"), home=False),
    ]


def _ask_all(
    office: OutsideOffice, who: Somebody, real: dict[str, list[Any]], size: int, seed: int, told: Told
) -> None:
    schema = schemathesis.openapi.from_dict(document())
    for place, result in enumerate(schema.get_all_operations()):
        operation = result.ok()

        @seeded(seed * 1_000 + place)
        @settings(
            max_examples=size,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            told.asked += 1
            response = _send(office, who, case, real, told)
            _judge(office, who, case, response, told)

        ask()


def _send(
    office: OutsideOffice, who: Somebody, case: schemathesis.Case, real: dict[str, list[Any]], told: Told
) -> TestResponse:
    """Half of the questions are about what is there; these ask plainly until somebody was told."""
    office.now += 120.0
    office.house.now = office.now
    if told.asked % 2:
        _point(office, case, real, told.asked // 2)
        operation = BY_NAME.get((case.method, case.path))
        if case.method == "GET" and operation is not None and operation.name not in told.reached:
            case.query = {}
    sent = case.as_transport_kwargs(base_url="http://hub")
    headers = {str(name): str(value) for name, value in (sent.get("headers") or {}).items()}
    body = sent["data"] if sent.get("data") is not None else b""
    if sent.get("json") is not None:
        body = json.dumps(sent["json"]).encode()
    path = case.formatted_path
    for name in ("Authorization", "Shopbell-Device", "Shopbell-Counter", "Shopbell-Signature"):
        headers = {key: value for key, value in headers.items() if key.lower() != name.lower()}
    if who.key:
        headers["Authorization"] = f"Bearer {who.key}"
    if who.node is not None:
        who.node.counter += 1
        headers |= sign_request(who.node.key, who.node.device, who.node.counter, case.method, path, body)
    return office.client.open(
        path, method=case.method, headers=headers, data=body, query_string=sent.get("params") or {}
    )


def _point(office: OutsideOffice, case: schemathesis.Case, real: dict[str, list[Any]], turn: int) -> None:
    """Let a question be about something that is there, with an offer that could be."""
    for name in case.path_parameters or {}:
        # One may be removed; the others are there for whoever asks after that.
        there = real[name]
        case.path_parameters[name] = (
            there[-1] if case.method == "DELETE" else there[turn % (len(there) - 1 or 1)]
        )
    body = case.body
    if not isinstance(body, dict):
        return
    if "text" in body and case.path.startswith("/v1/"):
        body["text"] = real["text"][turn % len(real["text"])]
    _point_at_members(office, case, body, real["member"], turn)
    if "campaign" in body:
        body["campaign"] = 1
    if "kinds" in body:
        body |= {"name": "Stock", "url": "https://stock.example/told", "kinds": ["coupon.redeemed"]}
    if "version" in body and "terms" in body:
        record = office.store.campaigns.get((case.path_parameters or {}).get("number", 1))
        body["version"] = record.version if record is not None else 1
    terms = body.get("terms", body)
    if isinstance(terms, dict) and "starts_at" in terms:
        # Nothing else, so that it is taken: what else there may be is asked by the other half of the questions.
        terms.clear()
        terms |= {"title": {"en": "Tea"}, "starts_at": 1, "ends_at": 2**33, "offline": "refuse", "value": TEA}


def _point_at_members(
    office: OutsideOffice, case: schemathesis.Case, body: dict[str, Any], members: list[str], turn: int
) -> None:
    """The same for members and segments."""
    if "into" in body:
        body |= {"into": members[(turn + 1) % len(members)], "act": f"{turn + 1_000:08x}"}
    elif case.path.endswith("/part"):
        body["act"] = f"{turn % (len(members) - 1):08x}"
    elif "fields" in body:
        body |= {"fields": {"name": "Tea"}, "language": "en", "member": ""}
    elif case.method == "PUT" and case.path.endswith("/members/{member}"):
        body.clear()
        body["name"] = "Tea"
    if "definition" in body:
        number = (case.path_parameters or {}).get("number", 0)
        body["definition"] = {"is": "listed"}
        body |= {"name": f"Regulars {turn}"} if "name" in body else {}
        there = office.store.segments.get(number)
        body |= {"version": latest(there) if there is not None else 1} if "version" in body else {}
    if case.path.endswith("/list"):
        body["members"] = members[:2]


def _judge(
    office: OutsideOffice, who: Somebody, case: schemathesis.Case, response: TestResponse, told: Told
) -> None:
    status, text = response.status_code, response.get_data()
    told.statuses[f"{who.name} {status}"] += 1
    place = f"{who.name}: {case.method} {case.formatted_path}: {status}"
    if status >= 500:
        told.wrong.append(f"{place} {text[:200]!r}")
    if not who.home and MARK.encode() in text:
        told.wrong.append(f"{place} tells what is another shop's: {text[:200]!r}")
    try:
        case.validate_response(
            response,
            checks=[status_code_conformance, content_type_conformance, response_schema_conformance],
        )
    except Exception as wrong:
        told.wrong.append(f"{place} is not as the document says: {str(wrong)[:300]}")
    operation = BY_NAME.get((case.method, case.path))
    if operation is None:
        return
    if status < 300:
        told.reached.add(operation.name)
    if operation.right.value in who.rights:
        return
    if status not in (401, 403):
        told.wrong.append(f"{place} although it has no right to {operation.right.value}")
    elif operation.writes:
        told.refused += 1
        store = office.store if who.home or not who.key else office.store.of_shop(OTHER)
        latest = store.people.audit(limit=1)
        if not latest or (latest[0].what, latest[0].subject, latest[0].at) != (
            "api.refused",
            operation.name,
            office.now,
        ):
            told.wrong.append(f"{place} was refused and not written down")


def _rows(folder: Path, shop: int) -> dict[str, str]:
    """A digest of every row of a shop, by table."""
    found = {}
    with closing(sqlite3.connect(os.fspath(folder / "hub.db"))) as conn:
        tables = [
            name
            for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        for table in tables:
            columns = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
            if "shop" in columns and table not in UNTOUCHED:
                rows = conn.execute(f"SELECT * FROM {table} WHERE shop = ? ORDER BY 1, 2", (shop,)).fetchall()
                found[table] = hashlib.sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()
    return found
