"""What a year of "The Complete Journey" comes to, worked out with pandas alone: it shares no code with `hub.replay`.

Its stamps are UTC, its days those of New York. A redemption belongs to the first basket of its household on its day in which a
product of its coupon was paid with a coupon's discount; else to the first with such a product; else to the first. A coupon of a
household (household, number, campaign) is used once; whoever uses it again is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

TIMEZONE = "America/New_York"


@dataclass(frozen=True, slots=True)
class Expected:
    """By (month, store): baskets and cents. By (campaign, store) and by (campaign, month): redemptions that are accepted.
    `outcomes`: by the row of a redemption its store and basket, and "accepted" or why it is refused."""

    baskets: dict[tuple[str, int], int]
    cents: dict[tuple[str, int], int]
    by_store: dict[tuple[int, int], int]
    by_month: dict[tuple[int, str], int]
    outcomes: dict[int, tuple[int, int, str]]
    households: int

    @property
    def accepted(self) -> int:
        """How many."""
        return sum(self.by_store.values())


def expected(folder: Path, households: int) -> Expected:
    """`households`: so many, the lowest numbers first; 0 all."""
    lines = pd.read_parquet(folder / "transactions.parquet")
    used = pd.read_parquet(folder / "coupon_redemptions.parquet")
    used["row"] = range(len(used))
    if households:
        some = sorted(lines["household_id"].unique())[:households]
        lines, used = lines[lines["household_id"].isin(some)].copy(), used[used["household_id"].isin(some)]
    local = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(TIMEZONE)
    lines["day"], lines["month"] = local.dt.date, local.dt.strftime("%Y-%m")
    lines["cents"] = (lines["sales_value"] * 100).round().astype("int64")
    baskets = lines.groupby("basket_id", as_index=False).agg(
        household_id=("household_id", "first"),
        store_id=("store_id", "first"),
        at=("transaction_timestamp", "min"),
        day=("day", "first"),
        month=("month", "first"),
        cents=("cents", "sum"),
    )
    sums = baskets.groupby(["month", "store_id"])["cents"].agg(["size", "sum"])
    placed = _with_baskets(used, lines, baskets, pd.read_parquet(folder / "coupons.parquet"))
    accepted = placed[placed["outcome"] == "accepted"]
    return Expected(
        {(month, int(store)): int(row["size"]) for (month, store), row in sums.iterrows()},
        {(month, int(store)): int(row["sum"]) for (month, store), row in sums.iterrows()},
        _counts(accepted, "store_id"),
        _counts(accepted, "month"),
        {
            int(row.row): (int(row.store_id), int(row.basket_id), str(row.outcome))
            for row in placed.itertuples()
        },
        int(baskets["household_id"].nunique()),
    )


def _with_baskets(
    used: pd.DataFrame, lines: pd.DataFrame, baskets: pd.DataFrame, coupons: pd.DataFrame
) -> pd.DataFrame:
    """Redemptions with their basket, and what becomes of them."""
    used = used.assign(day=used["redemption_date"].dt.date)
    pairs = used.merge(baskets, on=["household_id", "day"], how="left")
    if pairs["basket_id"].isna().any():
        raise AssertionError("a redemption on a day without a basket")
    products = used.merge(coupons, on=["coupon_upc", "campaign_id"])[["row", "product_id"]]
    bought = lines[["basket_id", "product_id", "coupon_disc"]]
    hits = pairs[["row", "basket_id"]].merge(products, on="row").merge(bought, on=["basket_id", "product_id"])
    rank = (
        hits.assign(rank=(hits["coupon_disc"] <= 0).astype(int)).groupby(["row", "basket_id"])["rank"].min()
    )
    pairs = pairs.merge(rank.reset_index(), on=["row", "basket_id"], how="left")
    pairs["rank"] = pairs["rank"].fillna(2)
    chosen = pairs.sort_values(["row", "rank", "at", "basket_id"]).drop_duplicates("row")
    chosen = chosen.sort_values(["at", "row"])
    again = chosen.duplicated(["household_id", "coupon_upc", "campaign_id"])
    return chosen.assign(outcome=again.map({True: "already_redeemed", False: "accepted"}))


def _counts(rows: pd.DataFrame, column: str) -> dict[tuple[int, object], int]:
    return {
        (int(campaign), value if isinstance(value, str) else int(value)): int(count)
        for (campaign, value), count in rows.groupby(["campaign_id", column]).size().items()
    }
