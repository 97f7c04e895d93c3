"""The hub's tables. Migrations go forward only; each runs once, in a transaction of its own.

Every key begins with the shop, so that the tables distribute by shop. Tables in `PROJECTIONS` hold nothing that the journal
does not say: `hub rebuild` empties them and makes them again.
"""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hub.store.care_schema import CARE_TABLES
from hub.store.consents_schema import CONSENT_TABLES
from hub.store.members_schema import MEMBER_TABLES
from hub.store.planning import tell_planner
from hub.store.purse_schema import PURSE_TABLES
from hub.store.register_schema import MERGE_TABLES
from hub.store.rollups_schema import ROLLUPS
from hub.store.segments_schema import PORTRAIT_TABLES

MIGRATIONS_HUB = Migrations("hub")

PROJECTIONS = (
    "kind_count",
    "reach",
    "footfall",
    "present",
    "occupancy",
    "interest",
    "street",
    "guest",
    "consent",
    "coupon",
    "redemption",
    "purchase",
    "reversal",
    "reservation",
    "voucher",
    "refusal",
    "conflict",
    "tally",
    "use_by_quarter",
    "use_by_member",
    "exposure",
    "device_health",
    "flaw",
    *ROLLUPS,
    *MEMBER_TABLES,
    *CONSENT_TABLES,
    *CARE_TABLES,
    *MERGE_TABLES,
    *PURSE_TABLES,
    *PORTRAIT_TABLES,
)
"""Made from the journal alone, each with a primary key that gives it one order."""

_SHOP_AND_NODES = (
    # body: hub.wire.snapshot.Shop as JSON. snapshot_version rises with everything that a snapshot says.
    """CREATE TABLE shop (
        number INTEGER PRIMARY KEY, body TEXT NOT NULL, snapshot_version INTEGER NOT NULL DEFAULT 1, made_at REAL NOT NULL)""",
    """CREATE TABLE device (
        shop INTEGER NOT NULL, device TEXT NOT NULL, program TEXT NOT NULL, name TEXT NOT NULL, public TEXT NOT NULL,
        key_number INTEGER NOT NULL CHECK (key_number BETWEEN 0 AND 255), enrolled_at REAL NOT NULL, withdrawn_at REAL,
        PRIMARY KEY (shop, device), UNIQUE (shop, key_number), UNIQUE (shop, public)) WITHOUT ROWID""",
    # Written at every request, so it is kept apart from what a snapshot says of the device.
    """CREATE TABLE contact (
        shop INTEGER NOT NULL, device TEXT NOT NULL, highest INTEGER NOT NULL DEFAULT 0, bits BLOB NOT NULL, seen_at REAL,
        wrong_codes INTEGER NOT NULL DEFAULT 0, wrong_since REAL NOT NULL DEFAULT 0,
        PRIMARY KEY (shop, device)) WITHOUT ROWID""",
    # The secret itself is shown once and never kept.
    """CREATE TABLE pairing (
        shop INTEGER NOT NULL, secret_hash TEXT NOT NULL, program TEXT, made_at REAL NOT NULL, expires_at REAL NOT NULL,
        wrong_tries INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (shop, secret_hash)) WITHOUT ROWID""",
)

EVENT_VIEW = """CREATE VIEW event AS SELECT j.position + e.key AS position, j.shop, j.device, j.epoch, j.first_seq + e.key AS seq,
    e.value ->> 'kind' AS kind, e.value ->> 'at' AS at, j.received_at, e.value AS text
    FROM journal j, json_each(CAST(j.texts AS TEXT)) e"""
"""The journal for people with a SQL shell: one row for each event."""

