"""A PostgreSQL server of our own for tests: a fresh cluster in a temporary folder, reached by a socket there alone."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest

from hub.up.packages import find_program

START_WITHIN_S = 30
HOW_TO_GET_IT = "needs Debian's package postgresql: apt-get install postgresql, or ./shopbell test brings it"


def postgres_bin() -> Path | None:
    """The folder of initdb and its like; Debian keeps them off the path."""
    found = find_program("initdb")
    return Path(found).parent if found else None


class PostgresServer:
    """One server. Each test has a database of its own."""

    def __init__(self, folder: Path, disk_bytes: int = 0) -> None:
        self.folder = folder
        self.small = folder / "small"
        """A disk of `disk_bytes`, for a tablespace; in a mount namespace of the server's own, so that needs root."""
        self._disk_bytes = disk_bytes
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._bin = postgres_bin()
        # initdb and postgres refuse to run as root.
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._run(
            "initdb",
            "-D",
            str(folder / "data"),
            "-U",
            "hub",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
        )
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        assert self._bin
        done = subprocess.run(
            [str(self._bin / program), *arguments],
            user=self._user.pw_uid if self._user else None,
            group=self._user.pw_gid if self._user else None,
            cwd=self.folder,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        assert self._bin
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.folder}",
            "fsync=off",
            "full_page_writes=off",
        )
        with (self.folder / "log").open("ab") as log:
            command = [
                str(self._bin / "postgres"),
                "-D",
                str(self.folder / "data"),
                *(word for setting in settings for word in ("-c", setting)),
            ]
            user = self._user
            if self._disk_bytes:
                assert user, "only root can give a server a small disk"
                self.small.mkdir()
                steps = (
                    f'mount -t tmpfs -o size={self._disk_bytes},mode=0700,uid={user.pw_uid} none "$0" && '
                    f'exec setpriv --reuid={user.pw_uid} --regid={user.pw_gid} --clear-groups "$@"'
                )
                command = ["unshare", "--mount", "sh", "-c", steps, str(self.small), *command]
                user = None
            self._process = subprocess.Popen(
                command,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + START_WITHIN_S
        while True:
            with suppress(psycopg.OperationalError), psycopg.connect(self.url("postgres"), connect_timeout=5):
                return
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, as by `pg_ctl stop -m fast`: whoever is connected is cut off."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_WITHIN_S)
            self._process = None

    def url(self, database: str) -> str:
        return f"postgresql://hub@/{database}?host={self.folder}"

    def fresh(self) -> str:
        """The URL of an empty database."""
        name = f"shop{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@contextmanager
def postgres_server(disk_bytes: int = 0) -> Iterator[PostgresServer]:
    """A server until the block is left; a test that asks for it is skipped where PostgreSQL is not installed.

    `disk_bytes`: with a small disk for a tablespace, of that size.
    """
    if postgres_bin() is None:
        pytest.skip(HOW_TO_GET_IT)
    # A socket's path has at most 107 bytes, so it is not in pytest's deep folders.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    server: PostgresServer | None = None
    try:
        server = PostgresServer(folder, disk_bytes)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder)
