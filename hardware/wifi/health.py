"""What can be wrong with the guests' network, and what to do about it, judged from plain facts.

Pure. `hardware.wifi.facts` gathers them, `hardware.wifi.warnings` has the sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hardware.wifi.warnings import WARNINGS, Text

NOBODY_AFTER_S = 2 * 3_600.0
"""A shop with customers and nobody on its Wi-Fi for two open hours: most likely nobody sees it."""

NO_LEASE_AFTER_S = 60.0
"""A phone asks for an address in the second in which it has associated, and again for some ten."""

KEEPS_DYING = 3
STALE_S = 30.0
"""The status is written every two seconds."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """That a warning holds now; `since` is seconds of UTC, None where nobody knows."""

    code: str
    detail: str | Text = ""
    subject: str | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known. None: there is no such thing here (no radio, no way out), or nobody knows."""

    running: bool
    status_age_s: float = 0.0
    went_back: str = ""
    interface: str = ""
    has_address: bool = True
    carrier: bool = True
    radio: str | None = None
    hostapd: dict[str, str] | None = None
    channel: int = 0
    stations: int | None = None
    station_limit: int | None = None
    guest_dns: bool = True
    internet_dns: bool | None = None
    leases: int = 0
    most_leases: int = 0
    deaths: tuple[tuple[str, int], ...] = ()
    shop_open: bool = True
    nobody_for_s: float | None = None
    without_lease_s: float | None = None


def judge(facts: Facts) -> list[Trouble]:
    """What is wrong; what another explains (`hidden_by`) is left out."""
    if not facts.running or facts.status_age_s > STALE_S:
        return [Trouble("wifi-down")]
    found = [*_ground(facts), *_air(facts), *_servers(facts), *_guests(facts)]
    codes = {trouble.code for trouble in found}
    hidden = {warning.code for warning in WARNINGS if codes & set(warning.hidden_by)}
    rank = {warning.code: place for place, warning in enumerate(WARNINGS)}
    return sorted((one for one in found if one.code not in hidden), key=lambda one: rank[one.code])


def sentences(troubles: list[Trouble], language: str = "en") -> list[str]:
    """Each as people read it: what is wrong, and what to do."""
    known = {warning.code: warning for warning in WARNINGS}
    between = "" if language == "zh" else " "
    return [
        between.join(_filled(text, one)[language] for text in (known[one.code].what, known[one.code].todo))
        for one in troubles
    ]


def report(troubles: list[Trouble]) -> dict[str, Any]:
    """As `check --json` of every program tells it."""
    known = {warning.code: warning for warning in WARNINGS}
    severities = {known[one.code].severity for one in troubles}
    status = "error" if "error" in severities else "warning" if "warning" in severities else "ok"
    return {
        "program": "wifi",
        "status": status,
        "warnings": [
            {
                "code": one.code,
                "severity": known[one.code].severity,
                "what": _filled(known[one.code].what, one),
                "todo": _filled(known[one.code].todo, one),
                "since": one.since,
                "subject": one.subject,
            }
            for one in troubles
        ],
    }


def _ground(facts: Facts) -> Iterator[Trouble]:
    if facts.went_back:
        yield Trouble("wifi-back", facts.went_back)
    if not facts.has_address:
        yield Trouble("wifi-no-address", subject=facts.interface)
    if not facts.carrier:
        yield Trouble("wifi-no-cable", subject=facts.interface)
    for name, deaths in facts.deaths:
        if deaths >= KEEPS_DYING:
            yield Trouble("wifi-keeps-dying", str(deaths), name)


def _air(facts: Facts) -> Iterator[Trouble]:
    if facts.radio is None:
        return
    told = facts.hostapd or {}
    if not told:
        yield Trouble("wifi-no-hostapd", subject=facts.radio)
    elif told.get("state") != "ENABLED":
        yield Trouble("wifi-not-on-air", told.get("state", "?"), facts.radio)
    elif told.get("channel") not in (None, str(facts.channel)):
        yield Trouble("wifi-other-channel", f"{told['channel']} / {facts.channel}", facts.radio)
    if facts.stations is not None and facts.station_limit and facts.stations >= facts.station_limit:
        yield Trouble("wifi-stations-full", f"{facts.stations} / {facts.station_limit}", facts.radio)


def _servers(facts: Facts) -> Iterator[Trouble]:
    if not facts.guest_dns:
        yield Trouble("wifi-no-dns")
    if facts.internet_dns is False:
        yield Trouble("wifi-no-internet-dns")


def _guests(facts: Facts) -> Iterator[Trouble]:
    if facts.most_leases and facts.leases >= facts.most_leases:
        yield Trouble("wifi-leases-full", str(facts.leases))
    if facts.without_lease_s is not None and facts.without_lease_s >= NO_LEASE_AFTER_S:
        yield Trouble("wifi-no-lease")
    if facts.shop_open and facts.nobody_for_s is not None and facts.nobody_for_s >= NOBODY_AFTER_S:
        yield Trouble("wifi-nobody", str(int(facts.nobody_for_s // 3_600)))


def _filled(text: Text, one: Trouble) -> Text:
    """One replacement each, of the whole text: what is filled in may look like a place itself."""

    def filled(language: str, sentence: str) -> str:
        detail = one.detail if isinstance(one.detail, str) else one.detail.get(language, "")
        parts = [part.split("{detail}") for part in sentence.split("{subject}")]
        return (one.subject or "").join(detail.join(part) for part in parts).strip()

    return {language: filled(language, sentence) for language, sentence in text.items()}
