"""Values that come out of the store about consents, and about who is forgotten. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One time that somebody agreed (`given`) or took it back. `at` is what their device's clock said, in seconds of UTC;
    `position` is the order in which the hub heard."""

    position: int
    member: str
    given: bool
    purpose: str
    medium: str
    version: str
    language: str
    place: str
    at: float
    clock: str
    device: str
    proof: str
    simulated: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class PauseRow:
    """Somebody wanted to hear nothing until then; 0: go on."""

    position: int
    member: str
    until: float
    at: float
    place: str


@dataclass(frozen=True, slots=True)
class ForgottenRow:
    """Somebody was forgotten: the keyed hash of their id, and what stands in its place."""

    position: int
    salt: str
    mark: str
    instead: str
    at: float


@dataclass(frozen=True, slots=True)
class ForgettingState:
    """How far forgetting has come in one shop. `heard`: up to which position of `forgotten` its rows were looked through;
    `cleaned`: up to which one the files were, too; `log`: the write-ahead log that has yet to end for that."""

    salt: str = ""
    heard: int = 0
    cleaned: int = 0
    log: str = ""
