"""A bundle is used as it was signed, or not at all; and what signs it is the format of minisign, which is asked itself."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.up.bundle import BundleError, Manifest, fits, open_bundle, read_manifest, version_key, write_bundle
from hub.up.bundling import make_key, seal, trusted_keys
from hub.up.cli import main
from hub.up.minisign import NotSigned, public_key, read_keys, sign, verify, write_key
from hub.up.sentences import UpError

OWNER = Ed25519PrivateKey.from_private_bytes(b"owner of the key" * 2)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"a stranger's key" * 2)
TRUSTED = [public_key(OWNER)]
AT = 1_800_000_000.0


def made(folder: Path, version: str = "1.2.0", private: Ed25519PrivateKey = OWNER) -> Path:
    """A small bundle, as `bundle make` writes it."""
    source = folder / f"source-{version}"
    (source / "wheels").mkdir(parents=True)
    (source / "wheels" / f"shopbell-{version}-py3-none-any.whl").write_bytes(b"programs " * 1000)
    (source / "wheels" / "other-1-py3-none-any.whl").write_bytes(b"others")
    manifest, content, signature = seal(source, version, "any", private, AT)
    path = folder / f"shopbell-{version}.bundle"
    write_bundle(path, manifest, signature, content, source)
    return path


def again(
    path: Path, change: Callable[[str, bytes], tuple[str, bytes] | None], more: dict[str, bytes]
) -> Path:
    """The same bundle, with each member as `change` makes it (None leaves it out), and some more."""
    changed = path.with_suffix(".changed")
    with tarfile.open(path) as before, tarfile.open(changed, "w") as after:
        for member in before:
            stream = before.extractfile(member)
            assert stream is not None
            kept = change(member.name, stream.read())
            if kept is not None:
                _add(after, *kept)
        for name, content in more.items():
            _add(after, name, content)
    return changed


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def refusal(path: Path, into: Path) -> str:
    into.mkdir()
    with pytest.raises(BundleError) as told:
        open_bundle(path, TRUSTED, into)
    return str(told.value)


def test_a_good_bundle_is_unpacked_as_it_was(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    opened = open_bundle(made(tmp_path), TRUSTED, into)
    assert opened.manifest.version == "1.2.0"
    assert opened.key == TRUSTED[0]
    assert sorted(path.name for path in opened.wheels) == [
        "other-1-py3-none-any.whl",
        "shopbell-1.2.0-py3-none-any.whl",
    ]
    assert (into / "wheels" / "other-1-py3-none-any.whl").read_bytes() == b"others"


def test_a_wheel_that_was_changed_is_noticed(tmp_path: Path) -> None:
    changed = again(made(tmp_path), lambda name, content: (name, content.replace(b"others", b"othErs")), {})
    assert "wheels/other-1-py3-none-any.whl is not what was signed" in refusal(changed, tmp_path / "into")


def test_a_manifest_that_was_changed_is_noticed_before_anything_is_unpacked(tmp_path: Path) -> None:
    changed = again(made(tmp_path), lambda name, content: (name, content.replace(b'"1.2.0"', b'"9.2.0"')), {})
    assert "changed after it was signed" in refusal(changed, tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


def test_another_owners_bundle_is_refused_with_the_number_of_the_key(tmp_path: Path) -> None:
    said = refusal(made(tmp_path, private=STRANGER), tmp_path / "into")
    assert public_key(STRANGER).name in said
    assert "does not trust" in said


def test_a_signature_that_borrows_the_number_of_a_trusted_key_is_wrong() -> None:
    borrowed = sign(b"content", STRANGER, "x").splitlines()
    real = sign(b"content", OWNER, "x").splitlines()
    with pytest.raises(NotSigned, match="wrong"):
        verify(b"content", "\n".join([real[0], real[1][:14] + borrowed[1][14:], *real[2:]]), TRUSTED)


def test_the_comment_is_signed_too() -> None:
    text = sign(b"content", OWNER, "shopbell 1.2.0")
    assert verify(b"content", text, TRUSTED) == TRUSTED[0]
    with pytest.raises(NotSigned):
        verify(b"content", text.replace("shopbell 1.2.0", "shopbell 9.2.0"), TRUSTED)


@pytest.mark.parametrize("part", [0.01, 0.2, 0.5, 0.7])
def test_a_bundle_that_was_cut_off_is_refused(tmp_path: Path, part: float) -> None:
    path = made(tmp_path)
    short = tmp_path / "short.bundle"
    short.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    assert "is not used" in refusal(short, tmp_path / "into")


def test_a_file_that_is_missing_or_unsigned_is_told(tmp_path: Path) -> None:
    path = made(tmp_path)
    without = again(path, lambda name, content: None if "other" in name else (name, content), {})
    assert "missing" in refusal(without, tmp_path / "first")
    more = again(path, lambda name, content: (name, content), {"shopbell-1.2.0/wheels/evil-1.whl": b"evil"})
    assert "nobody has signed" in refusal(more, tmp_path / "second")
    twice = again(path, lambda name, content: (name, content), {"shopbell-1.2.0/setup": b"evil"})
    assert "nobody has signed" in refusal(twice, tmp_path / "third")


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "x/../../evil", "wheels/../../evil.whl"])
def test_nothing_is_written_outside_of_the_folder(tmp_path: Path, name: str) -> None:
    changed = again(made(tmp_path), lambda kept, content: (name if "other" in kept else kept, content), {})
    assert "nobody has signed" in refusal(changed, tmp_path / "into")
    assert not list(tmp_path.rglob("evil*"))


def test_what_is_no_bundle_is_told(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no bundle")
    assert "no bundle" in refusal(text, tmp_path / "first")
    assert "cannot be read" in refusal(tmp_path / "none.bundle", tmp_path / "second")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "format 2"),
        ({"version": "1.2.0; rm"}, "no version"),
        ({"files": [{"path": "../evil", "size": 1, "sha256": ""}]}, "do not belong"),
        ({"files": [{"path": "setup", "size": 2**40, "sha256": ""}]}, "more than a version can need"),
        ({"more": 1}, "cannot be read"),
    ],
)
def test_a_manifest_that_promises_too_much_is_refused_also_when_it_is_signed(
    change: dict[str, object], said: str
) -> None:
    good: dict[str, object] = {
        "format": 1,
        "version": "1.2.0",
        "made_at": 0.0,
        "python": "3.11",
        "machine": "any",
        "files": [],
    }
    with pytest.raises(BundleError, match=said):
        read_manifest(msgspec.json.encode(good | change))


def test_wheels_for_another_machine_are_refused() -> None:
    manifest = Manifest(1, "1.2.0", AT, "3.11", "aarch64", ())
    fits(manifest, "3.11", "aarch64")
    with pytest.raises(BundleError, match=r"Python 3\.11, and this machine has 3\.13"):
        fits(manifest, "3.13", "aarch64")
    with pytest.raises(BundleError, match="for aarch64, and this machine is x86_64"):
        fits(manifest, "3.11", "x86_64")


def test_versions_come_in_the_order_of_their_numbers() -> None:
    order = ["0.9", "0.9.1", "0.10a1", "0.10b2", "0.10rc1", "0.10", "0.10.0.1", "1.0", "1.10.2"]
    backwards = list(reversed(order))
    assert sorted(backwards, key=version_key) == order
    assert version_key("1.0") == version_key("1.0.0")
    for wrong in ("", "1.", "v1", "1.0-x", "1.0.0.0.0", "1.0\n"):
        with pytest.raises(ValueError, match="no version"):
            version_key(wrong)


@given(st.binary(max_size=200), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_whatever_was_signed_is_found_good_and_anything_else_is_not(content: bytes, comment: str) -> None:
    text = sign(content, OWNER, comment)
    assert verify(content, text, TRUSTED) == TRUSTED[0]
    with pytest.raises(NotSigned):
        verify(content + b"!", text, TRUSTED)


@given(st.text(max_size=300))
def test_no_text_at_all_is_a_signature_by_luck(text: str) -> None:
    with pytest.raises(NotSigned):
        verify(b"content", text, TRUSTED)


def test_minisign_itself_finds_our_signature_good_and_a_change_bad(tmp_path: Path) -> None:
    if shutil.which("minisign") is None:
        pytest.skip("needs minisign: apt install minisign")
    content, key = tmp_path / "manifest.json", tmp_path / "owner.pub"
    content.write_bytes(b'{"version": "1.2.0"}')
    key.write_text(write_key(TRUSTED[0]))
    content.with_name("manifest.json.minisig").write_text(sign(content.read_bytes(), OWNER, "shopbell 1.2.0"))
    asked = ["minisign", "-V", "-m", str(content), "-p", str(key)]
    good = subprocess.run(asked, capture_output=True, text=True, timeout=20)
    assert good.returncode == 0, good.stderr
    assert "Trusted comment: shopbell 1.2.0" in good.stdout
    content.write_bytes(b'{"version": "9.2.0"}')
    assert subprocess.run(asked, capture_output=True, timeout=20).returncode != 0


def test_a_signature_and_a_key_of_minisign_are_read(tmp_path: Path) -> None:
    if shutil.which("minisign") is None:
        pytest.skip("needs minisign: apt install minisign")
    content, key, secret = tmp_path / "content", tmp_path / "key.pub", tmp_path / "key"
    content.write_bytes(b"content")
    subprocess.run(
        ["minisign", "-G", "-W", "-p", key, "-s", secret], check=True, capture_output=True, timeout=20
    )
    subprocess.run(
        ["minisign", "-S", "-s", secret, "-m", content, "-t", "a comment"],
        check=True,
        capture_output=True,
        timeout=20,
    )
    keys = read_keys(key.read_text())
    assert verify(b"content", content.with_name("content.minisig").read_text(), keys) == keys[0]


def test_a_key_is_never_written_over_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse\n")
    key = tmp_path / "release.key"
    assert make_key(key, passphrase) == 0
    assert key.stat().st_mode & 0o077 == 0
    assert b"ENCRYPTED" in key.read_bytes()
    assert len(trusted_keys(tmp_path / "release.key.pub")) == 1
    with pytest.raises(UpError, match="never written over"):
        make_key(key, passphrase)


def test_the_command_says_whether_a_bundle_is_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "owner.pub"
    key.write_text(write_key(TRUSTED[0]))
    assert main(["bundle", "check", str(made(tmp_path)), "--key", str(key)]) == 0
    assert "is good: version 1.2.0" in capsys.readouterr().out
    assert main(["bundle", "check", str(made(tmp_path, "1.3.0", STRANGER)), "--key", str(key)]) == 1
    assert "does not trust" in capsys.readouterr().err
