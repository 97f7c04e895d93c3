"""What the till says: a word, a shape and a sentence for every refusal, in both languages; and what it offers to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.pofile import read_po
from flask import Flask

import kiosk
from hub.storefront.languages import speak
from hub.storefront.offers import Reader
from hub.wire.coupon import make_code
from hub.wire.refusals import Refusal, sentence
from hub.wire.rules import UNDO_S, FirstUse
from hub.wire.snapshot import Campaign, Offer, Shop, Value
from hub.wire.sync import Found
from kiosk.health import Condition
from kiosk.sounds import TUNES, sound
from kiosk.tillpage.badges import show_badge, wait_in_words
from kiosk.tillpage.words import (
    NEEDS,
    show_found,
    show_hold,
    show_reversal,
    show_verdict,
    tone_of,
)
from kiosk.verdicts import Hold, Reversal, Verdict

NOW = 1_790_000_000.0
CODE = make_code(bytes(range(7)))
SHOP = Shop(1, {"en": "Corner Shop", "zh": "街角小店"}, timezone="Europe/Vienna")
COFFEE = Campaign(1, Offer({"en": "A coffee", "zh": "一杯咖啡"}, {}, Value("amount", 250)), 0, 2**31)
LOCALES = {"en": Locale("en", "GB"), "zh": Locale("zh", "CN", script="Hans")}


@contextmanager
def speaking(language: str) -> Iterator[Reader]:
    app = Flask("kiosk")
    speak(app, Path(kiosk.__file__).parent / "translations")
    with app.test_request_context(f"/?lang={language}"):
        yield Reader(language, LOCALES[language], NOW)


def verdict(**values: object) -> Verdict:
    known = {"nonce": "n", "at": NOW, "accepted": False, "decided_by": "hub", "staff": "s1", **values}
    return Verdict(**known)  # type: ignore[arg-type]


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_has_a_word_and_a_sentence_in_both_languages(refusal: Refusal) -> None:
    said = {}
    for language in ("en", "zh"):
        with speaking(language) as reader:
            view = show_verdict(verdict(refusal=refusal, text=CODE), COFFEE, SHOP, reader)
            assert view.word not in ("", refusal)
            assert view.reason not in ("", refusal)
            assert view.worth == ""
            assert view.tone in TUNES
            said[language] = view
    assert is_chinese(said["zh"].word)
    assert is_chinese(said["zh"].reason)
    assert not is_chinese(said["en"].word + said["en"].reason)


def test_every_refusal_but_those_said_better_is_told_by_its_own_sentence() -> None:
    better = {Refusal.BASKET_NEEDED, Refusal.BASKET_TOO_SMALL, Refusal.CODE_TOO_OLD}
    with speaking("en") as reader:
        for refusal in set(Refusal) - better:
            view = show_verdict(verdict(refusal=refusal), COFFEE, SHOP, reader)
            assert view.reason == sentence(refusal, "en")


def test_each_kind_of_answer_has_a_shape_of_its_own() -> None:
    first = FirstUse(NOW - 60, "Till 2", "s2", "x")
    assert tone_of(verdict(accepted=True)) == "good"
    assert tone_of(verdict(accepted=True, offline=True)) == "note"
    assert tone_of(verdict(refusal="already_redeemed", first_use=first)) == "look"
    assert tone_of(verdict(refusal="expired")) == "no"
    assert tone_of(verdict(accepted=True, reversed_at=NOW)) == "back"
    for refusal in ("basket_needed", "amount_needed", "products_needed", "member_needed"):
        assert tone_of(verdict(refusal=refusal, text=CODE)) == "ask"
        assert tone_of(verdict(refusal=refusal)) == "no"


def test_a_form_asks_for_what_would_help_and_for_digits_only_behind_a_typed_code() -> None:
    with speaking("en") as reader:
        for refusal, field in NEEDS.items():
            asked = show_verdict(verdict(refusal=refusal, text=CODE), COFFEE, SHOP, reader)
            assert (asked.needs, asked.again) == (field, True)
        old_picture = show_verdict(
            verdict(refusal="code_too_old", text="SB1" + "A" * 135), COFFEE, SHOP, reader
        )
        assert (old_picture.needs, old_picture.tone, old_picture.again) == (None, "no", False)
        assert show_verdict(verdict(refusal="expired", text=None), COFFEE, SHOP, reader).needs is None


def test_the_first_use_says_when_and_where() -> None:
    first = FirstUse(NOW - 60, "Till 2", "s2", "x")
    for language, place in (("en", "at Till 2"), ("zh", "Till 2")):
        with speaking(language) as reader:
            view = show_verdict(verdict(refusal="already_redeemed", first_use=first), COFFEE, SHOP, reader)
            assert place in view.reason
            assert ":" in view.reason


def test_what_is_left_on_a_voucher_is_said_with_the_value() -> None:
    with speaking("en") as reader:
        view = show_verdict(
            verdict(accepted=True, value_cents=1250, balance_cents=3750), COFFEE, SHOP, reader
        )
        assert (view.worth, view.balance) == ("€12.50", "€37.50 left on it")


def test_an_undo_is_offered_for_a_minute_to_whoever_redeemed_and_not_in_training() -> None:
    with speaking("en") as reader:
        done = verdict(accepted=True, at=NOW - 10)
        assert show_verdict(done, COFFEE, SHOP, reader, staff="s1").undo_s == UNDO_S - 10
        assert show_verdict(done, COFFEE, SHOP, reader, staff="s2").undo_s == 0
        for other in (
            verdict(accepted=True, at=NOW - UNDO_S - 1),
            verdict(accepted=True, training=True),
            verdict(accepted=True, reversed_at=NOW),
            verdict(refusal="expired"),
        ):
            assert show_verdict(other, COFFEE, SHOP, reader, staff="s1").undo_s == 0


def test_training_has_sounds_of_its_own_and_every_tone_has_one() -> None:
    with speaking("en") as reader:
        view = show_verdict(verdict(accepted=True, training=True), COFFEE, SHOP, reader)
        assert view.sound == "train-good"
    sounds = {tone: sound(tone) for tone in TUNES}
    assert len(set(sounds.values())) == len(sounds) == 14
    assert all(made is not None and len(made) < 20_000 for made in sounds.values())


def test_an_undo_that_is_open_or_refused_never_looks_as_if_it_were_done() -> None:
    for language in ("en", "zh"):
        with speaking(language) as reader:
            views = {
                state: show_reversal(
                    Reversal("r", "n", NOW, "s1", "x", state, refusal=refusal, value_cents=250),  # type: ignore[arg-type]
                    COFFEE,
                    SHOP,
                    reader,
                )
                for state, refusal in (("reversed", None), ("open", None), ("refused", "undo_too_late"))
            }
            assert [view.tone for view in views.values()] == ["back", "note", "no"]
            assert len({view.word for view in views.values()}) == 3
            assert [bool(view.worth) for view in views.values()] == [True, False, False]


def test_a_hold_says_until_when_and_that_it_is_over() -> None:
    with speaking("en") as reader:
        held = show_hold(Hold("h", True, campaign=1, value_cents=250, until=NOW + 60), COFFEE, SHOP, reader)
        assert (held.tone, held.word) == ("hold", "Held")
        over = show_hold(Hold("h", True, until=NOW - 1), COFFEE, SHOP, reader)
        assert over.word == "Not held any more"
        refused = show_hold(Hold("h", False, refusal="basket_needed"), COFFEE, SHOP, reader, text=CODE)
        assert (refused.tone, refused.needs) == ("ask", "basket")
        cut_off = show_hold(Hold("h", False, refusal="hub_unreachable"), COFFEE, SHOP, reader, text=CODE)
        assert (cut_off.tone, cut_off.needs, cut_off.word) == ("no", None, "Not now")


@pytest.mark.parametrize("state", ["open", "redeemed", "reversed", "reserved", "revoked", "expired"])
def test_a_found_coupon_tells_its_state_and_its_history(state: str) -> None:
    at = NOW - 60 if state in ("redeemed", "reversed", "reserved") else None
    found = Found("0" * 16, 1, CODE, NOW - 3600, int(NOW) + 3600, state, at, "Till 2", "s2", 250, 3750)  # type: ignore[arg-type]
    for language in ("en", "zh"):
        with speaking(language) as reader:
            view = show_found(found, COFFEE, SHOP, reader)
            assert view.state
            assert len(view.lines) >= 2
            assert all(line.endswith("。" if language == "zh" else ".") for line in view.lines)
            assert ("Till 2" in " ".join(view.lines)) is (at is not None)


def test_the_badge_says_how_many_facts_wait_and_how_old_the_oldest_is() -> None:
    with speaking("en") as reader:
        locale = reader.locale
        assert show_badge(Condition(now=NOW), SHOP, locale).text == "Connected"
        waiting = Condition(now=NOW, pending=3, oldest_pending_at=NOW - 125)
        assert show_badge(waiting, SHOP, locale).text == "Connected · 3 waiting, oldest 2 min"
        cut = Condition(now=NOW, pending=3, oldest_pending_at=NOW - 4, cut_off_since=NOW - 9)
        badge = show_badge(cut, SHOP, locale)
        assert (badge.tone, badge.text) == ("note", "Cut off · 3 waiting, oldest 4 s")


def test_a_wait_is_said_in_words() -> None:
    with speaking("en"):
        assert [wait_in_words(seconds) for seconds in (0.2, 9.1, 600.0)] == [
            "one second",
            "10 seconds",
            "10 minutes",
        ]


def test_the_till_and_the_shoppers_screen_translate_the_same_words_alike() -> None:
    root = Path(kiosk.__file__).parents[1]
    words = []
    for folder in ("kiosk", "hub/storefront"):
        with (root / folder / "translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
            words.append({message.id: message.string for message in read_po(file) if message.id})
    mine, theirs = words
    # Both stand in one application, where the last catalogue speaks for both.
    assert {text for text in mine.keys() & theirs.keys() if mine[text] != theirs[text]} == set()
