"""Where a backup is kept: one suite for a folder, storage that speaks S3 (a real server, moto), and head office."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from backup_chain import keeping_chain
from minio import Minio

from hub.safety.s3 import S3Target
from hub.safety.targets import FolderTarget, Missing, Target, TargetError, open_target
from hub.up.storage import storage_python

SERVER = """
from moto.server import ThreadedMotoServer
import sys
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("at", *server.get_host_and_port(), flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def storage(folder: Path) -> Iterator[str]:
    """A server that speaks S3 with an empty bucket `shop`; its address."""
    python = storage_python()
    if python is None:
        pytest.skip("needs moto in an environment of its own: ./shopbell test installs it")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
    }
    with subprocess.Popen(
        [str(python), "-c", SERVER],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env,
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            found = re.match(r"at (\S+) (\d+)", server.stdout.readline())
            assert found is not None
            address = f"http://{found[1]}:{found[2]}"
            client = Minio(
                endpoint=f"{found[1]}:{found[2]}",
                access_key="key",
                secret_key="secret",
                secure=False,
                region="us-east-1",
            )
            client.make_bucket(bucket_name="shop")
            yield address
        finally:
            server.kill()


@pytest.fixture(params=["folder", "s3", "upstream"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "folder":
        yield open_target(f"file:{tmp_path / 'kept'}")
        return
    if request.param == "upstream":
        with keeping_chain(tmp_path) as chain:
            yield chain.target(chain.shop(2))
        return
    with storage(tmp_path) as address:
        yield open_target(
            "s3://shop/corner/hub", s3_url=address, s3_region="us-east-1", s3_key_id="key", s3_secret="secret"
        )


def test_a_piece_comes_back_as_it_was_given(target: Target) -> None:
    assert target.names("line-") == []
    with pytest.raises(Missing):
        target.get("line-1/seg-1")
    target.put("line-1/seg-1", b"one")
    target.put("line-1/seg-2", bytes(range(256)) * 1_000)
    target.put("line-2/base-1", b"")
    target.put("line-1/seg-1", b"anew")
    assert target.get("line-1/seg-1") == b"anew"
    assert target.get("line-1/seg-2") == bytes(range(256)) * 1_000
    assert target.get("line-2/base-1") == b""
    assert target.names("line-") == ["line-1/seg-1", "line-1/seg-2", "line-2/base-1"]
    assert target.names("line-1/seg-") == ["line-1/seg-1", "line-1/seg-2"]
    target.delete("line-1/seg-1")
    target.delete("line-1/seg-1")
    assert target.names("line-1/") == ["line-1/seg-2"]


def test_storage_that_is_not_there_is_told_in_a_sentence_without_a_secret() -> None:
    gone = S3Target("shop", "", "http://127.0.0.1:9", "us-east-1", "key", "very-secret")
    with pytest.raises(TargetError) as told:
        gone.put("line-1/seg-1", b"one")
    assert str(told.value).startswith("s3://shop does not take it (")
    assert "very-secret" not in str(told.value)


def test_storage_needs_a_key() -> None:
    with pytest.raises(TargetError, match="HUB_S3_KEY_ID"):
        open_target("s3://shop", s3_url="https://s3.example.org")


def test_a_share_that_is_not_mounted_is_no_place_to_write(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="does not take it"):
        FolderTarget(tmp_path / "mnt" / "share" / "backup").put("line-1/seg-1", b"one")
    assert not (tmp_path / "mnt").exists()


def test_what_stands_in_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "kept")
    target.put("line-1/seg-1", b"one")
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0
    assert (tmp_path / "kept" / "line-1" / "seg-1").stat().st_mode & 0o077 == 0