_JOURNAL = (
    # A row is a run: events of one journal with consecutive numbers that came together, as a JSON array of their texts exactly
    # as they came. position is that of the first; the next ones follow. Nothing in this table is ever changed or deleted.
    """CREATE TABLE journal (
        position INTEGER PRIMARY KEY, shop INTEGER NOT NULL, device TEXT NOT NULL, epoch INTEGER NOT NULL,
        first_seq INTEGER NOT NULL, count INTEGER NOT NULL, received_at REAL NOT NULL, texts BLOB NOT NULL,
        UNIQUE (shop, device, epoch, first_seq))""",
    EVENT_VIEW,
    # What could not even be read as an event. The device keeps it too.
    """CREATE TABLE parked (
        shop INTEGER NOT NULL, device TEXT NOT NULL, digest TEXT NOT NULL, received_at REAL NOT NULL, reason TEXT NOT NULL,
        text BLOB NOT NULL, PRIMARY KEY (shop, device, digest))""",
    # What was answered to a till, so that the same question gets the same answer.
    """CREATE TABLE answer (
        shop INTEGER NOT NULL, device TEXT NOT NULL, nonce TEXT NOT NULL, asked TEXT NOT NULL, reply BLOB NOT NULL,
        at REAL NOT NULL, PRIMARY KEY (shop, device, nonce)) WITHOUT ROWID""",
)

_CAMPAIGNS = (
    # body: hub.wire.snapshot.Campaign as JSON.
    """CREATE TABLE campaign (
        shop INTEGER NOT NULL, number INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('draft', 'published', 'paused', 'ended')), body TEXT NOT NULL,
        version INTEGER NOT NULL, made_at REAL NOT NULL, changed_at REAL NOT NULL, published_at REAL,
        PRIMARY KEY (shop, number)) WITHOUT ROWID""",
    """CREATE TABLE campaign_version (
        shop INTEGER NOT NULL, number INTEGER NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL,
        at REAL NOT NULL, who TEXT NOT NULL, PRIMARY KEY (shop, number, version)) WITHOUT ROWID""",
    """CREATE TABLE picture (
        shop INTEGER NOT NULL, hash TEXT NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL, width INTEGER NOT NULL,
        height INTEGER NOT NULL, added_at REAL NOT NULL, PRIMARY KEY (shop, hash))""",
    # Rising totals, moved to a node before it may spend them.
    """CREATE TABLE rights (
        shop INTEGER NOT NULL, campaign INTEGER NOT NULL, device TEXT NOT NULL, issue INTEGER NOT NULL DEFAULT 0,
        accept INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (shop, campaign, device)) WITHOUT ROWID""",
    """CREATE TABLE revoked (
        shop INTEGER NOT NULL, serial TEXT NOT NULL, at REAL NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (shop, serial)) WITHOUT ROWID""",
)

_PEOPLE = (
    # password and pin: argon2id in its usual text form.
    """CREATE TABLE manager (
        shop INTEGER NOT NULL, name TEXT NOT NULL, password TEXT NOT NULL, made_at REAL NOT NULL, withdrawn_at REAL,
        PRIMARY KEY (shop, name)) WITHOUT ROWID""",
    """CREATE TABLE session (
        shop INTEGER NOT NULL, token_hash TEXT NOT NULL, manager TEXT NOT NULL, made_at REAL NOT NULL,
        expires_at REAL NOT NULL, PRIMARY KEY (shop, token_hash)) WITHOUT ROWID""",
    """CREATE TABLE staff (
        shop INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, pin TEXT NOT NULL, active INTEGER NOT NULL DEFAULT 1,
        made_at REAL NOT NULL, PRIMARY KEY (shop, id)) WITHOUT ROWID""",
    # Who changed what in the office. detail is JSON and names no shopper.
    """CREATE TABLE audit (
        position INTEGER PRIMARY KEY, shop INTEGER NOT NULL, at REAL NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
        subject TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '{}')""",
    "CREATE INDEX audit_by_time ON audit (shop, at)",
)

_ENTRY = (
    # The code with which the first manager is made. It is shown once and never kept; a new one replaces it.
    "CREATE TABLE setup_code (shop INTEGER PRIMARY KEY, code_hash TEXT NOT NULL, made_at REAL NOT NULL)",
    # Wrong tries in a row, with the time of the latest.
    """CREATE TABLE knock (
        shop INTEGER NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL, count INTEGER NOT NULL, latest_at REAL NOT NULL,
        PRIMARY KEY (shop, what, subject)) WITHOUT ROWID""",
)

