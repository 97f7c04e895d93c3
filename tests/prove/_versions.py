"""Versions for the proof of `install`: one wheel is built, and made into others that are better, or broken in a certain way."""

from __future__ import annotations

import base64
import hashlib
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.up.bundle import write_bundle
from hub.up.bundling import build_wheel, fetch_wheels, seal
from hub.up.minisign import public_key, write_key
from hub.up.tree import source_tree

Change = Callable[[str], str]

STEP = """

from sqlite_utils import Database as _Database
from sqlite_utils.migrations import Migrations as _Migrations

MIGRATIONS_PROOF = _Migrations("proof")


@MIGRATIONS_PROOF()
def p001_a_table_of_a_later_version(db: _Database) -> None:
    db.execute("CREATE TABLE later (shop INTEGER PRIMARY KEY, word TEXT)")


MIGRATIONS = (*MIGRATIONS, MIGRATIONS_PROOF)
"""
"""A later version's change to the hub's database."""

FALLS = """

def serve(config, args):
    raise SystemExit("this version does not start")
"""
"""It falls over as soon as it is started."""

SICK = """

_answer = answer


def answer(app, *words, **more):
    def sick(environ, start_response):
        if environ["PATH_INFO"] == "/healthz":
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"not well"]
        return app(environ, start_response)

    _answer(sick, *words, **more)
"""
"""It does its work, and says that it is not well."""


@dataclass(frozen=True)
class Workshop:
    """Where versions are made: the wheels of one, and the key that signs them all."""

    folder: Path
    private: Ed25519PrivateKey

    def bundle(
        self, version: str, changes: Mapping[str, str] | None = None, private: Ed25519PrivateKey | None = None
    ) -> Path:
        """A signed bundle of a version whose modules (by their paths) have these lines at their ends."""
        stage = self.folder / f"stage-{version}"
        shutil.copytree(self.folder / "wheels", stage / "wheels", copy_function=_link)
        (own,) = (stage / "wheels").glob("shopbell-*.whl")
        rewheel(own, stage / "wheels" / f"shopbell-{version}-py3-none-any.whl", version, changes or {})
        own.unlink()
        manifest, content, signature = seal(stage, version, "any", private or self.private, time.time())
        path = self.folder / f"shopbell-{version}.bundle"
        write_bundle(path, manifest, signature, content, stage)
        shutil.rmtree(stage)
        return path

    def key(self) -> Path:
        """The public half, in a file."""
        path = self.folder / "owner.pub"
        path.write_text(write_key(public_key(self.private)))
        return path


def open_workshop(folder: Path, secret: bytes) -> Workshop:
    """Build this clone's wheel as version 0.0.1, and fetch what it needs."""
    folder.mkdir()
    build_wheel(source_tree(), folder, "0.0.1")
    fetch_wheels(folder, None, _machine(), ())
    return Workshop(folder, Ed25519PrivateKey.from_private_bytes(secret))


def _machine() -> str:
    import platform

    return platform.machine()


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def rewheel(source: Path, target: Path, version: str, changes: Mapping[str, str]) -> None:
    """The same wheel under another version, with lines added to some of its modules."""
    old = source.name.split("-")[1]
    record = []
    left = set(changes)
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as after:
        for entry in before.infolist():
            name = entry.filename.replace(f"shopbell-{old}.", f"shopbell-{version}.", 1)
            content = before.read(entry)
            if name.endswith(".dist-info/METADATA"):
                content = content.replace(
                    f"\nVersion: {old}\n".encode(), f"\nVersion: {version}\n".encode(), 1
                )
            if name in changes:
                content += changes[name].encode()
                left.discard(name)
            if name.endswith(".dist-info/RECORD"):
                record_name = name
                continue
            after.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(content)}")
        after.writestr(record_name, "\n".join([*record, f"{record_name},,"]) + "\n")
    if left:
        raise AssertionError(f"there is no {', '.join(left)} in the wheel")
