"""Who an offer is for, as a manager says it: everybody, or members of some segments.

Pure. `hub.campaigns` reads a form with it; `hub.wire.snapshot.Campaign.audience` says what it means.
"""

from __future__ import annotations

from hub.sentences import said
from hub.typed import Reading

MOST = 20
NAME_LONGEST = 40


def read_audience(reading: Reading) -> tuple[str, ...]:
    """Names of segments; empty for everybody. The form has them line by line in `audience_segments`."""
    if reading.typed.get("audience") != "segment":
        return ()
    names = [" ".join(line.split()) for line in reading.typed.get("audience_segments").split("\n")]
    found = tuple(dict.fromkeys(name for name in names if name))
    if not found:
        reading.fault("audience", said("Tick at least one segment, or say that everybody sees it."))
    elif len(found) > MOST or any(len(name) > NAME_LONGEST for name in found):
        reading.fault("audience", said("An offer is for at most %(count)s segments.", count=MOST))
        return ()
    return found
