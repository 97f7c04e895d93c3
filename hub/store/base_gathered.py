"""Parts of the port that belong together: what is kept of members while facts are folded, and who answers about them."""

from __future__ import annotations

from typing import Protocol

from hub.store.base_care import CareFoldingQuestions
from hub.store.base_consents import ConsentFolding, ConsentParts
from hub.store.base_inbox import InboxParts
from hub.store.base_members import MemberFoldingQuestions
from hub.store.base_messages import MessageParts
from hub.store.base_purse import PurseFoldingQuestions, PurseParts
from hub.store.base_register import MergeFolding, RegisterParts


class FoldingOfMembers(
    CareFoldingQuestions,
    MemberFoldingQuestions,
    MergeFolding,
    ConsentFolding,
    PurseFoldingQuestions,
    Protocol,
):
    """What of the ledger is about members; a part of `LedgerQuestions`."""


class PartsOfMembers(ConsentParts, InboxParts, MessageParts, PurseParts, RegisterParts, Protocol):
    """Who answers about members; a part of `Store`."""
