"""A new node joins by a code that it shows: it asks for the hub's key, makes its own, and waits to be accepted.

`hub.wire.joining` says why in this order. What is under way stands in two files of the node's folder until it has joined, so
that a power cut between the hub's yes and the node's own record loses nothing: the same key is answered the same.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.db import explain
from hub.client.enrolling import TIMEOUT_S, EnrolError, settle_in
from hub.client.files import write_whole
from hub.client.link import HttpLink, Link
from hub.client.node import Node
from hub.wire.identity import (
    fingerprint,
    fold_typed,
    private_bytes,
    public_text,
    sign_text,
)
from hub.wire.joining import (
    POLL_S,
    AskReply,
    AskRequest,
    HelloReply,
    HelloRequest,
    joining_code,
    show_joining_code,
)
from hub.wire.sync import Problem

KEY_FILE = "joining.key"
STATE_FILE = "joining.json"

Stage = Literal["no_hub", "unreachable", "waiting", "joined", "refused", "another_hub", "full"]


class _Kept(msgspec.Struct, frozen=True):
    """What stands beside the key. `hub`: the key of the hub that it was made for; `lasting`: it was allowed at the hub before, so
    it is never made anew."""

    hub: str = ""
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How the joining stands. `code` is what the node shows, "" where there is none; `hub` the fingerprint of the hub that it
    heard; `sentence` says what is wrong, for people."""

    stage: Stage
    code: str = ""
    expires_at: float = 0.0
    hub: str = ""
    sentence: str = ""


def lasting_key(folder: Path) -> str:
    """The public key of the node that this folder will be, made at the first call: to be allowed at the hub before it is there.

    EnrolError where the folder has joined. StorageError where it cannot be written.
    """
    if Node.load(folder) is not None:
        raise EnrolError(f"This node has joined a shop already. Remove {folder} to join another.")
    found = _load(folder)
    if found is not None and found[0].lasting:
        return public_text(found[1])
    key = Ed25519PrivateKey.generate()
    _save(folder, _Kept(lasting=True), key)
    return public_text(key)


