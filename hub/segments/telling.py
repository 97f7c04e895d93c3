"""What a till or a kiosk hears of a member's segments, with whatever else it asked for when a card was shown."""

from __future__ import annotations

import msgspec

from hub.question import Here
from hub.segments.membership import segments_of
from hub.wire.sync_members import MemberReply

MOST = 200


def tell(here: Here, reply: MemberReply, _now: float) -> MemberReply:
    """Names of the segments in which the member is, in order."""
    return msgspec.structs.replace(
        reply, segments=tuple(sorted(segments_of(here.store, reply.member))[:MOST])
    )