_FOOTFALL = (
    """CREATE TABLE kind_count (
        shop INTEGER NOT NULL, kind TEXT NOT NULL, events INTEGER NOT NULL, PRIMARY KEY (shop, kind)) WITHOUT ROWID""",
    # How far each journal of a device has come, and how many of its events are here: a difference is a gap.
    """CREATE TABLE reach (
        shop INTEGER NOT NULL, device TEXT NOT NULL, epoch INTEGER NOT NULL, highest INTEGER NOT NULL, taken INTEGER NOT NULL,
        latest_at REAL NOT NULL, PRIMARY KEY (shop, device, epoch)) WITHOUT ROWID""",
    # Visits by quarter of an hour of arrival (every timezone's day begins on one): a month's report reads some hundred rows,
    # and no single stay stands anywhere but in the journal.
    """CREATE TABLE footfall (
        shop INTEGER NOT NULL, quarter INTEGER NOT NULL, zone TEXT NOT NULL, simulated INTEGER NOT NULL,
        visits INTEGER NOT NULL, dwell_ms INTEGER NOT NULL, PRIMARY KEY (shop, quarter, zone, simulated)) WITHOUT ROWID""",
    # People present: the newest window of each zone,
    """CREATE TABLE present (
        shop INTEGER NOT NULL, zone TEXT NOT NULL, at REAL NOT NULL, device TEXT NOT NULL, window_s REAL NOT NULL,
        people REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL, addresses INTEGER NOT NULL, simulated INTEGER NOT NULL,
        PRIMARY KEY (shop, zone)) WITHOUT ROWID""",
    # and sums by quarter of an hour, in thousandths of a person. A single window stands in the journal alone.
    """CREATE TABLE occupancy (
        shop INTEGER NOT NULL, quarter INTEGER NOT NULL, zone TEXT NOT NULL, simulated INTEGER NOT NULL,
        windows INTEGER NOT NULL, people INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, most INTEGER NOT NULL,
        PRIMARY KEY (shop, quarter, zone, simulated)) WITHOUT ROWID""",
    # Times that an offer's own page was opened.
    """CREATE TABLE interest (
        shop INTEGER NOT NULL, quarter INTEGER NOT NULL, campaign INTEGER NOT NULL, channel TEXT NOT NULL,
        simulated INTEGER NOT NULL, seen INTEGER NOT NULL,
        PRIMARY KEY (shop, quarter, campaign, channel, simulated)) WITHOUT ROWID""",
    """CREATE TABLE device_health (
        shop INTEGER NOT NULL, device TEXT NOT NULL, position INTEGER NOT NULL, at REAL NOT NULL, program TEXT NOT NULL,
        warnings TEXT NOT NULL, counts TEXT NOT NULL, texts TEXT NOT NULL, PRIMARY KEY (shop, device)) WITHOUT ROWID""",
    # A fact that was taken, and that this release cannot use: why not.
    "CREATE TABLE flaw (position INTEGER PRIMARY KEY, shop INTEGER NOT NULL, device TEXT NOT NULL, reason TEXT NOT NULL)",
)

