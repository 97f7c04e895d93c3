"""What a guest who came in as a member is to be told: the door asks the hub for the portal, which calls nobody itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from edge.questions import Answer, MemberNotes
from hub.client.link import Reply
from hub.wire.sync_notes import MOST_NOTES, NotesReply, NotesRequest

logger = logging.getLogger(__name__)

WITHIN_S = 2.0
"""A guest's page waits for it. The hub answers in milliseconds; later, they are told the next time."""

_DONE = 200
_reply = msgspec.json.Decoder(NotesReply)


class Notes:
    """Asks while the hub is there. What it answers is passed on, and neither kept nor logged here."""

    def __init__(self, post: Callable[[str, bytes, float], Reply], reached: Callable[[], bool]) -> None:
        """`post`: a signed request (`hub.client.link.SignedLink.post`). `reached`: whether the hub answered last time."""
        self._post = post
        self._reached = reached
        # A name that cannot be resolved holds its caller for longer than any time-out of a socket.
        self._asking = ThreadPoolExecutor(2, "notes")

    async def answer(self, asked: MemberNotes) -> Answer:
        """The words, or "hub" as what was refused where it does not answer."""
        if not self._reached():
            return Answer(refused="hub")
        body = msgspec.json.encode(NotesRequest(asked.member, asked.told[:MOST_NOTES]))
        try:
            async with asyncio.timeout(WITHIN_S):
                reply = await asyncio.get_running_loop().run_in_executor(
                    self._asking, self._post, "/v1/notes", body, WITHIN_S
                )
        except TimeoutError:
            return Answer(refused="hub")
        if reply.status != _DONE:
            logger.debug("notes not heard: status=%d", reply.status)
            return Answer(refused="hub")
        try:
            return Answer(notes=_reply.decode(reply.body).notes)
        except msgspec.MsgspecError:
            return Answer(refused="hub")

    def close(self) -> None:
        """Ask nothing more."""
        self._asking.shutdown(wait=False, cancel_futures=True)
