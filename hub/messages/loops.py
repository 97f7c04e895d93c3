"""Who is answered by the hub itself, and how often: never a machine, and nobody without end.

Pure. Two machines that answer each other would do so for ever, at the shop's cost (RFC 3834 says the same of mail).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hub.messages.words import bare, fold

SOON_S, MOST_SOON = 300.0, 6
"""Answers within five minutes: somebody tries all words of a poster."""

DAY_S, MOST_A_DAY = 86_400.0, 20

CONFIRM_AGAIN_S = DAY_S
"""So long nobody is told a second time that they get nothing more."""

_MACHINE = re.compile(
    r"auto[ -]?(?:mated |matic )?(?:reply|response|answer|responder)|automatic(?:ally)? (?:reply|response|generated)"
    r"|this is an automated|out of (?:the )?office|do not reply|donotreply|no-?reply|undeliverable"
    r"|delivery (?:failure|failed|status)|mailbox (?:is )?full|auto ?antwort|automatische (?:antwort|nachricht)"
    r"|abwesenheit|reponse automatique|respuesta automatica|resposta automatica|risposta automatica|自动回复|自动答复|自动应答"
    r"|请勿回复|系统消息|验证码"
)


def is_machine_address(sender: str) -> bool:
    """Whether nobody stands behind it who could answer: a name, a number of up to six digits, a mail robot."""
    plain = sender.strip()
    if "@" in plain:
        local = plain.partition("@")[0].casefold().replace("-", "").replace("_", "").replace(".", "")
        return (
            local in {"mailerdaemon", "noreply", "donotreply", "postmaster", "bounce", "bounces"} or not local
        )
    digits = re.sub(r"[\s()./-]", "", plain)
    return re.fullmatch(r"\+?[0-9]{7,20}", digits) is None


def is_machine_text(text: str, said_before: Sequence[str] = ()) -> bool:
    """Whether a text was written by a program, or is one that we have just sent (`said_before`)."""
    folded = fold(text[:2_000])
    if _MACHINE.search(folded):
        return True
    heard = bare(folded)
    return len(heard) >= 12 and any(heard == bare(fold(one)) for one in said_before)


def may_answer(answered_at: Sequence[float], now: float) -> bool:
    """Whether somebody may be answered once more by the hub itself. `answered_at`: when it did, of the last day."""
    soon = sum(1 for at in answered_at if abs(now - at) < SOON_S)
    day = sum(1 for at in answered_at if abs(now - at) < DAY_S)
    return soon < MOST_SOON and day < MOST_A_DAY