_LEDGER = (
    """CREATE TABLE coupon (
        shop INTEGER NOT NULL, serial TEXT NOT NULL, position INTEGER NOT NULL, campaign INTEGER NOT NULL, code TEXT NOT NULL,
        key_number INTEGER NOT NULL, expires_at INTEGER NOT NULL, channel TEXT NOT NULL, device TEXT NOT NULL,
        issued_at REAL NOT NULL, simulated INTEGER NOT NULL, PRIMARY KEY (shop, serial)) WITHOUT ROWID""",
    "CREATE INDEX coupon_by_code ON coupon (shop, code)",
    "CREATE INDEX coupon_by_time ON coupon (shop, issued_at)",
    # One row for each act. device: the till that acted, also where the hub decided. standing: 'first' counts, 'conflict' was
    # accepted although the coupon was used. flag: the refusal that an audit of an offline act came to.
    """CREATE TABLE redemption (
        shop INTEGER NOT NULL, device TEXT NOT NULL, nonce TEXT NOT NULL, position INTEGER NOT NULL, serial TEXT NOT NULL,
        campaign INTEGER NOT NULL, at REAL NOT NULL, till TEXT NOT NULL, staff TEXT NOT NULL, value_cents INTEGER NOT NULL,
        basket_cents INTEGER, offline INTEGER NOT NULL, standing TEXT NOT NULL, flag TEXT, simulated INTEGER NOT NULL,
        PRIMARY KEY (shop, device, nonce)) WITHOUT ROWID""",
    "CREATE INDEX redemption_by_serial ON redemption (shop, serial, position)",
    "CREATE INDEX redemption_by_time ON redemption (shop, at)",
    """CREATE TABLE refusal (
        position INTEGER PRIMARY KEY, shop INTEGER NOT NULL, device TEXT NOT NULL, at REAL NOT NULL, refusal TEXT NOT NULL,
        nonce TEXT NOT NULL, till TEXT NOT NULL, staff TEXT NOT NULL, serial TEXT, campaign INTEGER, offline INTEGER NOT NULL,
        simulated INTEGER NOT NULL)""",
    "CREATE INDEX refusal_by_time ON refusal (shop, at)",
    """CREATE TABLE conflict (
        position INTEGER PRIMARY KEY, shop INTEGER NOT NULL, serial TEXT NOT NULL, campaign INTEGER NOT NULL,
        cost_cents INTEGER NOT NULL, first_at REAL NOT NULL, first_device TEXT NOT NULL, first_till TEXT NOT NULL,
        first_staff TEXT NOT NULL, second_at REAL NOT NULL, second_device TEXT NOT NULL, second_till TEXT NOT NULL,
        second_staff TEXT NOT NULL, simulated INTEGER NOT NULL)""",
    # Running totals, so that a limit is checked without counting rows under the lock. device: who handed out or accepted.
    """CREATE TABLE tally (
        shop INTEGER NOT NULL, campaign INTEGER NOT NULL, device TEXT NOT NULL, issued INTEGER NOT NULL DEFAULT 0,
        redeemed INTEGER NOT NULL DEFAULT 0, accepted_alone INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (shop, campaign, device)) WITHOUT ROWID""",
)

_STREET = (
    # Who went past a zone and who came in, by quarter of an hour: only numbers ever arrive, and here they are sums.
    """CREATE TABLE street (
        shop INTEGER NOT NULL, quarter INTEGER NOT NULL, zone TEXT NOT NULL, simulated INTEGER NOT NULL,
        windows INTEGER NOT NULL, passers INTEGER NOT NULL, entrants INTEGER NOT NULL, latest_at REAL NOT NULL,
        PRIMARY KEY (shop, quarter, zone, simulated)) WITHOUT ROWID""",
)

_GUESTS = (
    # Phones that the portal let in, by the way in which they came; known: with a code that their owner chose to keep. Sums only.
    """CREATE TABLE guest (
        shop INTEGER NOT NULL, quarter INTEGER NOT NULL, way TEXT NOT NULL, simulated INTEGER NOT NULL,
        joined INTEGER NOT NULL, known INTEGER NOT NULL, PRIMARY KEY (shop, quarter, way, simulated)) WITHOUT ROWID""",
    # Consents by purpose. Whose they are stands in the journal alone, under an opaque id.
    """CREATE TABLE consent (
        shop INTEGER NOT NULL, quarter INTEGER NOT NULL, purpose TEXT NOT NULL, simulated INTEGER NOT NULL,
        given INTEGER NOT NULL, withdrawn INTEGER NOT NULL, PRIMARY KEY (shop, quarter, purpose, simulated)) WITHOUT ROWID""",
)

