"""Tables of care plans. Each migration runs once, after those of `members_schema`.

`care_run`, `care_path`, `care_task` and `care_sum` are projections: they follow from the facts of `hub.wire.events_care`. Members
are opaque ids; times are seconds of UTC.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS_CARE = Migrations("hub-care")

CARE_TABLES = ("care_run", "care_path", "care_task", "care_sum")
"""Projections, each with a primary key that gives it one order."""

_TABLES = (
    # A plan as it is being written (draft, JSON), and which version of it members go into. salt draws its control group.
    """CREATE TABLE care_plan (
        shop INTEGER NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, draft BLOB NOT NULL, revision INTEGER NOT NULL,
        version INTEGER NOT NULL, salt TEXT NOT NULL, made_at REAL NOT NULL, published_at REAL, paused_at REAL, ended_at REAL,
        PRIMARY KEY (shop, number)) WITHOUT ROWID""",
    # What it said when it was published or tried out. Never changed.
    """CREATE TABLE care_version (
        shop INTEGER NOT NULL, plan INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL, made_at REAL NOT NULL,
        who TEXT NOT NULL, is_test INTEGER NOT NULL, PRIMARY KEY (shop, plan, version)) WITHOUT ROWID""",
    # Quiet hours and caps (JSON of hub.care.rules.CareRules). One row for each shop.
    "CREATE TABLE care_rules (shop INTEGER NOT NULL PRIMARY KEY, body BLOB NOT NULL)",
    # What went to whom, for the caps.
    """CREATE TABLE care_contact (
        shop INTEGER NOT NULL, member TEXT NOT NULL, message TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (shop, member, message)) WITHOUT ROWID""",
    "CREATE INDEX care_contact_by_time ON care_contact (shop, at)",
    # How far the journal, the changes of segments and the dates of members have been looked through.
    """CREATE TABLE care_cursor (
        shop INTEGER NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL,
        PRIMARY KEY (shop, name)) WITHOUT ROWID""",
    # When a member goes into a plan unless they come by before: put anew whenever they do.
    """CREATE TABLE care_coming (
        shop INTEGER NOT NULL, plan INTEGER NOT NULL, member TEXT NOT NULL, due_at REAL NOT NULL, key TEXT NOT NULL,
        PRIMARY KEY (shop, plan, member)) WITHOUT ROWID""",
    "CREATE INDEX care_coming_by_time ON care_coming (shop, due_at)",
    """CREATE TABLE care_run (
        shop INTEGER NOT NULL, run TEXT NOT NULL, plan INTEGER NOT NULL, version INTEGER NOT NULL, member TEXT NOT NULL,
        key TEXT NOT NULL, entered_at REAL NOT NULL, control INTEGER NOT NULL, test INTEGER NOT NULL, step TEXT NOT NULL,
        number INTEGER NOT NULL, due_at REAL, came_at REAL NOT NULL, held TEXT NOT NULL, left_at REAL, reason TEXT NOT NULL,
        PRIMARY KEY (shop, run)) WITHOUT ROWID""",
    "CREATE INDEX care_run_by_due ON care_run (shop, due_at, run)",
    "CREATE INDEX care_run_by_member ON care_run (shop, member, plan)",
    "CREATE INDEX care_run_by_plan ON care_run (shop, plan, entered_at)",
    """CREATE TABLE care_path (
        shop INTEGER NOT NULL, run TEXT NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL, step TEXT NOT NULL,
        outcome TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (shop, run, number)) WITHOUT ROWID""",
    """CREATE TABLE care_task (
        shop INTEGER NOT NULL, task TEXT NOT NULL, run TEXT NOT NULL, plan INTEGER NOT NULL, version INTEGER NOT NULL,
        step TEXT NOT NULL, member TEXT NOT NULL, given_at REAL NOT NULL, until REAL NOT NULL, done_at REAL,
        outcome TEXT NOT NULL, staff TEXT NOT NULL, till TEXT NOT NULL, PRIMARY KEY (shop, task)) WITHOUT ROWID""",
    "CREATE INDEX care_task_by_member ON care_task (shop, member, given_at)",
    "CREATE INDEX care_task_by_run ON care_task (shop, run, step)",
    "CREATE INDEX care_task_by_time ON care_task (shop, given_at)",
    # By plan and step: how many stand there (outcome ""), and how many went by with each outcome. Trials are not counted.
    """CREATE TABLE care_sum (
        shop INTEGER NOT NULL, plan INTEGER NOT NULL, step TEXT NOT NULL, outcome TEXT NOT NULL, control INTEGER NOT NULL,
        count INTEGER NOT NULL, PRIMARY KEY (shop, plan, step, outcome, control)) WITHOUT ROWID""",
)


@MIGRATIONS_CARE()
def m001_care(db: Database) -> None:
    """Plans, their versions, who walks them, tasks of staff, quiet hours and caps."""
    for statement in _TABLES:
        db.execute(statement)
