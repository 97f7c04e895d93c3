"""A board: some numbers of a shop on a page of their own, for the shop's screen or within another page.

Whoever has its address may read it and can do nothing else with it: the token in it is drawn at random, stands in the database
as a hash alone, opens nothing but this board, and is good until somebody ends it. What a board shows about people carries the
same noise as everywhere.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from hub.changing import changed, turned
from hub.figures.definitions import FIGURES
from hub.figures.question import Comparison, Days, Question
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.outs_records import BoardRecord
from hub.store.whole import HubStore

PREFIX = "sbb_"
"""By which a token is known wherever it appears, and taken out of every line of the log (`hub.watching.logs`)."""

TOKEN = re.compile(PREFIX + r"[A-Za-z0-9_-]{32}")
TOKEN_BYTES = 24
MOST_BOARDS = 50
MOST_FIGURES = 12
NAME_LONGEST = 60
SEEN_EVERY_S = 300.0

BoardDays = Literal["today", "7", "30"]


class BoardPlan(msgspec.Struct, frozen=True):
    """What a board shows: these figures of these days, in this language. `within`: the sites (https://example.org) whose pages
    may have it in a frame; none: any page may."""

    figures: Annotated[tuple[str, ...], Meta(min_length=1)]
    days: BoardDays = "today"
    language: str = "en"
    within: tuple[str, ...] = ()
    compared: bool = True


def make_board(
    store: Store,
    name: str,
    plan: BoardPlan,
    who: str,
    now: float,
    random: Callable[[int], bytes] = os.urandom,
) -> tuple[int, str] | dict[str, Said]:
    """A new board: its number, and the token that is told once. Or what is wrong, by field."""
    name = " ".join(name.split())
    faults: dict[str, Said] = {}
    if not name or len(name) > NAME_LONGEST or not name.isprintable():
        faults["board_name"] = said("Give it a name of at most %(count)s characters.", count=NAME_LONGEST)
    if not plan.figures or len(plan.figures) > MOST_FIGURES or not set(plan.figures) <= set(FIGURES):
        faults["board_figures"] = said("Choose between one and %(count)s numbers.", count=MOST_FIGURES)
    if not all(map(is_site, plan.within)):
        faults["within"] = said("Give each site as https://example.org, with nothing behind it.")
    if faults:
        return faults
    token = PREFIX + _letters(random(TOKEN_BYTES))
    with store.writing():
        if len(store.boards.all()) >= MOST_BOARDS:
            return {"board_name": said("There are %(count)s boards already. End one.", count=MOST_BOARDS)}
        body = msgspec.json.encode(plan).decode()
        number = store.boards.add(BoardRecord(0, name, hash_of(token), body, who, now))
        both = turned("name", None, name) | turned("figures", None, " ".join(plan.figures))
        store.people.note(changed(now, who, "board.made", str(number), both))
    return number, token


def end_board(store: Store, number: int, who: str, now: float) -> bool:
    """Show it to nobody any more; whether there was one."""
    with store.writing():
        if not store.boards.end(number, now):
            return False
        store.people.note(changed(now, who, "board.ended", str(number), {}))
    return True


def find_board(store: HubStore, token: str, now: float) -> tuple[HubStore, BoardRecord, BoardPlan] | None:
    """The board with this token, and the store of its shop; None where there is none, or it was ended."""
    if not TOKEN.fullmatch(token):
        return None
    found = store.boards.by_token(hash_of(token))
    if found is None:
        return None
    shop, board = found
    own = store if shop == store.shop.number else store.of_shop(shop)
    if board.seen_at is None or now - board.seen_at > SEEN_EVERY_S:
        own.boards.note_seen(board.number, now)
    return own, board, msgspec.json.decode(board.body, type=BoardPlan)


def board_question(plan: BoardPlan, timezone: str, now: float) -> Question:
    """What it asks at this moment."""
    today = datetime.fromtimestamp(now, ZoneInfo(timezone)).date()
    days = Days(today - timedelta(days={"today": 1, "7": 7, "30": 30}[plan.days] - 1), today)
    figures = tuple(name for name in plan.figures if name in FIGURES)
    # A day that is under way is compared with the same weekday: the day before may have been a Sunday.
    return Question(
        figures,
        days,
        comparison=Comparison.CUSTOM if plan.compared else Comparison.NONE,
        against=days.back(-(-days.count // 7) * 7) if plan.compared else None,
    )


def hash_of(token: str) -> str:
    """What is kept of a token: it is random enough to need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_site(text: str) -> bool:
    """Whether a text is an origin (RFC 6454, 6.2), and nothing that a policy could be written with."""
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]{1,200}(:\d{1,5})?", text):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port is None or 0 < parts.port < 65_536)
    except ValueError:
        return False


def _letters(data: bytes) -> str:
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(data).decode()