_TAGS = (
    # known: the opaque id that stands in visits. Exactly one of identity (how a beacon names itself) and sealed (a key that only
    # this hub's own key opens) is there.
    """CREATE TABLE tag (
        shop INTEGER NOT NULL, known TEXT NOT NULL, name TEXT NOT NULL,
        whose TEXT NOT NULL CHECK (whose IN ('staff', 'member', 'thing')),
        kind TEXT NOT NULL CHECK (kind IN ('beacon', 'irk', 'eid')), identity TEXT, sealed TEXT, made_at REAL NOT NULL,
        CHECK ((identity IS NULL) <> (sealed IS NULL)), PRIMARY KEY (shop, known)) WITHOUT ROWID""",
    "CREATE UNIQUE INDEX tag_by_identity ON tag (shop, identity)",
    # The words to which a person agreed who is recognised. It outlives the tag, without the name: somebody may ask.
    """CREATE TABLE tag_consent (
        shop INTEGER NOT NULL, known TEXT NOT NULL, text TEXT NOT NULL, version INTEGER NOT NULL, language TEXT NOT NULL,
        place TEXT NOT NULL, given_at REAL NOT NULL, withdrawn_at REAL, PRIMARY KEY (shop, known)) WITHOUT ROWID""",
)

_COUNTER = (
    # member: to whom alone it was given.
    "ALTER TABLE coupon ADD COLUMN member TEXT NOT NULL DEFAULT ''",
    # standing: also 'part' (of a voucher) and 'reversed'. balance_cents: what was left on a voucher.
    "ALTER TABLE redemption ADD COLUMN member TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE redemption ADD COLUMN balance_cents INTEGER",
    # right_spent: the hub's yes used up one of the till's own rights.
    "ALTER TABLE redemption ADD COLUMN right_spent INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX redemption_by_member ON redemption (shop, member, at) WHERE member <> ''",
    # settled_at: when one of the two was taken back.
    "ALTER TABLE conflict ADD COLUMN settled_at REAL",
    "CREATE INDEX conflict_by_serial ON conflict (shop, serial)",
    # A redemption that was taken back, by the till that made it and its nonce; it may be here before the redemption is.
    """CREATE TABLE reversal (
        shop INTEGER NOT NULL, device TEXT NOT NULL, of TEXT NOT NULL, position INTEGER NOT NULL, nonce TEXT NOT NULL,
        serial TEXT NOT NULL, campaign INTEGER NOT NULL, at REAL NOT NULL, till TEXT NOT NULL, staff TEXT NOT NULL,
        by TEXT NOT NULL, reason TEXT NOT NULL, value_cents INTEGER NOT NULL, offline INTEGER NOT NULL, flag TEXT,
        simulated INTEGER NOT NULL, PRIMARY KEY (shop, device, of)) WITHOUT ROWID""",
    "CREATE INDEX reversal_by_serial ON reversal (shop, serial, position)",
    "CREATE INDEX reversal_by_time ON reversal (shop, at)",
    # A coupon that is held for a purchase. ended: NULL, 'released' or 'redeemed'; one that has run out is told by until.
    """CREATE TABLE reservation (
        shop INTEGER NOT NULL, device TEXT NOT NULL, nonce TEXT NOT NULL, position INTEGER NOT NULL, serial TEXT NOT NULL,
        campaign INTEGER NOT NULL, at REAL NOT NULL, till TEXT NOT NULL, staff TEXT NOT NULL, member TEXT NOT NULL,
        until REAL NOT NULL, ended TEXT, PRIMARY KEY (shop, device, nonce)) WITHOUT ROWID""",
    "CREATE INDEX reservation_of_coupon ON reservation (shop, serial, until) WHERE ended IS NULL",
    "CREATE INDEX reservation_of_campaign ON reservation (shop, campaign, until) WHERE ended IS NULL",
    # What was spent of a voucher in all, so that its parts need not be added up under the lock.
    """CREATE TABLE voucher (
        shop INTEGER NOT NULL, serial TEXT NOT NULL, campaign INTEGER NOT NULL, spent_cents INTEGER NOT NULL,
        worth_cents INTEGER NOT NULL, PRIMARY KEY (shop, serial)) WITHOUT ROWID""",
    # Redemptions that count, by quarter of an hour (every timezone's day begins on one), and by member.
    """CREATE TABLE use_by_quarter (
        shop INTEGER NOT NULL, campaign INTEGER NOT NULL, quarter INTEGER NOT NULL, redeemed INTEGER NOT NULL,
        PRIMARY KEY (shop, campaign, quarter)) WITHOUT ROWID""",
    """CREATE TABLE use_by_member (
        shop INTEGER NOT NULL, member TEXT NOT NULL, campaign INTEGER NOT NULL, redeemed INTEGER NOT NULL,
        PRIMARY KEY (shop, member, campaign)) WITHOUT ROWID""",
    # How often an offer stood on a screen, and for how long.
    """CREATE TABLE exposure (
        shop INTEGER NOT NULL, quarter INTEGER NOT NULL, campaign INTEGER NOT NULL, channel TEXT NOT NULL,
        simulated INTEGER NOT NULL, times INTEGER NOT NULL, shown_ms INTEGER NOT NULL,
        PRIMARY KEY (shop, quarter, campaign, channel, simulated)) WITHOUT ROWID""",
    # What was used before there were these sums.
    """INSERT INTO use_by_quarter SELECT shop, campaign, CAST(at AS INTEGER) / 900, count(*) FROM redemption
        WHERE standing = 'first' GROUP BY 1, 2, 3""",
)

