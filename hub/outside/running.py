"""What other programs ask about the shop, its days, its devices, its people and its long work."""

from __future__ import annotations

from typing import TypeVar

from flask import Response

from hub.changing import turned
from hub.devices import PAIRING_S, open_pairing
from hub.outside.asking import Call, Refused, missing, page_from
from hub.outside.shapes import (
    ActPage,
    ActShown,
    ActsWanted,
    Days,
    DevicePage,
    DeviceShown,
    Nothing,
    Paging,
    PairingShown,
    PairingWanted,
    PersonPage,
    PersonShown,
    ProductPage,
    ProductShown,
    ShopShown,
    WorkPage,
    WorkShown,
)
from hub.report_shapes import Report, Visits
from hub.reports import (
    BadPeriod,
    Period,
    day_of,
    freshness,
    make_period,
    make_report,
    make_visits,
)
from hub.roles import Right
from hub.store.base import Store
from hub.store.work_records import Work
from hub.work import cancel, result_of
from hub.work_kinds import KINDS

T = TypeVar("T")


def shop(call: Call) -> ShopShown:
    """The shop."""
    found = call.store.shop.get()
    if found is None:
        raise missing("shop")
    return ShopShown(found.number, found.name, found.timezone, found.currency, tuple(found.languages))


def redemptions(call: Call) -> ActPage:
    """Redemptions in the hub's order."""
    query: ActsWanted = call.query
    found = call.store.outside.acts_after(
        page_from(query.cursor),
        float(query.since or 0),
        float(2**34 if query.until is None else query.until),
        query.campaign,
        query.limit + 1,
    )
    some = found[: query.limit]
    items = [ActShown(**{name: getattr(act, name) for name in ActShown.__struct_fields__}) for act in some]
    return ActPage(items, str(some[-1].position) if len(found) > len(some) else None)


def report(call: Call) -> Report:
    """What happened in these days."""
    return make_report(call.store, call.now, _period(call))


def visits(call: Call) -> Visits:
    """Who came in these days."""
    return make_visits(call.store, call.now, _period(call))


def _period(call: Call) -> Period:
    query: Days = call.query
    try:
        first = day_of(query.first_day) if query.first_day else None
        return make_period(call.store, call.now, first, day_of(query.last_day) if query.last_day else None)
    except (BadPeriod, OverflowError) as wrong:
        raise Refused(422, "bad_period", str(wrong)) from None


def devices(call: Call) -> DevicePage:
    """Devices by their names."""
    query: Paging = call.query
    lines = sorted(freshness(call.store, call.now), key=lambda line: line.device)
    some, after = _some(lines, [line.device for line in lines], query)
    items = [
        DeviceShown(**{name: getattr(one, name) for name in DeviceShown.__struct_fields__}) for one in some
    ]
    return DevicePage(items, after)


def pair(call: Call) -> PairingShown:
    """A code with which one new device comes in."""
    asked: PairingWanted = call.body
    with call.store.writing():
        code = open_pairing(call.store, call.hub.key, asked.program, call.now)
        call.note("device.pairing_opened", asked.program)
    return PairingShown(str(code), call.now + PAIRING_S)


def withdraw(call: Call) -> Nothing:
    """Trust a device no more."""
    device = str(call.path["device"])
    with call.store.writing():
        if call.store.devices.get(device) is None:
            raise missing(f"device {device}")
        if not call.store.devices.withdraw(device, call.now):
            raise Refused(409, "cannot", f"{device} was withdrawn before.")
        call.note("device.withdrawn", device, turned("withdrawn", False, True))
    return Nothing()


def people(call: Call) -> PersonPage:
    """Staff and managers."""
    query: Paging = call.query
    roles = call.store.persons.roles()
    everybody = [PersonShown("staff", one.id, one.name, "", one.active) for one in call.store.people.staff()]
    everybody += [
        PersonShown("manager", one.name, one.name, roles.get(one.name, ""), one.withdrawn_at is None)
        for one in call.store.people.managers()
    ]
    everybody.sort(key=lambda one: (one.kind, one.id))
    after = page_from(query.cursor)
    some = everybody[after : after + query.limit]
    reached = after + len(some)
    return PersonPage(some, str(reached) if reached < len(everybody) else None)


def products(call: Call) -> ProductPage:
    """Products by their codes."""
    query: Paging = call.query
    found = call.store.outside.products(query.cursor, query.limit + 1)
    some = found[: query.limit]
    items = [ProductShown(one.code, one.name, one.name_zh, one.price_cents) for one in some]
    return ProductPage(items, some[-1].code if len(found) > len(some) else None)


def works(call: Call) -> WorkPage:
    """Long work, the newest first."""
    query: Paging = call.query
    found = call.store.work.latest(query.limit + 1, below=page_from(query.cursor) or None)
    some = found[: query.limit]
    return WorkPage([work_shown(one) for one in some], str(some[-1].id) if len(found) > len(some) else None)


def work(call: Call) -> WorkShown:
    """How far it is, and what came of it."""
    return work_shown(_work(call))


def stop_work(call: Call) -> WorkShown:
    """End it at its next step; what it has done so far is undone or stays, as its kind says."""
    found = _work(call)
    kind = KINDS.get(found.kind)
    call.must(kind.right if kind else Right.BACKUP, "cancelWork")
    with call.store.writing():
        if cancel(call.store, found.id, call.now) in ("waiting", "running"):
            call.note("work.cancelled", f"{found.kind} {found.id}")
    return work_shown(_work(call))


def work_shown(found: Work) -> WorkShown:
    """Work as the document has it."""
    return WorkShown(
        found.id,
        found.kind,
        found.state,
        found.by,
        found.made_at,
        found.begun_at,
        found.ended_at,
        found.done,
        found.total,
        found.unit,
        found.note,
        dict(result_of(found)),
    )


def file_of(store: Store, number: int, kind: str) -> Response:
    """The file that work of this kind has given out, as it is kept."""
    found = store.work.get(number)
    files = (
        store.work.files(number) if found is not None and found.kind == kind and found.state == "done" else []
    )
    if not files:
        raise missing(f"file of {kind} {number}")
    response = Response(store.work.parts(number, files[0].name), mimetype="application/zip")
    response.headers["Content-Length"] = str(files[0].size)
    response.headers["Content-Disposition"] = f'attachment; filename="{files[0].name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _work(call: Call) -> Work:
    found = call.store.work.get(int(call.path["number"]))
    if found is None:
        raise missing(f"work {call.path['number']}")
    return found


def _some(rows: list[T], names: list[str], query: Paging) -> tuple[list[T], str | None]:
    """A page of rows that are in the order of their names, and the name after which the next one begins."""
    first = sum(name <= query.cursor for name in names)
    some = rows[first : first + query.limit]
    reached = first + len(some)
    return some, names[reached - 1] if reached < len(rows) and some else None
