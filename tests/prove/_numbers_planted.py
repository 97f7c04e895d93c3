"""Mistakes that are put into the hub: into the sums that it keeps, and into a page that it answered. Each has to be found."""

from __future__ import annotations

import re
from datetime import date
from random import Random

from hub.rebuild import rebuild
from tests.prove._numbers_asking import UNITS, Reader
from tests.prove._numbers_books import Books
from tests.prove._numbers_check import Checker
from tests.prove._numbers_reader import of_units, read_page
from tests.prove._numbers_shops import HOME, Shops
from tests.prove._numbers_sums import compare_sums

_BACK_DAY = date(2026, 10, 25).toordinal()
"""On this day the shop's clocks go back."""


def _in(table: str, change: str, key: str, some: str) -> str:
    """A statement that changes one row of a table, the latest of which something is true."""
    one = f"SELECT day, {key} FROM {table} WHERE shop = {HOME} AND {some} ORDER BY day DESC LIMIT 1"
    return f"UPDATE {table} SET {change} WHERE shop = {HOME} AND (day, {key}) = ({one})"


IN_THE_SUMS = {
    "a visit counted twice in one hour": _in(
        "footfall_zone_hour", "visits = visits + 1", "zone, hour, simulated", "visits > 0"
    ),
    # Nothing happens at five.
    "a visit of the day on which clocks go back, in another hour": _in(
        "footfall_hour", "hour = 5", "hour, simulated", f"day = {_BACK_DAY} AND visits > 0"
    ),
    "a stay that was forgotten": _in(
        "footfall_zone_day", "visits = visits - 1", "zone, simulated", "visits > 0"
    ),
    "a window that was told a second time": _in(
        "street_zone_day", "entrants = entrants + 1", "zone, simulated", "entrants > 0"
    ),
    "a reversal that was forgotten": _in(
        "offer_day",
        "redeemed = redeemed + 1, given_cents = given_cents + 100",
        "campaign, channel, simulated",
        "redeemed > 0",
    ),
    "a redemption under another way": _in(
        "offer_desk_day",
        "channel = 'pigeon'",
        "campaign, channel, staff, till, simulated",
        "redeemed > 0",
    ),
    "a purchase of somebody else's": _in(
        "purchase_desk_day", "staff = 'nobody'", "staff, till, simulated", "purchases > 0"
    ),
    "money in another unit": _in(
        "purchase_hour", "sales_cents = sales_cents / 100", "hour, simulated", "sales_cents > 100"
    ),
}
"""Statements that change one row of the kept sums of the shop, by what is wrong afterwards."""

_A_NUMBER = re.compile(
    r'data-figure="(visits|taken|redeemed|shown)"[^>]*data-value="([1-9][0-9]*)(?:\.0)?"[^>]*>'
)


def missed_in_the_hub(shops: Shops, books: Books, reader: Reader) -> list[str]:
    """The mistakes that were not found."""
    missed = []
    for name, statement in IN_THE_SUMS.items():
        with shops.store.pool.writing() as conn:
            changed = conn.execute(statement).rowcount
        if changed != 1:
            missed.append(f"{name}: nothing there to be spoilt")
            continue
        checker = Checker(books, HOME)
        compare_sums(shops, checker, Random(1), every=True, only=_family_of(statement))
        if not checker.wrong:
            missed.append(name)
        rebuild(shops.store)
    return missed + _missed_on_a_page(books, reader)


def _family_of(statement: str) -> str:
    table = statement.split()[1]
    return {"offer": "offers", "purchase": "purchases"}.get(table.partition("_")[0], table.partition("_")[0])


def _missed_on_a_page(books: Books, reader: Reader) -> list[str]:
    address = "/manage/explore?days=30"
    html = reader.client.get(address).get_data(as_text=True)
    found = [one for one in _A_NUMBER.finditer(html) if "data-noisy" not in one[0]]
    if not found:
        return ["there is no number on a page that could be spoilt"]
    start, end = found[0].span(2)
    other = str(int(found[0][2]) + 1)
    spoilt = html[:start] + other + html[end:]
    missed = []
    checker = Checker(books, HOME)
    checker.all(read_page(address, spoilt).numbers)
    if not checker.wrong:
        missed.append("a number on a page that is one too large")
    behind = found[0].end()
    misprinted = html[:behind] + re.sub(r"^[^<]*", other + "1", html[behind:])
    if not of_units(read_page(address, misprinted).numbers, UNITS):
        missed.append("a number that reads otherwise than it is")
    return missed
