"""How the till stands, in one badge: the line to the hub, how many facts wait, how old the oldest is."""

from __future__ import annotations

from dataclasses import dataclass

from babel import Locale

from hub.storefront.languages import gettext as _
from hub.storefront.when import local_time, moment
from hub.wire.snapshot import Shop
from kiosk.health import Condition
from kiosk.tillpage.words import Tone

QUIET_AGE_S = 30.0
_MINUTE_S, _HOUR_S = 60, 3600


@dataclass(frozen=True, slots=True)
class Badge:
    """The network's state in one badge; `line` is the same in a sentence, empty while all is well."""

    tone: Tone
    text: str
    line: str = ""


def age(seconds: float) -> str:
    """How long ago, in one short word."""
    if seconds < _MINUTE_S:
        return _("%(count)s s", count=max(0, int(seconds)))
    if seconds < _HOUR_S:
        return _("%(count)s min", count=int(seconds // _MINUTE_S))
    if seconds < 24 * _HOUR_S:
        return _("%(count)s h", count=int(seconds // _HOUR_S))
    return _("%(count)s d", count=int(seconds // (24 * _HOUR_S)))


def wait_in_words(seconds: float) -> str:
    """How long somebody still has to wait, rounded up and said in full."""
    whole = max(1, int(seconds) + (seconds > int(seconds)))
    if whole < 2 * _MINUTE_S:
        return _("%(count)s seconds", count=whole) if whole != 1 else _("one second")
    return _("%(count)s minutes", count=-(-whole // _MINUTE_S))


def show_badge(condition: Condition, shop: Shop, locale: Locale) -> Badge:
    """How the till stands with its hub, and how much the hub does not have yet."""
    waiting = ""
    if condition.pending:
        oldest_s = condition.now - (condition.oldest_pending_at or condition.now)
        # While all goes well, a fact waits for a second or two: its age would only flicker.
        if condition.cut_off_since is None and oldest_s < QUIET_AGE_S:
            waiting = _("%(count)s waiting", count=condition.pending)
        else:
            waiting = _("%(count)s waiting, oldest %(age)s", count=condition.pending, age=age(oldest_s))
    if condition.refused_because:
        return Badge("no", " · ".join(filter(None, (_("Refused by the hub"), waiting))))
    if condition.cut_off_since is not None:
        since = moment(condition.cut_off_since, condition.now, shop, locale)
        line = _("Cut off from the hub since %(when)s.", when=since.removeprefix("on "))
        return Badge("note", " · ".join(filter(None, (_("Cut off"), waiting))), line)
    return Badge("good", " · ".join(filter(None, (_("Connected"), waiting))))


def day_began(now: float, shop: Shop) -> float:
    """When the shop's day began, in seconds of UTC."""
    return local_time(now, shop).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
