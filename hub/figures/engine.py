"""Answers every question for figures: pages, files, the digest, the board and the JSON interface all ask here."""

from __future__ import annotations

from hub.figures.answer import Answer
from hub.figures.question import Question
from hub.sentences import Said
from hub.store.base import Store


def ask(store: Store, question: Question, now: float) -> Answer | Said:
    """The answer; a sentence where the question makes no sense. `now`: seconds of UTC, for how fresh it is. Reads alone: call it
    inside one snapshot where several answers have to fit each other. StorageError where the disk fails."""
    raise NotImplementedError
