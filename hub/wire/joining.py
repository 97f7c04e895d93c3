"""How a node joins by a code that it shows itself.

Pure. `hub.client.joining` asks with it, `hub.fleet.doors` answers, `hub.storefront.setting_up` shows the code.

The node asks the hub for its public key first (`/v1/hello`), makes a key of its own afterwards, and shows a code that stands
for both (`joining_code`). A manager types or scans it at the hub, which computes the code of each node that waits from the
node's key and its own. So nobody gets in with a code that he only saw: another key has another code. And a node that was
answered by somebody who is not the hub shows a code that the hub does not know. The order matters: whoever could choose a
hub's key after he knew the node's would need only 2^30 keys on either side to find two with the same code; as it is he needs
2^60 within ten minutes.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from hub.wire.identity import CROCKFORD, crockford, fold_typed
from hub.wire.sync import EnrolReply

CODE_CHARACTERS = 12
"""60 bits, as the fingerprint of a hub in a pairing code."""

ASKING_S = 600
"""How long a code that a node shows is good."""

POLL_S = 2.0
"""How often a node that waits asks."""

Public = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Program = Literal["edge", "kiosk"]
PROGRAMS: tuple[str, ...] = get_args(Program)


class HelloRequest(msgspec.Struct, frozen=True):
    """Who are you? Nothing is told."""


class HelloReply(msgspec.Struct, frozen=True):
    """The hub's public key and its time (seconds of UTC)."""

    hub: Public
    now: float


class AskRequest(msgspec.Struct, frozen=True):
    """A node asks to be let in, until it is answered. `hub`: the key that the hub told; the signature proves the node's own."""

    public: Public
    program: Program
    name: Annotated[str, Meta(min_length=1, max_length=60)]
    hub: Public
    signature: Annotated[str, Meta(max_length=200)]

    def signed_text(self) -> str:
        """What the signature covers."""
        return f"shopbell1 ask\n{self.public}\n{self.program}\n{self.hub}\n{self.name}"


class AskReply(msgspec.Struct, frozen=True):
    """How it stands. `waiting`: nobody has decided; ask again. `accepted`: `enrolled` says as what. `refused`: by a person.
    `expired`: make another key, show another code."""

    state: Literal["waiting", "accepted", "refused", "expired"]
    expires_at: float
    now: float
    enrolled: EnrolReply | None = None


def joining_code(public: str, hub: str) -> str:
    """The code of a node with this key at a hub with that one, as `read_joining_code` gives it."""
    digest = hashlib.sha256(f"shopbell1 joining\n{public}\n{hub}".encode()).digest()
    return crockford(digest, CODE_CHARACTERS)


def show_joining_code(code: str) -> str:
    """In groups of four, as people read it."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def read_joining_code(text: str) -> str | None:
    """The code in what was typed, or in the address that the QR holds; None where there is none."""
    folded = fold_typed(text.rpartition("code=")[2])
    return folded if len(folded) == CODE_CHARACTERS and not set(folded) - set(CROCKFORD) else None
