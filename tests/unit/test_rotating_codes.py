"""Codes that change every 30 seconds."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pyotp
import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.wire.coupon import BadToken, Coupon, mint_token, read_token, read_typed
from hub.wire.identity import CROCKFORD
from hub.wire.rotating import (
    MOST_WRONG_DIGITS,
    STEP_S,
    Pace,
    RotatingKey,
    Seen,
    current_key,
    digits_secret,
    is_picture,
    judge,
    show,
    step_of,
    totp,
)

SERIAL = "00112233445566ff"
TOKEN = mint_token(Ed25519PrivateKey.from_private_bytes(bytes(32)), Coupon(3, 7, 42, SERIAL, 1_800_000_000))
KEYS = [RotatingKey(1, "ab" * 32)]
NOW = 1_795_000_020.0

RFC_6238 = {
    "sha1": (b"12345678901234567890", "94287082 07081804 14050471 89005924 69279037 65353130"),
    "sha256": (
        b"12345678901234567890123456789012",
        "46119246 68084774 67062674 91819424 90698825 77737706",
    ),
    "sha512": (
        b"1234567890123456789012345678901234567890123456789012345678901234",
        "90693936 25091201 99943326 93441116 38618901 47863826",
    ),
}
TIMES = (59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000)


def picture(at: float = NOW, *, keys: list[RotatingKey] = KEYS, clock_known: bool = True) -> str:
    shown = show(TOKEN, SERIAL, keys, at, clock_known=clock_known)
    assert shown is not None
    token = read_token(shown.text)
    assert token is not None
    return token.picture


def digits(at: float = NOW) -> str:
    shown = show(TOKEN, SERIAL, KEYS, at)
    assert shown is not None
    return "D" + shown.digits


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_the_digits_are_those_of_rfc_6238(algorithm: str) -> None:
    secret, passwords = RFC_6238[algorithm]
    made = [totp(secret, time // 30, 8, algorithm) for time in TIMES]  # type: ignore[arg-type]
    assert made == passwords.split()


@given(st.integers(0, 2**32))
def test_any_authenticator_would_show_the_same_digits(at: int) -> None:
    secret = base64.b32encode(digits_secret(KEYS[0], SERIAL)).decode()
    shown = show(TOKEN, SERIAL, KEYS, at)
    assert shown is not None
    assert shown.digits == pyotp.TOTP(secret, digest=hashlib.sha256).at(at)


def test_the_proof_is_an_hmac_under_a_key_by_rfc_5869() -> None:
    """Worked out by hand: extract with no salt, expand to one block, HMAC over the step, 45 bits of it."""
    extracted = hmac.digest(bytes(32), bytes.fromhex(KEYS[0].secret), "sha256")
    info = f"shopbell1 rotating picture\n{SERIAL}".encode()
    secret = hmac.digest(extracted, info + b"\x01", "sha256")
    head = (1 << 29) | step_of(NOW)
    proof = hmac.digest(secret, head.to_bytes(4, "big"), "sha256")
    bits = int.from_bytes(proof, "big") >> (256 - 45)
    number = head << 45 | bits
    assert picture() == "R" + "".join(CROCKFORD[number >> 5 * place & 31] for place in range(14, -1, -1))


def test_it_needs_no_larger_qr_than_a_coupon_that_does_not_change() -> None:
    shown = show(TOKEN, SERIAL, KEYS, NOW)
    assert shown is not None
    assert len(shown.text) == 154
    sides = {
        zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
        .to_image(scale=1, add_quiet_zones=False)
        .shape[0]
        for text in (TOKEN, shown.text)
    }
    assert sides == {41}


@pytest.mark.parametrize("late_s", [-60, -30, 0, 29, 30, 60])
def test_what_is_shown_is_good_while_a_queue_takes_its_time(late_s: float) -> None:
    assert judge(picture(), SERIAL, KEYS, Seen(), NOW + late_s).picture == "fresh"


@pytest.mark.parametrize("late_s", [-120, 90, 120, 3_600, 86_400])
def test_a_screenshot_is_worth_nothing_later(late_s: float) -> None:
    assert judge(picture(), SERIAL, KEYS, Seen(), NOW + late_s).picture == "stale"


@given(st.integers(0, 15), st.sampled_from(CROCKFORD + "RIL0"))
def test_no_other_sign_at_any_place_is_taken(place: int, sign: str) -> None:
    good = picture()
    bad = good[:place] + sign + good[place + 1 :]
    assert bad == good or judge(bad, SERIAL, KEYS, Seen(), NOW).picture == "stale"


def test_it_is_of_one_coupon_and_of_one_shop() -> None:
    assert judge(picture(), "00112233445566fe", KEYS, Seen(), NOW).picture == "stale"
    assert judge(picture(), SERIAL, [RotatingKey(1, "cd" * 32)], Seen(), NOW).picture == "stale"
    assert judge(picture(), SERIAL, [], Seen(), NOW).picture == "stale"


def test_once_accepted_neither_it_nor_an_older_one_is_good_again() -> None:
    used = judge(picture(), SERIAL, KEYS, Seen(), NOW).after_use()
    for shown in (picture(), picture(NOW - STEP_S), digits(), digits(NOW - STEP_S)):
        assert judge(shown, SERIAL, KEYS, used, NOW + 5).picture == "stale"
    assert judge(picture(NOW + STEP_S), SERIAL, KEYS, used, NOW + STEP_S).picture == "fresh"


@given(
    st.lists(st.floats(0, 10_000, allow_nan=False), min_size=1, max_size=8),
    st.booleans(),
    st.floats(-1e5, 1e5),
)
def test_one_picture_shown_ever_so_often_never_makes_itself_fresh(
    gaps: list[float], known: bool, off_s: float
) -> None:
    """Where a clock is wrong only a page that goes on changing convinces."""
    seen, now = Seen(), NOW + off_s
    shown = picture(clock_known=known)
    for gap in gaps:
        now += gap
        judged = judge(shown, SERIAL, KEYS, seen, now, clock_known=not known)
        assert judged.picture == "stale"
        seen = judged.seen


@pytest.mark.parametrize("off_s", [-50_000.0, 700.0])
def test_a_node_with_a_wrong_clock_that_it_admits_is_believed_from_its_second_picture(off_s: float) -> None:
    first = judge(picture(NOW + off_s, clock_known=False), SERIAL, KEYS, Seen(), NOW)
    assert first.picture == "stale"
    later = NOW + STEP_S
    second = judge(picture(later + off_s, clock_known=False), SERIAL, KEYS, first.seen, later)
    assert second.picture == "fresh"
    assert second.seen.pace == Pace(step_of(later + off_s), step_of(later), sure=True)
    # From then on another coupon of that node is good at once, and an old picture of it is not.
    much = NOW + 40 * STEP_S
    known = Seen(second.seen.pace)
    assert (
        judge(picture(much + off_s, clock_known=False), SERIAL, KEYS, known, much + STEP_S).picture == "fresh"
    )
    assert judge(picture(NOW + off_s, clock_known=False), SERIAL, KEYS, known, much).picture == "stale"


def test_an_old_picture_does_not_upset_a_pace_that_is_sure() -> None:
    pace = Pace(step_of(NOW), step_of(NOW), sure=True)
    old = judge(picture(NOW - 600), SERIAL, KEYS, Seen(pace), NOW + 900, clock_known=False)
    assert (old.picture, old.seen.pace) == ("stale", pace)
    between = judge(picture(NOW + 300), SERIAL, KEYS, Seen(pace), NOW + 900, clock_known=False)
    assert (between.picture, between.seen.pace) == ("stale", pace)
    live = judge(picture(NOW + 900), SERIAL, KEYS, Seen(pace), NOW + 900, clock_known=False)
    assert live.picture == "fresh"


def test_digits_that_are_typed_in_time_are_good_and_late_ones_are_not() -> None:
    assert judge(digits(), SERIAL, KEYS, Seen(), NOW + STEP_S).picture == "fresh"
    assert judge(digits(), SERIAL, KEYS, Seen(), NOW + 3 * STEP_S).picture == "stale"
    assert judge(digits(), SERIAL, KEYS, Seen(), NOW, clock_known=False).picture == "stale"


def test_after_five_wrong_digits_only_the_qr_is_good() -> None:
    seen = Seen()
    wrong = next(
        f"D{number:06}"
        for number in range(10)
        if judge(f"D{number:06}", SERIAL, KEYS, Seen(), NOW).picture == "stale"
    )
    for turn in range(MOST_WRONG_DIGITS):
        judged = judge(wrong, SERIAL, KEYS, seen, NOW)
        seen = judged.seen
        assert seen.wrong_digits == turn + 1
    assert judge(digits(), SERIAL, KEYS, seen, NOW).picture == "stale"
    assert judge(picture(), SERIAL, KEYS, seen, NOW).picture == "fresh"


def test_two_keys_are_good_while_one_takes_over() -> None:
    old, new = RotatingKey(4, "11" * 32), RotatingKey(5, "22" * 32, int(NOW) + 100)
    assert current_key([old, new], NOW) == old
    assert current_key([old, new], NOW + 100) == new
    for at in (NOW, NOW + 200):
        shown = picture(at, keys=[old, new])
        assert judge(shown, SERIAL, [old, new], Seen(), at).picture == "fresh"
    assert judge(picture(keys=[old]), SERIAL, [new], Seen(), NOW).picture == "stale"


def test_a_node_without_a_clock_uses_the_older_key_rather_than_none() -> None:
    keys = [RotatingKey(4, "11" * 32, 1_700_000_000), RotatingKey(5, "22" * 32, 1_800_000_000)]
    assert current_key(keys, 5.0) == keys[0]
    assert current_key([], 5.0) is None


def test_a_token_is_read_with_what_stands_behind_it_and_a_code_with_its_digits() -> None:
    read = read_token(TOKEN.lower() + picture().lower())
    assert read is not None
    assert read.picture == picture()
    typed = read_typed("0000 0000 0000 123456")
    assert typed is not None
    assert (typed.code, typed.picture) == ("000000000000", "D123456")
    assert read_typed("0000 0000 0000 12345") is None
    assert read_typed("0000 0000 0000 12345A") is None


@pytest.mark.parametrize(
    "behind", ["R", "RABC", "D12345", "D1234567", "X" + "0" * 15, "R" + "U" * 15, "R" + "0" * 16]
)
def test_nothing_else_may_stand_behind_a_token(behind: str) -> None:
    assert not is_picture(behind)
    with pytest.raises(BadToken):
        read_token(TOKEN + behind)
