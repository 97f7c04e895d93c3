"""Somebody's own SQL about their shop: what is wrong with it in sentences, and how long and how much it may take.

Three walls, each of which holds by itself in a file: what may be typed at all (`hub.figures.asked_sql`), tables made for it and a
database that refuses every other (`hub.store.explore`), limits of time, memory and rows. On PostgreSQL the first and the second
hold together: it asks nobody which tables a question reads. Two questions at a time.
"""

from __future__ import annotations

import threading

from hub.figures.asked_sql import read_question
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.explore import Told

SECONDS = 5.0
PAGE_ROWS = 500
FILE_ROWS = 50_000
PAGE_BYTES = 2**20
FILE_BYTES = 16 * 2**20
AT_ONCE = 2
WAIT_S = 2.0

_turns = threading.BoundedSemaphore(AT_ONCE)


def explore(
    store: Store, timezone: str, text: str, *, file: bool = False, seconds: float = SECONDS
) -> Told | Said:
    """The answer to a question, `more` where its end is cut off; or a sentence. `file`: more rows, for a file."""
    question = read_question(text)
    if isinstance(question, Said):
        return question
    if not _turns.acquire(timeout=WAIT_S):
        return said("Others are asking at this moment. Try again in a few seconds.")
    try:
        told = store.explore.ask(
            question,
            timezone,
            seconds,
            FILE_ROWS if file else PAGE_ROWS,
            FILE_BYTES if file else PAGE_BYTES,
        )
    finally:
        _turns.release()
    return _sentence(told, seconds) or told


def _sentence(told: Told, seconds: float) -> Said | None:
    match told.wrong:
        case "":
            return None
        case "time":
            return said(
                "This question takes longer than %(seconds)s seconds, so it was ended. Ask about fewer days, or count instead of "
                "listing.",
                seconds=f"{seconds:g}",
            )
        case "memory":
            return said(
                "This question needs too much memory, so it was ended. Ask about fewer days, or for fewer columns."
            )
        case "refused":
            return said("That cannot be asked. The tables that can are listed on this page.")
        case "storage":
            return said("The database does not answer this now: %(what)s", what=told.text)
        case _:
            return said("The database does not understand this: %(what)s", what=told.text)
