"""Who this node is: its key, its name, its shop and its hub, in two files of its folder.

A node speaks to its hub with the key that it made when it joined, for ever. Coupons it signs with that one, too, until it is
given a newer one (`hub.client.renewing`), which stands in a file of its own. Which key is in force, and from when the next one
is, stands in `node.json` alone, so a power cut at any point leaves a key that the shop knows.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.client.db import StorageError, explain
from hub.client.files import write_whole
from hub.wire.identity import private_bytes
from hub.wire.sealing import unseal

NODE_FILE = "node.json"
KEY_FILE = "node.key"
LOCK_FILE = "node.lock"


class NodeRecord(msgspec.Struct, frozen=True):
    """What the hub said at enrolment. `epoch` is that of the journal in use; 0 before the first.

    `key_number` and `key_file`: the key that coupons are signed with. `next_file`: a newer one that was made here;
    `next_number` and `next_starts_at` (seconds of UTC) once the hub knows it.
    """

    device: str
    program: str
    name: str
    shop: int
    key_number: int
    epoch: int
    hub: str
    hub_url: str
    key_file: str = KEY_FILE
    next_file: str = ""
    next_number: int | None = None
    next_starts_at: float = 0.0


class Node:
    """An enrolled node. Safe from several threads, and with several programs on the same folder.

    `key` is the one that the node is known by, for requests and for what is sealed to it; coupons are signed with `signer`.
    """

    def __init__(self, folder: Path, record: NodeRecord, key: Ed25519PrivateKey) -> None:
        self.folder = folder
        self.key = key
        self._record = record
        self._stamp = self._stamp_of_file()
        self._keys: dict[str, Ed25519PrivateKey] = {KEY_FILE: key}

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
        """Under which number the shop knows the key that coupons are signed with; see `signer` for both together."""
        return self._record.key_number

    @property
    def record(self) -> NodeRecord:
        """All of it, as it is on disk now: another program of this node may have changed it."""
        stamp = self._stamp_of_file()
        if stamp is not None and stamp != self._stamp:
            try:
                record = msgspec.json.decode((self.folder / NODE_FILE).read_bytes(), type=NodeRecord)
            except (OSError, msgspec.MsgspecError):
                return self._record
            self._record, self._stamp = record, stamp
        return self._record

    def signer(self, now: float) -> tuple[int, Ed25519PrivateKey]:
        """The number and the key with which a coupon is signed at this time (seconds of UTC), which belong together.

        StorageError where the key's file is gone.
        """
        for last in (False, True):
            number, name = self._in_force(now)
            try:
                return number, self.key_in(name)
            except StorageError:
                # Another program of this node may have taken the next key, and deleted the old one, in this moment.
                if last or (number, name) == self._in_force(now):
                    raise
        raise AssertionError("not reached")

    def _in_force(self, now: float) -> tuple[int, str]:
        record = self.record
        if record.next_number is not None and now >= record.next_starts_at:
            return record.next_number, record.next_file
        return record.key_number, record.key_file

    def key_in(self, name: str) -> Ed25519PrivateKey:
        """The key in one of the files of this node's folder. StorageError where it cannot be read."""
        key = self._keys.get(name)
        if key is None:
            path = self.folder / name
            try:
                key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
            except (OSError, ValueError) as wrong:
                raise explain(wrong, path) from wrong
            self._keys[name] = key
        return key

    def open(self, sealed: str) -> bytes:
        """What was sealed to this node; BadSeal where it was not."""
        return unseal(self.key, sealed)

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
        with self.changing() as record:
            return self.change(epoch=record.epoch + 1).epoch

    def move_hub(self, hub_url: str) -> None:
        """Take a new address of the same hub."""
        if hub_url != self.hub_url:
            with self.changing():
                self.change(hub_url=hub_url)

    @contextmanager
    def changing(self) -> Iterator[NodeRecord]:
        """Nobody else changes who this node is meanwhile; what is on disk now. StorageError where it cannot be locked."""
        try:
            handle = os.open(self.folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as wrong:
            raise explain(wrong, self.folder / LOCK_FILE) from wrong
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield self.record
        finally:
            os.close(handle)

    def change(self, **fields: Any) -> NodeRecord:
        """Write some fields anew, inside `changing()`; the old record or the new one is on disk, whatever happens. StorageError
        where the disk does not take it."""
        record = msgspec.structs.replace(self.record, **fields)
        try:
            write_whole(self.folder / NODE_FILE, msgspec.json.encode(record))
        except OSError as wrong:
            raise explain(wrong, self.folder / NODE_FILE) from wrong
        self._record, self._stamp = record, self._stamp_of_file()
        return record

    def _stamp_of_file(self) -> tuple[int, int, int] | None:
        try:
            found = (self.folder / NODE_FILE).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
