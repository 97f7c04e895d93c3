"""An offer on paper: which sheet, in which languages, for which address; and the PDF."""

from __future__ import annotations

import ipaddress
import re
from typing import cast
from urllib.parse import urlsplit

from flask import abort, request
from flask_babel import force_locale  # type: ignore[import-untyped]
from werkzeug.wrappers import Response

from hub.admin.office import Office, Route, locale_of
from hub.paper.making import MOST_COPIES, make_order, make_pdf
from hub.paper.order import Told, tell
from hub.paper.plan import GRIDS, Kind, Size, qr_mm, read_from_m
from hub.sentences import Said, said
from hub.store.records import CampaignRecord
from hub.storefront.languages import NAMES
from hub.wire.short_number import show_short_number

KINDS: tuple[Kind, ...] = ("poster", "door", "labels-24", "labels-8")
SIZES: tuple[Size, ...] = ("A4", "A3")
_ADDRESS = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
ADDRESS_LONGEST = 120


def paper(office: Office, number: int) -> Response:
    """What can be printed of an offer."""
    return _page(office, _record(office, number), {})


def pdf(office: Office, number: int) -> Response:
    """The file; or the form again with what is wrong."""
    record = _record(office, number)
    kind, _, size = request.args.get("sheet", "").partition(".")
    if (kind, size) not in _choices():
        abort(404)
    base, copies = request.args.get("address", "").strip(), request.args.get("copies", 1, type=int)
    languages = [code for code in request.args.getlist("in") if code in NAMES]
    faults: dict[str, Said] = {}
    if not _ADDRESS.fullmatch(base) or len(base) > ADDRESS_LONGEST:
        faults["address"] = said("Give the address of the shop's pages, such as https://shop.example.")
    if not languages:
        faults["in"] = said("Tick at least one language.")
    if not 1 <= copies <= MOST_COPIES:
        faults["copies"] = said("Between 1 and %(count)s labels.", count=MOST_COPIES)
    if faults:
        return _page(office, record, faults)
    picture = record.campaign.offer.picture
    stored = office.store.campaigns.picture(picture) if picture else None
    order = make_order(
        record.campaign,
        office.shop(),
        [_told(office, record, code) for code in languages],
        kind=cast("Kind", kind),
        size=cast("Size", size),
        base=base,
        picture=stored.body if stored else None,
    )
    made = make_pdf([order], copies=copies)
    if isinstance(made, Said):
        return _page(office, record, {"in": made})
    name = f"{kind}-{show_short_number(number).replace(' ', '')}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return Response(made, mimetype="application/pdf", headers=headers)


def is_out_of_reach(base: str) -> bool:
    """Whether a phone can certainly not open this address: it names the machine itself."""
    try:
        host = urlsplit(base).hostname or ""
    except ValueError:
        return True
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _told(office: Office, record: CampaignRecord, language: str) -> Told:
    with force_locale(language):
        return tell(record.campaign, office.shop(), language, locale_of(language), office.now())


def _page(office: Office, record: CampaignRecord, faults: dict[str, Said]) -> Response:
    shop = office.shop()
    base = request.args.get("address") or office.url or request.host_url.rstrip("/")
    return office.page(
        "paper.html",
        422 if faults else 200,
        record=record,
        faults=faults,
        base=base,
        out_of_reach=is_out_of_reach(base),
        not_linked="link" not in record.campaign.channels,
        number=show_short_number(record.number),
        copies=request.args.get("copies", "24"),
        ticked=request.args.getlist("in") or [code for code in shop.languages if code in NAMES],
        names=NAMES,
        kinds=[(kind, size, qr_mm(kind, size), read_from_m(kind, size)) for kind, size in _choices()],
    )


def _choices() -> list[tuple[Kind, Size]]:
    sheets: list[tuple[Kind, Size]] = [(kind, size) for kind in KINDS if kind not in GRIDS for size in SIZES]
    return [*sheets, *((kind, "A4") for kind in KINDS if kind in GRIDS)]


def _record(office: Office, number: int) -> CampaignRecord:
    record = office.store.campaigns.get(number)
    if record is None:
        abort(404)
    return record


ROUTES = (
    Route("/offers/<int:number>/paper", "paper", paper),
    Route("/offers/<int:number>/paper.pdf", "paper_pdf", pdf),
)
