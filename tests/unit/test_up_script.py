"""`./shopbell` itself: which Python it takes, and what it says where it cannot go on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = f"#!/bin/sh\nexec '{sys.executable}' \"$@\"\n"


class Clone:
    """A clone in a folder with a space in its name, and a machine whose only Pythons are those that a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "my clone"
        self.bin = folder / "bin"
        self.tree.mkdir()
        self.bin.mkdir()
        for name in ("shopbell", "setup.cfg", "constraints.txt"):
            shutil.copy(ROOT / name, self.tree / name)
        for tool in ("sh", "dirname", "readlink", "cat", "cksum", "grep", "rm", "tail", "env", "df"):
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)

    def put(self, name: str, text: str) -> Path:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def python_that(self, name: str, fails_at: str, says: str) -> Path:
        """A real Python but for one thing, after which it prints `says` and fails."""
        return self.put(
            name,
            f"#!/bin/sh\ncase \"$*\" in *'{fails_at}'*) echo '{says}' >&2; exit 1;; esac\nexec '{sys.executable}' \"$@\"\n",
        )

    def run(self, *arguments: str, path: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(path or self.tree / "shopbell"), *arguments],
            env={"PATH": str(self.bin), "HOME": str(self.tree), **env},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
        )

    def pretend_installed(self) -> None:
        """As it looks after an installation, with the Python that runs these tests."""
        (self.tree / ".venv" / "bin").mkdir(parents=True)
        python = self.tree / ".venv" / "bin" / "python"
        # It starts nothing and installs nothing: it only says what it was asked.
        python.write_text(
            "#!/bin/sh\n"
            'case "$*" in\n'
            '    "-P "*) echo started "$@"; exit 0 ;;\n'
            '    *"pip install"*) exit 1 ;;\n'
            '    *"pip --version"*) exit 0 ;;\n'
            "esac\n"
            f"exec '{sys.executable}' \"$@\"\n"
        )
        python.chmod(0o755)
        lists = (self.tree / "setup.cfg").read_bytes() + (self.tree / "constraints.txt").read_bytes()
        sums = subprocess.run(["cksum"], input=lists, capture_output=True, check=True).stdout.decode().strip()
        (self.tree / ".venv" / ".installed-run").write_text(f"{sums} {self.tree}\n")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What it said last; nobody is ever shown a trace back."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_no_python_at_all_is_one_sentence(clone: Clone) -> None:
    assert "no Python was found" in sentence(clone.run("up"))


def test_an_old_python_is_told_with_its_version(clone: Clone) -> None:
    clone.put("python3", "#!/bin/sh\necho 3.9\n")
    assert "Python found here is 3.9, and Shopbell needs 3.11" in sentence(clone.run("up"))


def test_a_newer_python_is_found_beside_an_old_one(clone: Clone) -> None:
    clone.put("python3", "#!/bin/sh\necho 3.10\n")
    clone.python_that("python3.12", "import ensurepip", "no")
    assert "cannot make a virtual environment" in sentence(clone.run("up"))


def test_a_python_that_was_named_and_does_not_run_is_said(clone: Clone) -> None:
    assert "SHOPBELL_PYTHON says python9, which does not run here" in sentence(
        clone.run(SHOPBELL_PYTHON="python9")
    )


def test_debian_without_python3_venv_is_told_what_to_install(clone: Clone) -> None:
    clone.python_that("python3", "import ensurepip", "ModuleNotFoundError: No module named ensurepip")
    assert "apt install python3-venv" in sentence(clone.run("up"))


@pytest.mark.parametrize(
    ("pip_says", "told"),
    [
        ("WARNING: Retrying after connection broken by NewConnectionError", "could not be fetched"),
        ("ERROR: Could not find a version that satisfies the requirement flask", "could not be fetched"),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "is full"),
        ("error: subprocess-exited-with-error", "did not go through"),
    ],
)
def test_what_pip_could_not_do_is_told_in_a_sentence(clone: Clone, pip_says: str, told: str) -> None:
    # A Python whose virtual environments have a pip that fails.
    clone.put(
        "python3",
        "#!/bin/sh\n"
        'if [ "$1" = -m ] && [ "$2" = venv ]; then\n'
        f'  {shutil.which("mkdir")} -p "$3/bin"\n'
        f'  printf \'#!/bin/sh\\ncase "$*" in *pip*) echo "{pip_says}"; exit 1;; esac\\n\' > "$3/bin/python"\n'
        f'  {shutil.which("chmod")} +x "$3/bin/python"\n'
        "  exit 0\n"
        "fi\n"
        f"exec '{sys.executable}' \"$@\"\n",
    )
    done = clone.run("up")
    assert told in sentence(done)
    assert "making .venv with Python 3." in done.stderr
    assert "installing Shopbell" in done.stderr
    assert not (clone.tree / ".venv" / ".installed-run").exists()


def test_once_installed_it_starts_at_once_from_anywhere_and_through_a_link(
    clone: Clone, tmp_path: Path
) -> None:
    clone.pretend_installed()
    link = tmp_path / "bell"
    link.symlink_to(clone.tree / "shopbell")
    for path in (clone.tree / "shopbell", link):
        done = clone.run("up", "--dir", "a b", path=path)
        assert (done.returncode, done.stdout, done.stderr) == (
            0,
            "started -P -m hub.up.cli up --dir a b\n",
            "",
        )


def test_changed_dependencies_are_installed_anew(clone: Clone) -> None:
    clone.pretend_installed()
    with (clone.tree / "constraints.txt").open("a") as constraints:
        constraints.write("# changed\n")
    assert "installing Shopbell" in clone.run("up").stderr


def test_tests_need_more_than_the_shop(clone: Clone) -> None:
    clone.pretend_installed()
    assert "what its tests need" in clone.run("test").stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="needs a user who is not root: root writes everywhere")
def test_a_folder_that_cannot_be_written_is_a_sentence(clone: Clone) -> None:
    clone.put("python3", GOOD)
    clone.tree.chmod(0o555)
    try:
        assert "cannot be written" in sentence(clone.run("up"))
    finally:
        clone.tree.chmod(0o755)
