"""Who this node is: its key, its name, its shop and its hub, in two files of its folder."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.db import explain
from hub.client.files import write_whole
from hub.wire.identity import private_bytes

NODE_FILE = "node.json"
KEY_FILE = "node.key"


class NodeRecord(msgspec.Struct, frozen=True):
    """What the hub said at enrolment. `epoch` is that of the journal in use; 0 before the first."""

    device: str
    program: str
    name: str
    shop: int
    key_number: int
    epoch: int
    hub: str
    hub_url: str


class Node:
    """An enrolled node."""

    def __init__(self, folder: Path, record: NodeRecord, key: Ed25519PrivateKey) -> None:
        self.folder = folder
        self.key = key
        self._record = record

    @property
    def device(self) -> str:
        """The name that the hub gave."""
        return self._record.device

    @property
    def program(self) -> str:
        """edge, kiosk or site."""
        return self._record.program

    @property
    def name(self) -> str:
        """What people call this node."""
        return self._record.name

    @property
    def shop(self) -> int:
        """The shop's number, as coupons carry it."""
        return self._record.shop

    @property
    def key_number(self) -> int:
        """Under which number the shop knows this node's public key."""
        return self._record.key_number

    @property
    def epoch(self) -> int:
        """The journal in use."""
        return self._record.epoch

    @property
    def hub(self) -> str:
        """The hub's public key, 64 hexadecimal digits."""
        return self._record.hub

    @property
    def hub_url(self) -> str:
        """Where the hub answers."""
        return self._record.hub_url

    @classmethod
    def load(cls, folder: Path) -> Node | None:
        """None: not enrolled yet. StorageError: the files are there and cannot be used."""
        try:
            text = (folder / NODE_FILE).read_bytes()
            secret = bytes.fromhex((folder / KEY_FILE).read_text().strip())
            record = msgspec.json.decode(text, type=NodeRecord)
            return cls(folder, record, Ed25519PrivateKey.from_private_bytes(secret))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, msgspec.MsgspecError) as wrong:
            raise explain(wrong, folder / NODE_FILE) from wrong

    @classmethod
    def save(cls, folder: Path, record: NodeRecord, key: Ed25519PrivateKey) -> Node:
        """Keep a new identity; the key's file can be read by its owner alone."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / KEY_FILE, private_bytes(key).hex().encode(), mode=0o600)
            write_whole(folder / NODE_FILE, msgspec.json.encode(record))
        except OSError as wrong:
            raise explain(wrong, folder) from wrong
        return cls(folder, record, key)

    def begin_epoch(self) -> int:
        """The number of a new journal, higher than that of any before it, kept outside the journal's own file."""
        self._keep(msgspec.structs.replace(self._record, epoch=self._record.epoch + 1))
        return self._record.epoch

    def move_hub(self, hub_url: str) -> None:
        """Take a new address of the same hub."""
        if hub_url != self.hub_url:
            self._keep(msgspec.structs.replace(self._record, hub_url=hub_url))

    def _keep(self, record: NodeRecord) -> None:
        """On disk first. StorageError where it cannot be."""
        try:
            write_whole(self.folder / NODE_FILE, msgspec.json.encode(record))
        except OSError as wrong:
            raise explain(wrong, self.folder / NODE_FILE) from wrong
        self._record = record
