"""`shopbell bundle`: a key for whoever gives out versions, a signed bundle of this one, and a look into a bundle.

The key is the owner's: it is on no machine of a shop, and none of ours ever asks for it over a network.
"""

from __future__ import annotations

import argparse
import getpass
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.up.bundle import (
    FORMAT,
    SETUP,
    Manifest,
    Part,
    open_bundle,
    version_key,
    write_bundle,
)
from hub.up.hands import tell
from hub.up.minisign import PublicKey, public_key, read_keys, sign, write_key
from hub.up.sentences import UpError
from hub.up.tree import source_tree

WITHIN_S = 900
PARTS = ("edge", "hardware", "hub", "kiosk", "units", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
"""What a wheel is built from."""


def run(args: argparse.Namespace) -> int:
    """0 where it went through."""
    match args.action:
        case "key":
            return make_key(args.file, args.passphrase_file)
        case "check":
            return check(args.file, args.key)
        case _:
            return make(args)


def make_key(path: Path, passphrase_file: Path | None) -> int:
    """A new key pair: PATH (mode 0600, PKCS #8) and PATH.pub. Never over a key that is there."""
    public = path.with_name(path.name + ".pub")
    for one in (path, public):
        if one.exists():
            raise UpError(f"{one} is there already. A key is never written over: give another name.")
    passphrase = _passphrase(passphrase_file, "Passphrase for the new key (empty: none): ")
    protection: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(pem)
    public.write_text(write_key(public_key(private)))
    tell(f"{path} signs versions: keep it where no shop's machine is. {public} goes to each machine.")
    return 0


def check(path: Path, key: Path) -> int:
    """Say whether a bundle is good, and what is in it."""
    with tempfile.TemporaryDirectory(prefix="shopbell-bundle-") as folder:
        opened = open_bundle(path, trusted_keys(key), Path(folder))
    made = datetime.fromtimestamp(opened.manifest.made_at, UTC)
    tell(
        f"{path.name} is good: version {opened.manifest.version} of {made:%Y-%m-%d %H:%M} UTC, {len(opened.wheels)} wheels for "
        f"Python {opened.manifest.python} on {opened.manifest.machine}, signed with {opened.key.name}"
    )
    return 0


def trusted_keys(path: Path) -> list[PublicKey]:
    """The keys of a file; UpError with a sentence where there are none."""
    try:
        keys = read_keys(path.read_text())
    except (OSError, ValueError) as wrong:
        raise UpError(f"{path} is no file with public keys ({wrong}).") from wrong
    if not keys:
        raise UpError(f"{path} holds no key.")
    return keys


def make(args: argparse.Namespace) -> int:
    """Build the wheels of this clone and all that it needs, and sign them."""
    private = _private_key(args.key, args.passphrase_file)
    machine = args.machine or platform.machine()
    with tempfile.TemporaryDirectory(prefix="shopbell-bundle-") as name:
        folder = Path(name)
        version = build_wheel(source_tree(), folder, args.release)
        out = args.out or Path(f"shopbell-{version}-{machine}.bundle")
        if out.exists():
            raise UpError(
                f"{out} is there already. A version is built once: give another --release or --out."
            )
        fetch_wheels(folder, args.wheels, machine, args.extra)
        made_at = time.time()
        manifest, content, signature = seal(folder, version, machine, private, made_at)
        write_bundle(out, manifest, signature, content, folder)
    tell(f"{out} holds version {version}: {len(manifest.files)} files, {out.stat().st_size / 1e6:.0f} MB")
    tell("on a machine that has Shopbell: sudo shopbell update " + str(out))
    tell(
        f"on a new one: tar -xf {out.name}, then in its folder: sudo ./setup --key KEY.pub office (or counter, or door)"
    )
    return 0


def build_wheel(tree: Path, folder: Path, release: str | None) -> str:
    """Build our own wheel into `folder`/wheels from a copy of the tree; the version. `release`: another than setup.cfg says."""
    source = folder / "source"
    source.mkdir()
    for part in PARTS:
        if (tree / part).is_dir():
            shutil.copytree(tree / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(tree / part, source / part)
    config = source / "setup.cfg"
    found = re.search(r"^version = (\S+)$", config.read_text(), re.MULTILINE)
    version = release or (found[1] if found else "")
    try:
        version_key(version)
    except ValueError as wrong:
        raise UpError(f"{wrong}.") from wrong
    config.write_text(
        re.sub(r"^version = .*$", f"version = {version}", config.read_text(), count=1, flags=re.MULTILINE)
    )
    _pip("wheel", "--no-deps", "-w", str(folder / "wheels"), str(source))
    shutil.rmtree(source)
    return version


def fetch_wheels(folder: Path, kept: Path | None, machine: str, extras: Sequence[str]) -> None:
    """All that it needs beside itself, in the versions of constraints.txt, for that processor. `kept`: a folder of wheels to take
    them from, without asking a registry."""
    (own,) = (folder / "wheels").glob("shopbell-*.whl")
    wanted = f"{own}[{','.join(extras)}]" if extras else str(own)
    words = [
        "download",
        "-q",
        "--only-binary=:all:",
        "-d",
        str(folder / "wheels"),
        "-c",
        str(source_tree() / "constraints.txt"),
    ]
    if kept is not None:
        words += ["--no-index", "--find-links", str(kept)]
    if machine != platform.machine():
        minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
        words += ["--python-version", minor, "--implementation", "cp"]
        for tag in ("manylinux_2_17", "manylinux2014", "manylinux_2_28", "manylinux_2_31", "manylinux_2_34"):
            words += ["--platform", f"{tag}_{machine}"]
    # pip itself puts the others into place on a machine that has none.
    _pip(*words, wanted, "pip")


def seal(
    folder: Path, version: str, machine: str, private: Ed25519PrivateKey, made_at: float
) -> tuple[Manifest, bytes, str]:
    """The manifest of `folder`, as it is signed, and its signature. Writes the set-up beside the wheels."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    script = Path(__file__).with_name("setup.sh").read_text()
    (folder / SETUP).write_text(script.replace("@VERSION@", version).replace("@PYTHON_VERSION@", python))
    paths = [folder / SETUP, *sorted((folder / "wheels").glob("*.whl"))]
    parts = tuple(
        Part(
            str(path.relative_to(folder)), path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
        )
        for path in paths
    )
    manifest = Manifest(FORMAT, version, round(made_at), python, machine, parts)
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    return manifest, content, sign(content, private, f"shopbell {version} {machine} {round(made_at)}")


def _private_key(path: Path, passphrase_file: Path | None) -> Ed25519PrivateKey:
    try:
        pem = path.read_bytes()
    except OSError as wrong:
        raise UpError(f"{path} cannot be read. Make a key once: shopbell bundle key {path}") from wrong
    passphrase = None
    if b"ENCRYPTED" in pem.splitlines()[0]:
        passphrase = _passphrase(passphrase_file, f"Passphrase of {path}: ")
    try:
        private = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError) as wrong:
        raise UpError(f"{path} is no key of `shopbell bundle key`, or the passphrase is wrong.") from wrong
    if not isinstance(private, Ed25519PrivateKey):
        raise UpError(f"{path} is a key of another kind. Make one: shopbell bundle key")
    return private


def _passphrase(file: Path | None, question: str) -> bytes:
    if file is not None:
        return file.read_text().rstrip("\n").encode()
    return getpass.getpass(question).encode() if sys.stdin.isatty() else b""


def _pip(*words: str) -> None:
    """Run this Python's pip; UpError with its last line where it did not go through."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
            env={**os.environ, "PIP_QUIET": "1"},
        )
    except subprocess.TimeoutExpired:
        raise UpError("pip takes longer than a quarter of an hour. Is there a way to the packages?") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr[-200:]]
        raise UpError(f"The packages could not be built or fetched. {said[-1]}")
