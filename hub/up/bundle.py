"""A bundle: everything of one version in one file, signed. Nothing of it is used before signature and hashes are found good.

A tar with one folder: `manifest.json` first, `manifest.json.minisig` second, then the files that the manifest names, each with
its size and its SHA-256. What is not named is refused, as is what is missing, cut off or different (docs/update.md).
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from hub.up.minisign import NotSigned, PublicKey, verify
from hub.up.sentences import UpError

MANIFEST, SIGNATURE, SETUP = "manifest.json", "manifest.json.minisig", "setup"
FORMAT = 1
MOST_MANIFEST, MOST_SIGNATURE = 2**20, 4096
MOST_BYTES = 2**30
"""Octets of all files together: a hundred wheels are some 40 MB."""

_PIECE = 2**20
_NAME = re.compile(r"(wheels/[A-Za-z0-9][A-Za-z0-9._+-]{0,199}\.whl|setup)")
_VERSION = re.compile(r"(\d{1,6}(?:\.\d{1,6}){0,3})(?:(a|b|rc)(\d{1,6}))?")


class BundleError(UpError):
    """The bundle is not used; the text says why."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: its name below the bundle's folder, its size in octets, its hash in hex."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed. `python` such as "3.11", `machine` such as "x86_64": what the wheels were built for."""

    format: int
    version: str
    made_at: float
    python: str
    machine: str
    files: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A bundle that was found good and lies unpacked."""

    manifest: Manifest
    key: PublicKey
    folder: Path

    @property
    def wheels(self) -> list[Path]:
        """The wheels, all of them."""
        return [self.folder / part.path for part in self.manifest.files if part.path.startswith("wheels/")]


def version_key(version: str) -> tuple[tuple[int, ...], int, int]:
    """For comparing: 0.9 < 0.10a1 < 0.10rc1 < 0.10 (PEP 440, as far as ours go). ValueError where it is no version."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"{version} is no version such as 1.2.0")
    numbers = [int(part) for part in found[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers), ["a", "b", "rc", None].index(found[2]), int(found[3] or 0)


def read_manifest(content: bytes) -> Manifest:
    """BundleError where it is none that this version understands."""
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
        version_key(manifest.version)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError) as wrong:
        raise BundleError(f"Its manifest cannot be read: {wrong}.") from wrong
    if manifest.format != FORMAT:
        raise BundleError(
            f"It has format {manifest.format}; this version reads {FORMAT}. Update to one in between."
        )
    names = [part.path for part in manifest.files]
    if len(set(names)) != len(names) or not all(_NAME.fullmatch(name) for name in names):
        raise BundleError("Its manifest names files that do not belong into a bundle.")
    if (
        any(part.size < 0 for part in manifest.files)
        or sum(part.size for part in manifest.files) > MOST_BYTES
    ):
        raise BundleError("Its manifest promises more than a version can need.")
    return manifest


def fits(manifest: Manifest, python: str, machine: str) -> None:
    """BundleError where its wheels are for another Python, or another processor."""
    if manifest.python != python:
        raise BundleError(f"It is for Python {manifest.python}, and this machine has {python}.")
    if manifest.machine not in (machine, "any"):
        raise BundleError(f"It is for {manifest.machine}, and this machine is {machine}.")


def open_bundle(path: Path, trusted: Sequence[PublicKey], into: Path) -> Opened:
    """Check a bundle and unpack it into that folder, which must be empty. BundleError where anything is not as signed."""
    try:
        with tarfile.open(path, "r|") as tar:
            members = iter(tar)
            content = _head(tar, next(members, None), MANIFEST, MOST_MANIFEST)
            signature = _head(tar, next(members, None), SIGNATURE, MOST_SIGNATURE)
            key = verify(content, signature.decode("utf-8", "replace"), trusted)
            manifest = read_manifest(content)
            _unpack(tar, members, manifest, into)
    except NotSigned as wrong:
        raise BundleError(f"{path.name} is not used. {wrong}") from wrong
    except BundleError as wrong:
        raise BundleError(f"{path.name} is not used. {wrong}") from wrong
    except (tarfile.TarError, EOFError) as wrong:
        raise BundleError(
            f"{path.name} is not used. It is no bundle, or was cut off on its way: fetch it again."
        ) from wrong
    except OSError as wrong:
        raise BundleError(f"{path} cannot be read or unpacked: {wrong.strerror or wrong}.") from wrong
    return Opened(manifest, key, into)


def _head(tar: tarfile.TarFile, member: tarfile.TarInfo | None, name: str, most: int) -> bytes:
    if member is None or not member.isreg() or Path(member.name).name != name or member.size > most:
        raise BundleError(f"It does not begin with {MANIFEST} and {SIGNATURE}.")
    return _all(_stream(tar, member), member.size)


def _unpack(tar: tarfile.TarFile, members: Iterable[tarfile.TarInfo], manifest: Manifest, into: Path) -> None:
    left = {part.path: part for part in manifest.files}
    for member in members:
        if member.isdir():
            continue
        # Its name is only looked up: the path that is written is the manifest's.
        part = left.pop(member.name.partition("/")[2], None)
        if part is None or not member.isreg():
            raise BundleError(f"It holds {member.name[:80]}, which nobody has signed.")
        if member.size != part.size or _write(_stream(tar, member), part, into) != part.sha256:
            raise BundleError(f"{part.path} is not what was signed.")
    if left:
        raise BundleError(f"{len(left)} of its files are missing, {min(left)} among them: fetch it again.")


def _stream(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(member)
    if stream is None:
        raise BundleError(f"{member.name[:80]} is no file.")
    return stream


def _all(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) != size:
        raise BundleError("It was cut off on its way: fetch it again.")
    return content


def _write(stream: IO[bytes], part: Part, into: Path) -> str:
    """Write it; the hash of what was written."""
    target = into / part.path
    target.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with target.open("xb") as out:
        while piece := stream.read(_PIECE):
            found.update(piece)
            out.write(piece)
    return found.hexdigest()


def write_bundle(path: Path, manifest: Manifest, signature: str, content: bytes, folder: Path) -> None:
    """Put it together from the files in `folder`. `content` is the manifest as it was signed. Whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    top = f"shopbell-{manifest.version}"
    with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, octets in ((MANIFEST, content), (SIGNATURE, signature.encode())):
            _add(tar, f"{top}/{name}", octets, manifest.made_at, 0o644)
        for part in manifest.files:
            mode = 0o755 if part.path == SETUP else 0o644
            _add(tar, f"{top}/{part.path}", (folder / part.path).read_bytes(), manifest.made_at, mode)
    draft.replace(path)


def _add(tar: tarfile.TarFile, name: str, octets: bytes, at: float, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = len(octets), int(at), mode
    tar.addfile(entry, io.BytesIO(octets))
