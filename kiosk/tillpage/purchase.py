"""What a page says about a purchase beside the coupon: its amount, what of a voucher is to be spent, products, the member.

Pure. `kiosk.tillpage.redeeming` reads forms with it and keeps what was given until nothing more is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from kiosk.scans import read_amount

MOST_PRODUCTS = 200
LONGEST_PRODUCT = 40
LONGEST_MEMBER = 200
LONGEST_AMOUNT = 20

Field = Literal["basket", "amount", "product", "member", "digits"]
FIELDS: tuple[Field, ...] = ("basket", "amount", "product", "member", "digits")

_DIGITS = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Purchase:
    """What was said of a purchase so far; None or empty where nobody said. `digits` are those beneath a changing QR."""

    basket_cents: int | None = None
    amount_cents: int | None = None
    products: tuple[str, ...] = ()
    member: str = ""
    digits: str = ""

    def said(self) -> str:
        """All of it in one line, for telling one act from another."""
        return "\n".join(
            (
                str(self.basket_cents),
                str(self.amount_cents),
                " ".join(self.products),
                self.member,
                self.digits,
            )
        )

    def without(self, place: int) -> Purchase:
        """Without the product at this place."""
        return replace(self, products=self.products[:place] + self.products[place + 1 :])

    def with_product(self, text: str) -> Purchase:
        """With one more product; the same where the text names none, or where there are too many."""
        product = plain_line(text, LONGEST_PRODUCT)
        if not product or len(self.products) >= MOST_PRODUCTS:
            return self
        return replace(self, products=(*self.products, product))


def read_purchase(
    form: Mapping[str, str], known: Purchase | None = None
) -> tuple[Purchase, tuple[Field, ...]]:
    """What a form adds to what was known, and which of its fields make no sense. A field that is not there changes nothing."""
    found = known or Purchase()
    wrong: list[Field] = []
    if "basket" in form:
        try:
            found = replace(found, basket_cents=read_amount(form["basket"][:LONGEST_AMOUNT]))
        except ValueError:
            wrong.append("basket")
    if "amount" in form:
        try:
            found = replace(found, amount_cents=read_amount(form["amount"][:LONGEST_AMOUNT]))
        except ValueError:
            wrong.append("amount")
        if found.amount_cents == 0:
            found = replace(found, amount_cents=None)
            wrong.append("amount")
    if form.get("product", "").strip():
        more = found.with_product(form["product"])
        if more is found:
            wrong.append("product")
        found = more
    if "member" in form:
        found = replace(found, member=plain_line(form["member"], LONGEST_MEMBER))
    if form.get("digits", "").strip():
        digits = "".join(unicodedata.normalize("NFKC", form["digits"]).split())
        if _DIGITS.fullmatch(digits):
            found = replace(found, digits=digits)
        else:
            wrong.append("digits")
    return found, tuple(wrong)


def show_amount(cents: int | None) -> str:
    """A sum as it stands in a field, as `read_amount` reads it."""
    return "" if cents is None else f"{cents // 100}.{cents % 100:02d}"


def counted(products: Iterable[str]) -> list[tuple[str, int]]:
    """Each product once, with how many of it, in the order in which they came."""
    counts: dict[str, int] = {}
    for product in products:
        counts[product] = counts.get(product, 0) + 1
    return list(counts.items())


def plain_line(text: str, longest: int) -> str:
    """One line without what no eye can see."""
    normal = unicodedata.normalize("NFKC", text)
    return " ".join("".join(c for c in normal if c.isprintable() or c.isspace()).split())[:longest]
