"""What the journal says of acts at the counter, however it is cut into batches; and sums that agree with single acts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.folding import fold
from hub.ledger import FLAGGED, HUB, RedeemedHere, RedemptionFlagged, ReleasedHere, ReservedHere
from hub.store.records import Act
from hub.store.sqlite import FILE, SqliteStore
from hub.wire.events import CouponIssued, CouponReversed, Event, Fact
from hub.wire.snapshot import Shop

AT = 1_795_000_000.0
TILLS = ("kiosk-1", "kiosk-2")
CODE = "0000000000000"[:12]

nonces = st.sampled_from(["n-1", "n-2", "n-3"])
serials = st.sampled_from(["00" * 8, "11" * 8])
tills = st.sampled_from(TILLS)


@st.composite
def acts(draw: st.DrawFn) -> tuple[str, Fact]:
    """Something that happens: whose journal, and what."""
    till, serial, nonce = draw(tills), draw(serials), draw(nonces)
    by_hub = draw(st.booleans())
    device = HUB if by_hub else till
    match draw(
        st.sampled_from(
            ["redeem", "redeem", "redeem", "part", "reverse", "reverse", "hold", "release", "flag"]
        )
    ):
        case "redeem":
            return device, RedeemedHere(
                serial=serial,
                campaign=1,
                nonce=nonce,
                till=till,
                staff="ann",
                value_cents=500,
                offline=not by_hub,
                member=draw(st.sampled_from(["", "m-1"])),
                asked_by=till if by_hub else None,
                reservation=draw(st.sampled_from(["", "n-1"])),
                right_spent=draw(st.booleans()),
            )
        case "part":
            return device, RedeemedHere(
                serial="22" * 8,
                campaign=2,
                nonce=f"v{nonce}",
                till=till,
                staff="ann",
                value_cents=draw(st.sampled_from([300, 700])),
                balance_cents=draw(st.sampled_from([0, 300, 700])),
                offline=not by_hub,
                asked_by=till if by_hub else None,
            )
        case "reverse":
            part = draw(st.booleans())
            return device, CouponReversed(
                serial="22" * 8 if part else serial,
                campaign=2 if part else 1,
                of=f"v{nonce}" if part else nonce,
                redeemed_by=draw(tills),
                nonce=f"back-{nonce}",
                till=till,
                staff="ann",
                by=draw(st.sampled_from(["staff", "manager"])),
                reason="a slip",
                value_cents=500,
                offline=not by_hub,
            )
        case "hold":
            return HUB, ReservedHere(
                serial=serial,
                campaign=1,
                nonce=nonce,
                till=till,
                staff="ann",
                until=AT + draw(st.sampled_from([10, 900])),
                asked_by=till,
            )
        case "release":
            return HUB, ReleasedHere(serial=serial, campaign=1, nonce=nonce, asked_by=till)
    return HUB, RedemptionFlagged(
        serial=serial, nonce=nonce, device=till, refusal="expired", reversal=draw(st.booleans())
    )


KINDS = {
    RedeemedHere: "coupon.redeemed",
    CouponReversed: "coupon.reversed",
    ReservedHere: "coupon.reserved",
    ReleasedHere: "coupon.released",
    RedemptionFlagged: FLAGGED,
    CouponIssued: "coupon.issued",
}


def journal(happened: list[tuple[str, Fact]]) -> list[tuple[int, Event]]:
    seqs: Counter[str] = Counter()
    placed = []
    for position, (device, fact) in enumerate(happened, 1):
        seqs[device] += 1
        text = msgspec.Raw(msgspec.json.encode(fact))
        clock = "ntp" if position % 5 else "restored"
        at = AT + position * 137.0
        placed.append((position, Event(device, 1, seqs[device], KINDS[type(fact)], at, clock, text)))  # type: ignore[arg-type]  # clock is one of two texts
    return placed


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    made = []
    for name in ("one", "cut"):
        store = SqliteStore(tmp_path_factory.mktemp(name) / FILE)
        store.shop.save(Shop(1, {"en": "Corner"}), AT)
        made.append(store)
    yield made[0], made[1]
    for store in made:
        store.close()


def folded(store: SqliteStore, batches: list[list[tuple[int, Event]]]) -> dict[str, str]:
    with store.writing():
        store.ledger.empty_projections()
        for batch in batches:
            fold(store.ledger, batch)
    return store.ledger.digest()


def cut(placed: list[tuple[int, Event]], places: list[int]) -> list[list[tuple[int, Event]]]:
    ends = sorted({place % (len(placed) + 1) for place in places} | {len(placed)})
    return [placed[start:end] for start, end in zip([0, *ends], ends, strict=False) if placed[start:end]]


def redeemed(till: str, nonce: str) -> tuple[str, Fact]:
    fact = RedeemedHere(
        serial="00" * 8, campaign=1, nonce=nonce, till=till, staff="ann", value_cents=500, offline=True
    )
    return till, fact


def taken_back(till: str, nonce: str) -> tuple[str, Fact]:
    fact = CouponReversed(
        serial="00" * 8,
        campaign=1,
        of=nonce,
        redeemed_by=till,
        nonce=f"back-{nonce}",
        till=till,
        staff="ann",
        by="staff",
        reason="a slip",
        value_cents=500,
        offline=True,
    )
    return till, fact


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=st.lists(acts(), max_size=14), places=st.lists(st.integers(0, 14), max_size=4))
@example(
    happened=[redeemed("kiosk-1", "n-1"), taken_back("kiosk-1", "n-1"), redeemed("kiosk-2", "n-1")],
    places=[],
)
def test_it_makes_no_difference_how_the_journal_is_cut(
    stores: tuple[SqliteStore, SqliteStore], happened: list[tuple[str, Fact]], places: list[int]
) -> None:
    one, other = stores
    placed = journal(happened)
    assert folded(one, [[event] for event in placed]) == folded(other, cut(placed, places))
    all_agrees(one)


def all_agrees(store: SqliteStore) -> None:
    """Sums are those of the acts that count, one act counts for a coupon, and what is beyond it costs what it is worth."""
    everything = store.counter.acts(0, 3e9, limit=1_000)
    counting = [act for act in everything if act.counts]
    for number in (1, 2):
        own = [act for act in counting if act.campaign == number]
        assert store.ledger.redeemed(number) == len(own)
        first = int(AT) // 900 * 900
        assert store.ledger.redeemed_between(number, first, first + 86_400) == len(own)
        assert store.ledger.redeemed_by_member(number, "m-1") == sum(act.member == "m-1" for act in own)
    costs = Counter({conflict.serial: 0 for conflict in store.reports.conflicts(0, 3e9)})
    for conflict in store.reports.conflicts(0, 3e9):
        costs[conflict.serial] += conflict.cost_cents
    for serial in ("00" * 8, "11" * 8):
        stand = [act for act in everything if act.serial == serial and act.standing != "reversed"]
        assert [act.standing for act in stand].count("first") == min(1, len(stand))
        assert costs[serial] == 500 * max(0, len(stand) - 1)
    voucher = store.ledger.voucher("22" * 8)
    spent = sum(act.value_cents for act in everything if act.standing == "part")
    if voucher is not None:
        assert voucher.spent_cents == spent
        assert costs["22" * 8] <= max(0, spent - min(spent, voucher.worth_cents)) or voucher_grew(everything)


def voucher_grew(everything: list[Act]) -> bool:
    """The hub gave a voucher another worth meanwhile: what had been beyond the old one is not beyond the new."""
    return any(act.standing == "part" and not act.offline for act in everything)
