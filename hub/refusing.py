"""How a question of a node ends that the hub does not answer: a status and a `Problem` with a sentence."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from hub.wire.sync import Problem

T = TypeVar("T")


class Refusing(Exception):
    """The request ends here, with this status and problem."""

    def __init__(self, status: int, code: str, sentence: str, highest: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.problem = Problem(code, sentence, highest)


def unless_refused(answer: T | tuple[int, Problem]) -> T:
    """The answer; Refusing where it is a problem with its status."""
    if isinstance(answer, tuple):
        status, problem = answer
        raise Refusing(status, problem.code, problem.sentence, problem.highest)
    return answer


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """What was asked; Refusing where it cannot be read."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as wrong:
        raise unreadable(wrong) from None


def unreadable(wrong: object) -> Refusing:
    """The request is none; `wrong` says what is the matter with it."""
    return Refusing(400, "bad_request", f"The hub cannot read this request: {wrong}.")