@dataclass(slots=True)
class Joining:
    """One node that wants to join. Call `step` every `hub.wire.joining.POLL_S` seconds; it waits for the network.

    `hub_key`: the fingerprint of the hub that it has to be, "" where whoever accepts the code vouches for it.
    """

    folder: Path
    hub_url: str
    program: Literal["edge", "kiosk"]
    name: str
    hub_key: str = ""
    link: Link | None = None
    generate: Callable[[], Ed25519PrivateKey] = Ed25519PrivateKey.generate
    standing: Standing = field(default_factory=lambda: Standing("no_hub"))
    _hub: str = ""
    _key: Ed25519PrivateKey | None = None
    _lasting: bool = False

    def step(self) -> Standing:
        """Ask once; how it stands now. Raises only StorageError."""
        if Node.load(self.folder) is not None:
            self.standing = Standing("joined")
        elif not self.hub_url:
            self.standing = Standing("no_hub", sentence="Say where the shop's hub is.")
        elif self.standing.stage != "refused":
            self.standing = self._ask()
        return self.standing

    def begin_again(self, hub_url: str | None = None, name: str | None = None) -> None:
        """With another hub, another name, or after a no: a new key, and so a new code."""
        self.hub_url = self.hub_url if hub_url is None else hub_url
        self.name = name or self.name
        self._hub = ""
        if not self._lasting:
            self._key = None
            _forget(self.folder)
        self.standing = Standing("no_hub")

    def _ask(self) -> Standing:
        try:
            wire = self.link or HttpLink(self.hub_url, self._hub)
        except ValueError as wrong:
            return Standing("no_hub", sentence=str(wrong))
        if not self._hub:
            unheard = self._hear(wire)
            if unheard is not None:
                return unheard
        key = self._own_key()
        request = AskRequest(public_text(key), self.program, self.name[:60], self._hub, "")
        body = msgspec.json.encode(
            msgspec.structs.replace(request, signature=sign_text(key, request.signed_text()))
        )
        answer = wire.post("/v1/ask", body, {}, TIMEOUT_S)
        if answer.status != 200:
            return self._against(answer.status, answer.body)
        try:
            reply = msgspec.json.decode(answer.body, type=AskReply)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._unreachable(f"What answers at {self.hub_url} is not a Shopbell hub.")
        if reply.state == "accepted" and reply.enrolled is not None:
            return self._join(reply, key)
        if reply.state == "refused":
            return Standing("refused", sentence="This device was turned away. Start its set-up again.")
        if reply.state == "expired" and not self._lasting:
            self._key = None
            _forget(self.folder)
            return self._ask_again()
        code = "" if reply.state == "expired" else joining_code(public_text(key), self._hub)
        return Standing("waiting", code, reply.expires_at, fingerprint(self._hub))

    def _ask_again(self) -> Standing:
        """With a new key for a new code; whatever is said to that is shown at the next step."""
        self._own_key()
        return Standing("waiting", "", 0.0, fingerprint(self._hub))

    def _hear(self, wire: Link) -> Standing | None:
        """Learn which hub it is; how it stands where that cannot be."""
        answer = wire.post("/v1/hello", msgspec.json.encode(HelloRequest()), {}, TIMEOUT_S)
        if answer.status == 0:
            return self._unreachable(f"No hub answers at {self.hub_url}. Is it running, and on this network?")
        try:
            hello = msgspec.json.decode(answer.body, type=HelloReply)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._unreachable(f"What answers at {self.hub_url} is not a Shopbell hub.")
        if self.hub_key and fingerprint(hello.hub) != fold_typed(self.hub_key):
            sentence = f"The hub at {self.hub_url} is not the one that this device is for. Check the address."
            return Standing("another_hub", sentence=sentence)
        self._hub = hello.hub
        return None

    def _own_key(self) -> Ed25519PrivateKey:
        """The key for this hub: the one under way, else a new one, made after the hub's was heard."""
        if self._key is None:
            found = _load(self.folder)
            if found is not None and (found[0].lasting or found[0].hub == self._hub):
                self._lasting, self._key = found[0].lasting, found[1]
            else:
                self._lasting, self._key = False, self.generate()
                _save(self.folder, _Kept(self._hub), self._key)
        return self._key

    def _join(self, reply: AskReply, key: Ed25519PrivateKey) -> Standing:
        enrolled = reply.enrolled
        if enrolled is None or enrolled.hub != self._hub:
            return Standing("another_hub", sentence=f"Another hub answers at {self.hub_url} than before.")
        if self._lasting and not self.hub_key:
            # Nobody compared a code: whoever answers could be anybody.
            sentence = "Say which hub this device is for, by its key. It stands at the hub: python -m hub node hub-key"
            return Standing("another_hub", sentence=sentence)
        try:
            settle_in(self.folder, enrolled, key, self.program, self.name, self.hub_url)
        except EnrolError as wrong:
            return Standing("another_hub", sentence=str(wrong))
        _forget(self.folder)
        return Standing("joined", hub=fingerprint(self._hub))

    def _against(self, status: int, body: bytes) -> Standing:
        if status == 0:
            return self._unreachable(f"No hub answers at {self.hub_url} any more.")
        try:
            problem = msgspec.json.decode(body, type=Problem)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._unreachable(f"What answers at {self.hub_url} is not a Shopbell hub.")
        if problem.code == "another_hub":
            # The hub was made anew, or the address leads to another one: hear it again, and show another code.
            self._hub, self._key = "", None
        return Standing("full" if status == 429 else "another_hub", sentence=problem.sentence)

    def _unreachable(self, sentence: str) -> Standing:
        """The code stays on the screen: a hub that is away for a moment knows it still."""
        before = self.standing
        return Standing("unreachable", before.code, before.expires_at, before.hub, sentence)


def show_code(
    joining: Joining, say: Callable[[str], None], wait: Callable[[float], object] = time.sleep
) -> bool:
    """Ask in a shell until the node has joined (True) or cannot (False): each new code and each trouble is said once."""
    said = ""
    while True:
        standing = joining.step()
        if standing.stage == "joined":
            node = Node.load(joining.folder)
            say(f"{node.name} has joined shop {node.shop} as {node.device}." if node else "Joined.")
            return True
        line = standing.sentence
        if standing.stage == "waiting" and standing.code:
            line = f"Accept this code at the hub within ten minutes: {show_joining_code(standing.code)}"
        if line and line != said:
            say(line)
            said = line
        if standing.stage in ("refused", "no_hub", "another_hub"):
            return False
        wait(POLL_S)


def _load(folder: Path) -> tuple[_Kept, Ed25519PrivateKey] | None:
    try:
        kept = msgspec.json.decode((folder / STATE_FILE).read_bytes(), type=_Kept)
        secret = bytes.fromhex((folder / KEY_FILE).read_text().strip())
        return kept, Ed25519PrivateKey.from_private_bytes(secret)
    except (FileNotFoundError, ValueError, msgspec.MsgspecError):
        # Half written, or not there: there is nothing to lose yet.
        return None
    except OSError as wrong:
        raise explain(wrong, folder / STATE_FILE) from wrong


def _save(folder: Path, kept: _Kept, key: Ed25519PrivateKey) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / KEY_FILE, private_bytes(key).hex().encode(), mode=0o600)
        write_whole(folder / STATE_FILE, msgspec.json.encode(kept))
    except OSError as wrong:
        raise explain(wrong, folder / KEY_FILE) from wrong


def _forget(folder: Path) -> None:
    for name in (STATE_FILE, KEY_FILE):
        with contextlib.suppress(OSError):
            (folder / name).unlink(missing_ok=True)
