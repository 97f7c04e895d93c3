"""Takes in products and offers from a CSV file: all of it or nothing, and before that a dry run that names every bad line.

Members have a way of their own (`hub.members.importing`). Offers come in as drafts: somebody looks at each before it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub import offering
from hub.campaigns import blank, read_typed
from hub.changing import changed, turned
from hub.config import Config
from hub.outside.csv_lines import MOST_BAD, Bad, Columns, Row, read_rows
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.outside_records import Product
from hub.store.whole import HubStore
from hub.typed import MAX_CENTS, Typed, read_cents, show_cents
from hub.wire.snapshot import Campaign, Shop
from hub.work import Progress, WorkFailed

PRODUCTS = Columns(("code", "name"), ("name_zh", "price"))
OFFERS = Columns(
    ("title", "kind", "worth", "starts", "ends"),
    (
        *("title_zh", "text", "text_zh", "small_print", "small_print_zh", "limit", "per_day", "per_person"),
        *("basket_min", "lasts_days", "channels", "gtin"),
    ),
)
COLUMNS: Mapping[str, Columns] = {"products": PRODUCTS, "offers": OFFERS}
MOST_OFFERS = 2_000
FILE = "import.csv"
CODE_LONGEST, NAME_LONGEST = 40, 120

_KINDS = {"amount": "amount", "percent": "percent", "gift": "gift_cost", "voucher": "voucher_value"}
_FIELDS = {
    "title_en": "title", "title_zh": "title_zh", "text_en": "text", "text_zh": "text_zh", "small_print_en": "small_print",
    "small_print_zh": "small_print_zh", "starts": "starts", "ends": "ends", "issue_limit": "limit", "per_day_limit": "per_day",
    "per_person_limit": "per_person", "basket_min": "basket_min", "lasts_days": "lasts_days", "channels": "channels",
    "gtin": "gtin", "value_kind": "kind", "amount": "worth", "percent": "worth", "gift_cost": "worth", "voucher_value": "worth",
}  # fmt: skip
"""The column behind a field of the office's form."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a file came to: what would be kept, and every line that is wrong."""

    products: list[Product]
    offers: list[Campaign]
    bad: list[Bad]
    rows: int


def import_work(
    store: HubStore, _config: Config, arguments: Mapping[str, Any], progress: Progress
) -> dict[str, object]:
    """Look at the file, or take it in."""
    kind, dry = str(arguments.get("kind")), bool(arguments.get("dry_run"))
    body = b"".join(store.work.parts(progress.work.id, FILE))
    shop = store.shop.get()
    if kind not in COLUMNS or shop is None:
        raise WorkFailed("unknown", f"Nothing is known of {kind}. There are: {', '.join(COLUMNS)}.")
    now = progress.now()
    numbers = {record.number for record in store.campaigns.all()}
    read = read_file(
        kind, body, shop, now, numbers, lambda done, total: progress.step(done, total, "reading", "lines")
    )
    told: dict[str, object] = {
        "kind": kind,
        "dry_run": dry,
        "rows": read.rows,
        "good": len(read.products) + len(read.offers),
        "bad": len(read.bad),
        "lines": [told_line(one) for one in read.bad[:MOST_BAD]],
    }
    if dry:
        return told
    if read.bad:
        sentence = f"{len(read.bad)} things are wrong with the file; nothing was taken in. Mend these lines, and send it again."
        raise WorkFailed("bad_lines", sentence, **told)
    progress.step(0, read.rows, "keeping", "lines", tell=True)
    with progress.last_step():
        _keep(store, read, progress.work.by, now)
    progress.step(read.rows, read.rows, "keeping", "lines", tell=True)
    return told | {"kept": read.rows}


def read_file(
    kind: str,
    body: bytes,
    shop: Shop,
    now: float,
    numbers: Iterable[int] = (),
    step: Callable[[int, int], None] = lambda _done, _total: None,
) -> Read:
    """All of a file, with all that is wrong with it."""
    rows, bad = read_rows(body, COLUMNS[kind])
    if kind == "offers" and len(rows) > MOST_OFFERS:
        line = rows[MOST_OFFERS].line
        bad.append(
            Bad(line, "", said("The file has more than %(count)s offers. Cut it in two.", count=MOST_OFFERS))
        )
        rows = rows[:MOST_OFFERS]
    products: list[Product] = []
    offers: list[Campaign] = []
    seen: dict[str, int] = {}
    for place, row in enumerate(rows):
        if place % 100 == 0:
            step(place, len(rows))
        if kind == "products":
            product = _product(row, seen)
            bad += product if isinstance(product, list) else []
            products += [] if isinstance(product, list) else [product]
        else:
            offer = _offer(row, shop, now, numbers)
            bad += offer if isinstance(offer, list) else []
            offers += [] if isinstance(offer, list) else [offer]
    bad.sort(key=lambda one: one.line)
    return Read(products, offers, bad, len(rows))


