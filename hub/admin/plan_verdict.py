"""What a plan or messages changed, in one sentence."""

from __future__ import annotations

from collections.abc import Callable

from hub.admin.verdicts import Told
from hub.admin.wording import Wording
from hub.figures.campaign import Effect
from hub.figures.lift import LEAST_ACTIVE, LEAST_MEMBERS, Verdict
from hub.storefront.languages import gettext


def verdict_on_messages(changed: Effect | None, wording: Wording, *, has_control: bool) -> Told:
    """What may be said of messages to many now."""
    if not has_control:
        return Told(
            "note",
            gettext("Nobody can tell what these messages changed: nobody was left out."),
            gettext(
                "Let 10 per cent of the members get nothing next time; then this page says what it was worth."
            ),
        )
    if changed is None or changed.told.interval is None:
        return _early(gettext("It is too early to tell what these messages changed."))
    return _told(
        changed,
        wording,
        gettext("Members are compared as the lot parted them, also where a message did not arrive."),
    )


def verdict(changed: Effect | None, wording: Wording, *, has_control: bool) -> Told:
    """What may be said of a plan now."""
    if not has_control:
        return Told(
            "note",
            gettext("Nobody can tell what this plan changes: it has no control group."),
            gettext(
                "Let 10 per cent of the members walk it without getting anything; then this page says what it is worth."
            ),
        )
    if changed is None or changed.told.interval is None:
        return _early(gettext("It is too early to tell what this plan changes."))
    return _told(
        changed,
        wording,
        gettext("Members are compared as the lot parted them, whoever left early included."),
    )


def _early(sentence: str) -> Told:
    return Told(
        "note",
        sentence,
        gettext(
            "In each group there have to be %(members)s members whose days of watching are over, and %(active)s who came or "
            "bought.",
            members=LEAST_MEMBERS,
            active=LEAST_ACTIVE,
        ),
    )


def _told(changed: Effect, wording: Wording, beneath: str) -> Told:
    told, found = changed.told, changed.told.interval
    assert found is not None  # noqa: S101 - who has none is told that it is too early; for the type checker
    is_money = changed.value is not None
    say: Callable[[float], str] = (lambda cents: wording.money(round(cents))) if is_money else wording.decimal
    values = {
        "more": say(abs(found.difference)),
        "low": say(found.low),
        "high": say(found.high),
        "extra": say(abs(told.extra)),
    }
    tones = {Verdict.WORKED: "good", Verdict.HARMED: "no"}
    return Told(
        tones.get(told.verdict, "look"),
        _WORDS[told.verdict if told.verdict in tones else Verdict.UNCLEAR, is_money]() % values,
        beneath,
    )


_WORDS: dict[tuple[Verdict, bool], Callable[[], str]] = {
    (Verdict.WORKED, True): lambda: gettext(
        "It works: members who get it paid %(more)s more each than the control group (%(low)s to %(high)s), %(extra)s in all."
    ),
    (Verdict.WORKED, False): lambda: gettext(
        "It works: members who get it were here on %(more)s more days each than the control group (%(low)s to %(high)s)."
    ),
    (Verdict.HARMED, True): lambda: gettext(
        "It does harm: members who get it paid %(more)s less each than the control group (%(low)s to %(high)s)."
    ),
    (Verdict.HARMED, False): lambda: gettext(
        "It does harm: members who get it were here on %(more)s fewer days each than the control group (%(low)s to %(high)s)."
    ),
    (Verdict.UNCLEAR, True): lambda: gettext(
        "Whether it changes anything cannot be told yet: per member it brought between %(low)s and %(high)s, and chance alone "
        "makes as much."
    ),
    (Verdict.UNCLEAR, False): lambda: gettext(
        "Whether it changes anything cannot be told yet: per member it brought between %(low)s and %(high)s days, and chance "
        "alone makes as much."
    ),
}
