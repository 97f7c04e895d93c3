"""A till that had no time when it acted forgets nothing, and tells everything again, once it has the time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.db import Pool, writing
from hub.client.node import Node, NodeRecord
from hub.client.schema import MIGRATIONS_CLIENT
from hub.wire.events import CouponRedeemed, CouponReversed
from hub.wire.identity import public_text
from kiosk.retelling import decided_by_hub
from kiosk.store import KEEP_LATEST, KEEP_VERDICTS_S, MIGRATIONS_KIOSK, keep_verdict, verdict_of
from kiosk.store_acts import OwnAct, free_act, keep_act
from kiosk.store_open import keep_undo, open_undos
from kiosk.verdicts import Reversal, Verdict

IN_1970 = 1_020.0
NOW = 1_795_000_000.0
SERIAL = "00" * 8


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    pool = Pool(tmp_path / "till.db", [MIGRATIONS_CLIENT, MIGRATIONS_KIOSK])
    yield pool
    pool.close()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    record = NodeRecord("kiosk-1", "kiosk", "Till 1", 1, 1, 1, public_text(key), "http://hub")
    return Node(tmp_path, record, key)


def said(nonce: str, at: float) -> Verdict:
    return Verdict(nonce, at, accepted=True, decided_by="hub", staff="s1", act=nonce)


def accepted(nonce: str, at: float) -> OwnAct:
    return OwnAct(nonce, nonce, SERIAL, 1, at, "s1", "", 250, None, None, "hub")


def undone(at: float, state: str) -> Reversal:
    return Reversal("undo", "act", at, "s1", "wrong customer", state, None, SERIAL, 1, 250)  # type: ignore[arg-type]


def test_what_was_said_before_the_time_was_known_is_still_the_answer_afterwards(pool: Pool) -> None:
    with writing(pool.here()) as conn:
        keep_act(conn, accepted("early", IN_1970))
        keep_verdict(conn, said("early", IN_1970))
        keep_verdict(conn, said("late", NOW))
        assert verdict_of(conn, "early") == said("early", IN_1970)
        assert free_act(conn, "early") != "early"
        assert free_act(conn, "late") == "late"


def test_what_is_old_is_let_go_once_there_is_enough_that_is_newer(pool: Pool) -> None:
    with writing(pool.here()) as conn:
        keep_verdict(conn, said("old", NOW - KEEP_VERDICTS_S - 1))
        for number in range(KEEP_LATEST):
            keep_verdict(conn, said(f"{number}", NOW))
        assert verdict_of(conn, "old") is None
        assert verdict_of(conn, "0") is not None


@pytest.mark.parametrize("state", ["reversed", "open"])
def test_an_undo_of_a_till_without_the_time_is_told_again_after_its_redemption(
    pool: Pool, node: Node, state: str
) -> None:
    with writing(pool.here()) as conn:
        keep_act(conn, accepted("act", NOW))
        keep_undo(conn, undone(IN_1970, "open"), "act")
        if state == "reversed":
            keep_undo(conn, undone(NOW + 5, "reversed"), "act")
        redeemed, back = decided_by_hub(node)(conn, NOW - 60)
        assert isinstance(redeemed, CouponRedeemed)
        assert isinstance(back, CouponReversed)
        assert (back.of, back.decided_at) == ("act", NOW + 5 if state == "reversed" else NOW)
        assert open_undos(conn, 10) == []
