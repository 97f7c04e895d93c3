"""Tables of what members have: points, stored value, punches, in books of double entry. Each migration runs once, after those of
`purchases_schema`.

All of them are projections (`hub.purse.folding` writes them); ids are opaque, times are seconds of UTC, money is in hundredths.
A unit is `points`, `stored`, or `punch/` and the card's id. An account has a kind (`member`, `gift`: a voucher by its serial,
`shop`: where value comes from and goes to) and a name.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.planning import tell_planner

MIGRATIONS_PURSE = Migrations("hub-purse")

PURSE_TABLES = (
    "purse_rule",
    "purse_account",
    "purse_move",
    "purse_lot",
    "purse_act",
    "purse_reversal",
    "purse_purchase",
    "purse_return",
    "purse_till",
)
"""Projections, each with a primary key that gives it one order."""

_TABLES = (
    # What the shop decided, from when on. body: hub.wire.purse_rules.PurseRules as JSON.
    """CREATE TABLE purse_rule (
        shop INTEGER NOT NULL, position INTEGER NOT NULL, since REAL NOT NULL, body TEXT NOT NULL, who TEXT NOT NULL,
        PRIMARY KEY (shop, position)) WITHOUT ROWID""",
    # balance: what came less what went. debt: what of that is beneath nothing although parts of the purse are there to be spent:
    # balance is the sum of rest over the account's lots, less its debt.
    """CREATE TABLE purse_account (
        shop INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL, balance INTEGER NOT NULL,
        debt INTEGER NOT NULL, PRIMARY KEY (shop, kind, name, unit)) WITHOUT ROWID""",
    # Each move takes an amount from one account to another: so all balances of a unit sum to nothing, always.
    """CREATE TABLE purse_move (
        shop INTEGER NOT NULL, position INTEGER NOT NULL, line INTEGER NOT NULL, at REAL NOT NULL, unit TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount > 0), from_kind TEXT NOT NULL, from_name TEXT NOT NULL, to_kind TEXT NOT NULL,
        to_name TEXT NOT NULL, why TEXT NOT NULL, act TEXT NOT NULL, simulated INTEGER NOT NULL,
        PRIMARY KEY (shop, position, line)) WITHOUT ROWID""",
    "CREATE INDEX purse_move_from ON purse_move (shop, from_name, at) WHERE from_kind = 'member'",
    "CREATE INDEX purse_move_to ON purse_move (shop, to_name, at) WHERE to_kind = 'member'",
    "CREATE INDEX purse_move_by_time ON purse_move (shop, at)",
    # What came in at one time and how much of it is there. member: whose it is now; origin: whose it was when it came.
    """CREATE TABLE purse_lot (
        shop INTEGER NOT NULL, unit TEXT NOT NULL, lot TEXT NOT NULL, member TEXT NOT NULL, origin TEXT NOT NULL,
        position INTEGER NOT NULL, earned_at REAL NOT NULL, usable_at REAL NOT NULL, expires_at REAL, amount INTEGER NOT NULL,
        rest INTEGER NOT NULL, PRIMARY KEY (shop, unit, lot)) WITHOUT ROWID""",
    "CREATE INDEX purse_lot_by_member ON purse_lot (shop, member, unit, position) WHERE rest > 0",
    "CREATE INDEX purse_lot_by_day ON purse_lot (shop, origin, unit, earned_at)",
    "CREATE INDEX purse_lot_by_end ON purse_lot (shop, expires_at) WHERE rest > 0 AND expires_at IS NOT NULL",
    # One row for each act: what was paid from a purse ('spent') or given into one ('topup', 'office', 'care', 'import'). device:
    # the till that acted, also where the hub decided. parts: what was taken from which lot, as JSON; beyond: what was not there.
    """CREATE TABLE purse_act (
        shop INTEGER NOT NULL, device TEXT NOT NULL, nonce TEXT NOT NULL, position INTEGER NOT NULL, at REAL NOT NULL,
        why TEXT NOT NULL, member TEXT NOT NULL, unit TEXT NOT NULL, amount INTEGER NOT NULL, cents INTEGER NOT NULL,
        till TEXT NOT NULL, staff TEXT NOT NULL, purchase TEXT NOT NULL, offline INTEGER NOT NULL, reversed INTEGER NOT NULL,
        beyond INTEGER NOT NULL, parts TEXT NOT NULL, reason TEXT NOT NULL, simulated INTEGER NOT NULL,
        PRIMARY KEY (shop, device, nonce)) WITHOUT ROWID""",
    "CREATE INDEX purse_act_by_member ON purse_act (shop, member, at)",
    "CREATE INDEX purse_act_by_time ON purse_act (shop, at)",
    # An act that was taken back; it may be here before its act is.
    """CREATE TABLE purse_reversal (
        shop INTEGER NOT NULL, device TEXT NOT NULL, of TEXT NOT NULL, position INTEGER NOT NULL, at REAL NOT NULL,
        nonce TEXT NOT NULL, till TEXT NOT NULL, staff TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (shop, device, of)) WITHOUT ROWID""",
    # What a purchase earned, by which rules, and what of it was brought back. known: the purchase itself is here.
    """CREATE TABLE purse_purchase (
        shop INTEGER NOT NULL, purchase TEXT NOT NULL, position INTEGER NOT NULL, at REAL NOT NULL, member TEXT NOT NULL,
        cents INTEGER NOT NULL, rule INTEGER NOT NULL, factor INTEGER NOT NULL, points INTEGER NOT NULL,
        back_cents INTEGER NOT NULL, back_all INTEGER NOT NULL, known INTEGER NOT NULL,
        PRIMARY KEY (shop, purchase)) WITHOUT ROWID""",
    "CREATE INDEX purse_purchase_back ON purse_purchase (shop, member, at) WHERE back_cents > 0",
    """CREATE TABLE purse_return (
        shop INTEGER NOT NULL, act TEXT NOT NULL, position INTEGER NOT NULL, at REAL NOT NULL, of TEXT NOT NULL, cents INTEGER,
        till TEXT NOT NULL, staff TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (shop, act)) WITHOUT ROWID""",
    # What each till accepted alone in all, as its rights are counted.
    """CREATE TABLE purse_till (
        shop INTEGER NOT NULL, device TEXT NOT NULL, alone_cents INTEGER NOT NULL, PRIMARY KEY (shop, device)) WITHOUT ROWID""",
)


@MIGRATIONS_PURSE()
def m001_purses(db: Database) -> None:
    """Points, stored value, punches, and the books of them."""
    for statement in _TABLES:
        db.execute(statement)
    tell_planner(db)