def _product(row: Row, seen: dict[str, int]) -> Product | list[Bad]:
    bad: list[Bad] = []
    code, name, other = (row.cells.get(column, "") for column in ("code", "name", "name_zh"))
    if not code or len(code) > CODE_LONGEST or not code.isprintable() or " " in code:
        bad.append(
            Bad(
                row.line,
                "code",
                said("Give a code of at most %(count)s signs without spaces.", count=CODE_LONGEST),
            )
        )
    elif code in seen:
        bad.append(
            Bad(
                row.line,
                "code",
                said("This code stands in line %(line)s already. Keep one of the two.", line=seen[code]),
            )
        )
    else:
        seen[code] = row.line
    for column, text in (("name", name), ("name_zh", other)):
        if len(text) > NAME_LONGEST or not text.isprintable() or (column == "name" and not text):
            bad.append(
                Bad(
                    row.line,
                    column,
                    said("Give a name of at most %(count)s signs in one line.", count=NAME_LONGEST),
                )
            )
    price = row.cells.get("price", "")
    cents = read_cents(price) if price else None
    if price and cents is None:
        bad.append(Bad(row.line, "price", said("Give an amount of money, such as 2.50.")))
    elif cents is not None and cents > MAX_CENTS:
        bad.append(
            Bad(row.line, "price", said("That is more than %(amount)s.", amount=show_cents(MAX_CENTS)))
        )
    return bad or Product(code, name, other, cents)


def _offer(row: Row, shop: Shop, now: float, numbers: Iterable[int]) -> Campaign | list[Bad]:
    """A row as the office's form would have it: the same rules, the same sentences."""
    cells = row.cells
    kind = cells.get("kind", "").lower()
    if kind not in _KINDS:
        return [Bad(row.line, "kind", said("Say one of: %(known)s.", known=", ".join(_KINDS)))]
    empty = blank(shop, now)
    given = {
        field: cells[column]
        for field, column in _FIELDS.items()
        if cells.get(column) and field not in _KINDS.values()
    }
    given |= {
        "value_kind": kind,
        _KINDS[kind]: cells.get("worth", "").rstrip("%").strip()
        if kind == "percent"
        else cells.get("worth", ""),
        "starts": _moment(cells.get("starts", ""), "00:00"),
        "ends": _moment(cells.get("ends", ""), "23:59"),
    }
    if kind == "voucher" or cells.get("per_person"):
        given["offline"] = "refuse"
    channels = tuple(cells.get("channels", "").replace(",", " ").split())
    typed = Typed({**empty.fields, **given}, channels or empty.channels, empty.air, empty.days)
    read = read_typed(typed, shop, 1, picture=None, others=set(numbers))
    if isinstance(read, Campaign):
        return read
    return [Bad(row.line, _FIELDS.get(name, ""), sentence) for name, sentence in read.items()]


def _moment(text: str, hour: str) -> str:
    """A day, or a day and a time, as the form has it."""
    plain = text.strip().replace(" ", "T", 1)
    return f"{plain}T{hour}" if len(plain) == 10 else plain[:16]


def _keep(store: Store, read: Read, who: str, now: float) -> None:
    if read.products:
        before = store.outside.count_products()
        store.outside.put_products(read.products, now)
        both = turned("products", before, store.outside.count_products())
        store.people.note(changed(now, who, "products.imported", str(len(read.products)), both))
    for offer in read.offers:
        kept = offering.keep(store, None, offer, "draft", who, now)
        if isinstance(kept, Said):
            raise WorkFailed("cannot", str(kept))


def told_line(bad: Bad) -> dict[str, object]:
    """A bad line as the result has it: English, and what it takes to say it in another language."""
    return {
        "line": bad.line,
        "column": bad.column,
        "sentence": str(bad.sentence),
        "text": bad.sentence.text,
        "values": dict(bad.sentence.values),
    }
