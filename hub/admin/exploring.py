"""One's own SQL about the shop: a field, an answer as a table or a file, and what can be asked."""

from __future__ import annotations

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.office import Office, Route
from hub.figures.asked_sql import FUNCTIONS
from hub.figures.csv_out import csv_of
from hub.figures.exploring import PAGE_ROWS, SECONDS, explore
from hub.figures.table import Column, Table
from hub.roles import Right
from hub.sentences import Said
from hub.store.explore import Told
from hub.store.explore_views import EXAMPLES, VIEWS
from hub.storefront.languages import gettext


@needs(Right.EXPORT_DATA)
def page(office: Office) -> Response:
    """The field, and the answer where something was asked."""
    asked = request.args.get("q", "")
    told = explore(office.store, office.shop().timezone, asked) if asked.strip() else None
    wrong = told if isinstance(told, Said) else None
    return office.page(
        "sql.html",
        422 if wrong is not None else 200,
        asked=asked,
        wrong=wrong,
        told=told if isinstance(told, Told) else None,
        most=PAGE_ROWS,
        seconds=SECONDS,
        tables=[(view, view_what(view.name)) for view in VIEWS.values()],
        functions=", ".join(sorted(FUNCTIONS)),
        examples=[(text, url_for(".sql", q=text)) for text in EXAMPLES],
    )


@needs(Right.EXPORT_DATA)
def file(office: Office) -> Response:
    """The answer as CSV."""
    asked = request.args.get("q", "")
    if not asked.strip():
        abort(404)
    told = explore(office.store, office.shop().timezone, asked, file=True)
    if isinstance(told, Said):
        return office.page(
            "sorry.html", 422, title=gettext("That could not be asked"), text=office.wording().say(told)
        )
    office.note("sql.fetched", "", "{}", {"question": {"before": None, "after": asked[:2_000]}})
    # What a question comes to has no kinds of its own: a number is a number, everything else is a text.
    columns = tuple(Column(name, "decimal") for name in told.columns)
    table = Table(columns, [[list(row) for row in told.rows]])
    response = Response(
        csv_of(table, office.shop().timezone, for_people=True), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="shopbell-sql.csv"'
    return response


def view_what(name: str) -> str:
    """What stands in a table."""
    texts = {
        "campaigns": gettext("Offers with their life."),
        "coupons": gettext("Coupons that were taken, one a row; no code."),
        "redemptions": gettext(
            "What tills accepted. standing: first counts, part is of a voucher, conflict was accepted although it was used, "
            "reversed was taken back."
        ),
        "reversals": gettext("Redemptions that were taken back."),
        "refusals": gettext("What tills refused, and why."),
        "conflicts": gettext("Coupons that were accepted twice, and what that cost."),
        "purchases": gettext("What tills told of purchases."),
        "products": gettext("What the shop sells, as it was taken in."),
    }
    return texts.get(name, "")


ROUTES = (Route("/sql", "sql", page), Route("/sql.csv", "sql_file", file))
