"""Why a device cannot be used.

Pure. `hardware.device` opens devices and raises these.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why a device cannot be used; each has one remedy that a person can carry out."""

    BAD_NAME = "bad_name"
    NOT_FOUND = "not_found"
    BUSY = "busy"
    SWITCHED_OFF = "switched_off"
    NO_PERMISSION = "no_permission"
    NO_SERVICE = "no_service"
    BROKEN = "broken"


class DeviceError(Exception):
    """A device cannot be used: the reason for programs, one sentence with a remedy for people."""

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence

    @property
    def remedy(self) -> str:
        """The same sentence, by the name that screens ask for."""
        return self.sentence


@dataclass(frozen=True, slots=True)
class Lost:
    """A device is not there, or no longer; its driver looks for it. The reason is for programs, the sentence for people.

    Told once, and again where the reason changes.
    """

    reason: Reason
    sentence: str


@dataclass(frozen=True, slots=True)
class Found:
    """A device is there, at the beginning or again."""
