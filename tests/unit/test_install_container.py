"""The container file of the hub: what it promises stands in it, and what it copies is here and is sent to the builder."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def instructions() -> list[tuple[str, str]]:
    """Each instruction with its words, lines that go on put together."""
    text = re.sub(r"\\\n", " ", (ROOT / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in lines)]


def last_stage() -> list[tuple[str, str]]:
    every = instructions()
    begins = [place for place, (word, _) in enumerate(every) if word == "FROM"]
    return every[begins[-1] :]


def of(word: str) -> list[str]:
    return [rest for one, rest in last_stage() if one == word]


def test_what_is_copied_is_here_and_is_let_through_to_the_builder() -> None:
    ignore = (ROOT / ".containerignore").read_text().splitlines()
    assert ignore[0] == "*"
    copied = [
        source
        for word, rest in instructions()
        if word == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    assert {"setup.cfg", "./hub"} & set(copied)
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{Path(source)}" in ignore, source


def test_it_runs_as_a_user_without_rights_and_keeps_everything_in_one_place() -> None:
    assert of("USER") == ["10001:10001"]
    after = [word for word, _ in last_stage()]
    assert "RUN" not in after[after.index("USER") :]
    assert of("VOLUME") == ["/var/lib/shopbell"]
    (env,) = of("ENV")
    assert "HUB_DIR=/var/lib/shopbell/hub" in env.split()
    # SQLite's own temporary files, too, where the rest of the image may not be written.
    assert "SQLITE_TMPDIR=/var/lib/shopbell" in env.split()


def test_it_starts_and_is_asked_after_without_a_shell() -> None:
    for line in (*of("ENTRYPOINT"), *of("CMD"), *(check.partition("CMD ")[2] for check in of("HEALTHCHECK"))):
        assert isinstance(json.loads(line), list)
    (check,) = of("HEALTHCHECK")
    assert "hub.up.answering" in check
    assert of("STOPSIGNAL") == ["SIGTERM"]


def test_nothing_secret_and_nothing_of_this_machine_goes_in() -> None:
    text = (ROOT / "Containerfile").read_text()
    assert not re.search(r"(?i)password|secret|token=", text)
    assert "ADD " not in text
    assert "curl" not in text
