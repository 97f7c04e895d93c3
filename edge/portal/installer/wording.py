"""What the installer's pages say: figures with unit and age, and a sentence for each code that the door answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from babel import Locale
from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent

from edge.questions import OnTheAir, WalkState
from edge.standing import HOLD_DBM, OUTSIDE
from hub.storefront.languages import gettext as _
from hub.storefront.when import zone_of
from hub.wire.snapshot import Shop

BEACONS = {
    "ibeacon": "iBeacon",
    "altbeacon": "AltBeacon",
    "eddystone-uid": "Eddystone-UID",
    "eddystone-url": "Eddystone-URL",
    "eddystone-tlm": "Eddystone-TLM",
    "eddystone-eid": "Eddystone-EID",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """How one page says figures, for one reader."""

    locale: Locale
    shop: Shop

    def count(self, number: float | None) -> str:
        """A whole number, grouped; a dash where there is none."""
        return "–" if number is None else format_decimal(round(number), locale=self.locale)

    def one(self, number: float | None) -> str:
        """A number with one place behind the point."""
        return "–" if number is None else format_decimal(number, "#,##0.0", locale=self.locale)

    def two(self, number: float) -> str:
        """A number with two places behind the point."""
        return format_decimal(number, "0.00", locale=self.locale)

    def percent(self, share: float) -> str:
        """A share from 0 to 1."""
        return format_percent(share, locale=self.locale)

    def dbm(self, level: float | None) -> str:
        """A strength. The minus is a minus, which a hyphen is not."""
        return "–" if level is None else f"{round(level)} dBm".replace("-", "−")

    def ago(self, seconds: float | None) -> str:
        """An age."""
        if seconds is None:
            return "–"
        if seconds < 2:
            return _("just now")
        return str(
            format_timedelta(
                -timedelta(seconds=seconds), add_direction=True, threshold=1.5, locale=self.locale
            )
        )

    def lasting(self, seconds: float) -> str:
        """A length of time, in words."""
        return str(format_timedelta(timedelta(seconds=seconds), threshold=2, locale=self.locale))

    def clock(self, seconds: float) -> str:
        """Minutes and seconds, as a stop watch shows them."""
        whole = max(0, int(seconds))
        return f"{whole // 60}:{whole % 60:02d}"

    def moment(self, at: float) -> str:
        """Day and time on the shop's clock."""
        return format_datetime(datetime.fromtimestamp(at, zone_of(self.shop)), "medium", locale=self.locale)

    def kind(self, kind: str) -> str:
        """A class of senders."""
        return {
            "changing": _("Phones and other changing addresses"),
            "fixed": _("Things that keep their address"),
            "beacon": _("Beacons"),
            "tag": _("Enrolled tags and people"),
        }[kind]

    def rank(self, rank: str) -> str:
        """What a visit was recognised by."""
        return {
            "random": _("changing address"),
            "public": _("fixed address"),
            "tag": _("enrolled tag"),
            "member": _("member"),
            "beacon": _("beacon"),
        }.get(rank, rank)

    def beacon(self, kind: str) -> str:
        """A type of beacon, by its maker's name."""
        return BEACONS.get(kind, kind)

    def air_state(self, one: OnTheAir) -> str:
        """Whether it is on the air."""
        return {
            "on": _("on the air"),
            "turns": _("takes turns"),
            "refused": _("refused"),
            "waiting": _("waiting"),
        }.get(one.state, one.state)

    def place(self, name: str, alone: bool) -> str:
        """A place of a walk; where there is one zone `alone`, it is simply inside."""
        if name == OUTSIDE:
            return _("Outside")
        return _("Inside") if alone else name

    def walk_trouble(self, walk: WalkState) -> str:
        """Why a walk does not go on; empty where it does."""
        match walk.trouble:
            case "too-weak" if walk.strongest_dbm is None:
                return _(
                    "Nothing near is heard yet. Light the phone's screen. Some phones say nothing by themselves: open an app "
                    "that advertises, or take a beacon instead."
                )
            case "too-weak":
                return _(
                    "The strongest phone is heard at %(level)s; %(wanted)s are wanted. Hold it closer.",
                    level=self.dbm(walk.strongest_dbm),
                    wanted=self.dbm(HOLD_DBM),
                )
            case "two-phones":
                return _(
                    "Two phones are about equally strong (%(one)s and %(other)s). Take the other one some steps away.",
                    one=self.dbm(walk.strongest_dbm),
                    other=self.dbm(walk.second_dbm),
                )
            case "hold-on":
                return _("Heard. Hold it there for some seconds more.")
            case "not-heard":
                return _("It has not been heard yet. Is it switched on, and in reach?")
            case "silent":
                return _(
                    "Nothing has been heard of your phone for %(time)s. Light its screen. It may have changed its address: "
                    "then hold it against the radio once more; what you have measured stays.",
                    time=self.lasting(walk.silent_s or 0),
                )
            case "over":
                return _("Ten minutes are over, and your phone is not followed any longer. Begin again.")
        return ""

    def refusal(self, code: str, detail: str = "") -> str:
        """Why the door could not do what was asked."""
        return {
            "no-walk": _("This walk is over. Begin again."),
            "no-count": _("This count is over. Begin again."),
            "not-held": _("Your phone has not been found yet."),
            "not-complete": _("Some places are still missing."),
            "no-such-place": _("There is no such place. Open the page again."),
            "over": _("Ten minutes are over, and your phone is not followed any longer. Begin again."),
            "nothing-heard": _("The radio has heard nothing yet. Look at the radio's page first."),
            "nothing-fitted": _("There is nothing to accept. Begin again."),
            "too-few-windows": _("Too little has been counted yet. Go on for some minutes."),
            "too-little-heard": _(
                "Too little was heard of your phone to fit anything. Walk again, with its screen lit."
            ),
            "no-difference": _(
                "Inside and outside cannot be told apart by strength here: nothing was changed. Hang the radio farther inside, "
                "then walk again."
            ),
            "disk": _("The setting could not be written down, so nothing was changed: %(why)s", why=detail),
        }.get(code, _("The door did not understand. Are both programs of the same release?"))
