"""What members did after a day of their own: for comparing those who got something with those who were left out by lot."""

from __future__ import annotations

from collections.abc import Mapping

from hub.store.care_records import Observed
from hub.store.connection import HubPool

AT_ONCE = 500


def observe(pool: HubPool, drawn: Mapping[str, tuple[int, bool]], days: int, last_day: int) -> list[Observed]:
    """What each did within so many days after that day; only of those for whom these days were over by `last_day`.

    `drawn`: by member the day (as `date.toordinal()`), and whether they are in the control group.
    """
    counted = {member: day for member, (day, _) in drawn.items() if day + days <= last_day}
    totals = dict.fromkeys(counted, (0, 0))
    members = sorted(counted)
    for start in range(0, len(members), AT_ONCE):
        part = members[start : start + AT_ONCE]
        done = pool.read(
            f"""SELECT member, day, sum(cents) FROM member_day
                WHERE shop = ? AND day >= ? AND day <= ? AND member IN ({", ".join("?" for _ in part)})
                GROUP BY member, day""",  # noqa: S608 - question marks
            *(pool.shop, min(counted[one] for one in part), last_day, *part),
        )
        for member, day, cents in done:
            if counted[member] < day <= counted[member] + days:
                visits, paid = totals[member]
                totals[member] = (visits + 1, paid + int(cents))
    return [Observed(drawn[one][1], *totals[one]) for one in members]
