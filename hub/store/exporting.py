"""Rows of a shop as they stand, table by table, for who takes them elsewhere: what is given out, and what never is.

`EXPORTED` names every table that goes out, with the columns that stay: secrets, what opens something, and marks of machines.
What is in neither list does not go out; a test asks that every table is in one of them.
"""

from __future__ import annotations

from typing import Any

from hub.store.connection import HubPool
from hub.store.rollups_schema import ROLLUPS

EXPORTED: dict[str, tuple[str, ...]] = {
    "shop": ("snapshot_version",),
    **dict.fromkeys(("campaign", "campaign_version", "campaign_proposal", "revoked", "revoked_rule"), ()),
    "picture": ("body",),
    **dict.fromkeys(("device", "node_key", "key_policy", "fleet_team", "fleet_post", "office_rule"), ()),
    "fleet_floor": ("picture",),
    "staff": ("pin",),
    "manager": ("password",),
    "manager_role": (),
    "tag": ("sealed",),
    "tag_consent": (),
    "retention": (),
    **dict.fromkeys(("consent_record", "consent_words", "member_pause"), ()),
    "audit": (),
    **dict.fromkeys(("segment", "segment_version", "segment_list"), ()),
    "api_key": ("hash",),
    "webhook": ("sealed", "url"),
    "product": (),
    "coupon": ("code",),
    **dict.fromkeys(("redemption", "reversal", "reservation", "refusal", "purchase"), ()),
    **dict.fromkeys(("purse_rule", "purse_account", "purse_move", "purse_lot", "purse_act", "purse_reversal"), ()),
    **dict.fromkeys(("purse_purchase", "purse_return", "purse_till"), ()),
    **dict.fromkeys(("conflict", "voucher", "tally", "rights", "use_by_quarter", "use_by_member"), ()),
    **dict.fromkeys(("footfall", "occupancy", "present", "interest", "exposure", "street", "guest", "consent"), ()),
    "member_merge": (),
    **dict.fromkeys(("care_plan", "care_version", "care_rules", "care_run", "care_path", "care_task"), ()),
    **dict.fromkeys(("reach", "kind_count", "flaw", "device_health", "chart_note"), ()),
}  # fmt: skip
"""By table, the columns that stay here. The journal goes out too, event by event (`hub.outside.exporting`)."""

_SHOWN = tuple(
    f"{family}_shown_{grain}"
    for family, cut in (("footfall", "zone"), ("street", "zone"), ("guest", "way"))
    for grain in ("day", "hour", f"{cut}_day", f"{cut}_hour")
)
"""What is shown of people, with its noise."""

STAYS: dict[str, str] = {
    **dict.fromkeys(("forgotten", "forgetting", "forgetting_state"), "is about who is gone"),
    "journal": "goes out event by event",
    **dict.fromkeys(
        ("session", "session_use", "ticket", "totp", "recovery_code", "passkey", "invitation", "people_policy", "setup_code"),
        "lets somebody in",
    ),
    **dict.fromkeys(("pairing", "fleet_plan", "fleet_ticket", "fleet_asking", "fleet_former", "code_key"), "lets a device in"),
    **dict.fromkeys(("answer", "api_answer", "contact", "knock", "pace", "renewal_wish"), "is of this very machine"),
    **dict.fromkeys(("fleet_ahead", "fleet_told", "fleet_spent", "picture_seen", "parked"), "is of this very machine"),
    **dict.fromkeys(("setback", "retelling", "derived", "alarm"), "is of this very machine"),
    **dict.fromkeys(("upstream", "relayed", "chain_section", "shop_below"), "is head office's"),
    **dict.fromkeys(("digest", "digest_issue", "digest_sending", "board"), "is read where it was made for"),
    **dict.fromkeys(("member_worth", "worth_standing"), "is worked out anew each morning"),
    "noise_secret": "keeps people from being singled out",
    **dict.fromkeys(("figure_kept", "figure_changed", "shown_made", "shown_state"), "is of this very machine"),
    **dict.fromkeys(ROLLUPS, "is summed from what goes out"),
    **dict.fromkeys(("act_returned", "member_day", "member_first", "member_quarter"), "is summed from what goes out"),
    **dict.fromkeys(("door_code", "door_invitation"), "is under way"),
    "member_into": "follows from what goes out",
    **dict.fromkeys(("member", "member_mark", "member_pair", "member_key"), "goes out by the people's own right alone"),
    **dict.fromkeys(_SHOWN, "is summed from what goes out"),
    **dict.fromkeys(("message", "message_part", "message_report", "message_pace"), "is under way"),
    **dict.fromkeys(("message_silence", "message_rule"), "is of this very machine"),
    **dict.fromkeys(("mailing", "short_link", "screen_note"), "is under way"),
    **dict.fromkeys(("talk", "talk_line", "heard_key", "heard_part", "join_wish", "number_stop"), "is sealed, or of one person"),
    **dict.fromkeys(("keyword", "keyword_form"), "is read where it was made for"),
    "push_subscription": "opens a person's browser",
    "care_sum": "is summed from what goes out",
    **dict.fromkeys(("portrait", "portrait_stay", "segment_member"), "is summed from what goes out"),
    **dict.fromkeys(("segment_due", "segment_state", "segment_trial", "segment_change"), "is under way"),
    **dict.fromkeys(("care_contact", "care_cursor", "care_coming"), "is under way"),
    **dict.fromkeys(("work", "work_file", "work_part", "work_turn", "webhook_message"), "is under way"),
}  # fmt: skip
"""Why a table does not go out."""


class SqlExport:
    """Rows by pages, in the order of their keys."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool
        self._heads: dict[str, list[str]] = {}

    def columns(self, table: str) -> list[str]:
        """What goes out of a table, in its order."""
        return [name for name in self._all(table) if name not in EXPORTED[table] and name != "shop"]

    def count(self, table: str) -> int:
        """How many rows there are."""
        shop = "number" if table == "shop" else "shop"
        rows = self._pool.read(f"SELECT count(*) FROM {table} WHERE {shop} = ?", self._pool.shop)  # noqa: S608
        return int(rows[0][0])

    def rows(self, table: str, after: tuple[object, ...] | None, limit: int) -> list[tuple[object, ...]]:
        """The next rows behind the one with that key: first its key, then what goes out (`columns`)."""
        keys = self._keys(table)
        shop = "number" if table == "shop" else "shop"
        shown = ", ".join([*keys, *self.columns(table)])
        where, values = f"{shop} = ?", [self._pool.shop]
        if after is not None and not keys:
            return []
        if after is not None:
            where += f" AND ({', '.join(keys)}) > ({', '.join('?' for _ in keys)})"
            values += list(after)  # type: ignore[arg-type]  # values of keys
        order = ", ".join(keys) or shop
        return self._pool.read(
            f"SELECT {shown} FROM {table} WHERE {where} ORDER BY {order} LIMIT ?",  # noqa: S608
            *values,
            limit,
        )

    def key_places(self, table: str) -> list[int]:
        """Where the key stands in a row of `rows`."""
        return list(range(len(self._keys(table))))

    def _keys(self, table: str) -> list[str]:
        return [key for key in self._pool.key_columns(table) if key != "shop" and table != "shop"]

    def _all(self, table: str) -> list[str]:
        if table not in self._heads:
            with self._pool.writing() as conn:
                answer: Any = conn.execute(f"SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608 - for its head alone
                self._heads[table] = [str(column[0]) for column in answer.description]
        return self._heads[table]
