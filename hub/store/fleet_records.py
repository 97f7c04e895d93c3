"""What the store says of the shop's nodes beyond their keys: groups, places, settings, who asks to join, whom they replaced.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

AskingState = Literal["waiting", "accepted", "refused"]
TicketKind = Literal["secret", "public"]


@dataclass(frozen=True, slots=True)
class Team:
    """A group of nodes, with the settings that all of them have: name of the setting to its text."""

    name: str
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Post:
    """Where a node stands in the shop. `x`, `y`: from the left and the top of the plan `floor`, as parts of its sides (0 to 1).

    `settings` are its own and go before those of its group. Times are seconds of UTC. `retiring_at`: it is to be withdrawn as
    soon as it has told everything; `retired_at`: it was.
    """

    device: str
    team: str = ""
    floor: str = ""
    x: float | None = None
    y: float | None = None
    note: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    retiring_at: float | None = None
    retired_at: float | None = None


@dataclass(frozen=True, slots=True)
class Floor:
    """A floor of the shop with its plan: a picture by its hash (`CampaignQuestions.picture`), "" without one."""

    name: str
    picture: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Asking:
    """A node that shows a code and waits to be let in. `plan`: `hub.fleet.plan.Plan` as JSON, once it is accepted."""

    public: str
    code: str
    program: str
    name: str
    address: str
    asked_at: float
    expires_at: float
    state: AskingState = "waiting"
    plan: str = ""
    who: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A right to join that was given out before: a secret of one use (its hash), or the public key of a node.

    `plan`: what the node becomes, as JSON. `device`: which it became.
    """

    mark: str
    kind: TicketKind
    program: str
    plan: str
    made_at: float
    expires_at: float
    used_at: float | None = None
    device: str = ""


@dataclass(frozen=True, slots=True)
class Former:
    """Hardware that a node was before: its key, which is refused from then on, and its journals up to `epoch`."""

    device: str
    public: str
    key_number: int
    ended_at: float
    epoch: int
    why: str


@dataclass(frozen=True, slots=True)
class Spent:
    """Rights that count as spent, because the hardware that held them is gone and may not have told."""

    campaign: int
    device: str
    issued: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a node last told of itself: its settings in force as JSON, how far its clock is ahead of the hub (or behind)."""

    device: str
    settings: str
    skew_s: float | None
    clock: str
    at: float


@dataclass(frozen=True, slots=True)
class Ahead:
    """Facts in a row whose stamps lie ahead of the hub's clock: they were taken, and are marked. `most_s`: the farthest."""

    device: str
    epoch: int
    first_seq: int
    count: int
    most_s: float
    received_at: float
