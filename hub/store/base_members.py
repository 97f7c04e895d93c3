"""The port's questions about members' days; a part of `base`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from hub.store.base_segments import PortraitFoldingQuestions
from hub.store.member_records import Joined, MemberDay, MemberTotal


class MemberQuestions(Protocol):
    """What members did on which days, by opaque ids. Days are ordinals on the shop's clock, both included."""

    def joined(self, *, standing: bool = True) -> list[Joined]: ...
    def days(self, first_day: int, last_day: int, *, standing: bool = True) -> list[MemberDay]: ...
    def first_day(self) -> int | None: ...
    def daily(self, first_day: int, last_day: int) -> tuple[dict[str, dict[int, int]], bool]: ...
    def returns(self, last_day: int) -> list[tuple[int, int | None, int]]: ...
    def totals(self, members: Collection[str], first_day: int, last_day: int) -> list[MemberTotal]: ...


class MemberFoldingQuestions(PortraitFoldingQuestions, Protocol):
    """Keeping members' days; a part of `LedgerQuestions`."""

    def add_member_consents(self, rows: Iterable[Sequence[Any]]) -> None: ...
    def settle_returns(self, members: Mapping[str, tuple[int, int]]) -> None: ...