_PICTURES = (
    # What was seen of QRs that change (hub.wire.rotating): the pace of the node that issued them, by the number of its key, and
    # of each coupon the step with which it was last accepted.
    """CREATE TABLE pace (
        shop INTEGER NOT NULL, key_number INTEGER NOT NULL, step INTEGER NOT NULL, own INTEGER NOT NULL, sure INTEGER NOT NULL,
        PRIMARY KEY (shop, key_number)) WITHOUT ROWID""",
    """CREATE TABLE picture_seen (
        shop INTEGER NOT NULL, serial TEXT NOT NULL, accepted INTEGER, wrong_digits INTEGER NOT NULL,
        PRIMARY KEY (shop, serial)) WITHOUT ROWID""",
)


@MIGRATIONS_HUB()
def m001_first_tables(db: Database) -> None:
    """Shop and nodes, journal, campaigns, people, footfall, ledger."""
    for group in (_SHOP_AND_NODES, _JOURNAL, _CAMPAIGNS, _PEOPLE, _ENTRY, _FOOTFALL, _LEDGER):
        for statement in group:
            db.execute(statement)
    tell_planner(db)


@MIGRATIONS_HUB()
def m002_the_street_and_who_is_known(db: Database) -> None:
    """Passers-by against entrants; tags, and members who gave a key."""
    for group in (_STREET, _TAGS):
        for statement in group:
            db.execute(statement)
    tell_planner(db)


@MIGRATIONS_HUB()
def m003_guests_and_what_they_agreed_to(db: Database) -> None:
    """Guests of the Wi-Fi, consents given and taken back."""
    for statement in _GUESTS:
        db.execute(statement)
    tell_planner(db)


@MIGRATIONS_HUB()
def m004_whose_own_membership_staff_have(db: Database) -> None:
    """The opaque id of the membership of somebody who redeems; nobody redeems their own coupons."""
    db.execute("ALTER TABLE staff ADD COLUMN member TEXT NOT NULL DEFAULT ''")


@MIGRATIONS_HUB()
def m005_what_a_coupon_may_depend_on(db: Database) -> None:
    """Taken back, held, spent in parts, counted by day and member; what was seen of QRs that change."""
    for group in (_COUNTER, _PICTURES):
        for statement in group:
            db.execute(statement)
    tell_planner(db)
