"""Everything of a shop in one file that other programs can read: a zip with a file of JSON lines for each table.

    manifest.json       what is in it, and which columns stayed here
    tables/NAME.jsonl   one row a line
    events.jsonl        the journal, one event a line, without the codes of coupons
    pictures/HASH.EXT   the pictures of offers

Secrets stay here: PINs, passwords, keys' hashes, what is sealed, codes with which a coupon can be used. The file lives a week,
or until somebody is forgotten: then every one of them is deleted, since it may hold what was to be forgotten.
"""

from __future__ import annotations

import base64
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from hub.client.db import StorageError, explain
from hub.config import Config
from hub.store.base import Store
from hub.store.exporting import EXPORTED, STAYS
from hub.store.records import AuditEntry
from hub.store.whole import HubStore
from hub.work import Progress

ROWS_AT_A_TIME = 500
PART_BYTES = 2**20
FORMAT = 1
HIDDEN = ("code",)
"""Of an event: whoever has a coupon's code can use it."""

_EXTENSIONS = {"image/webp": "webp", "image/jpeg": "jpg", "image/png": "png"}


def export_work(
    store: HubStore, config: Config, _arguments: Mapping[str, Any], progress: Progress
) -> dict[str, object]:
    """The whole shop as one file."""
    now = progress.now()
    shop = store.shop.number
    total = sum(store.export.count(table) for table in EXPORTED) + store.journal.last_position()
    name = f"shopbell-{shop}-{datetime.fromtimestamp(now, UTC):%Y-%m-%d}.zip"
    with tempfile.TemporaryDirectory(prefix="export-", dir=config.dir) as folder:
        place = Path(folder) / name
        try:
            with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
                rows = _pack(store, packed, progress, total, now)
        except OSError as wrong:
            raise explain(wrong, place) from wrong
        size = progress.keep_file(name, _parts(place, progress))
    return {"file": name, "size": size, "rows": rows}


def _pack(store: HubStore, packed: zipfile.ZipFile, progress: Progress, total: int, now: float) -> int:
    done = 0
    kept: dict[str, dict[str, object]] = {}
    for table in EXPORTED:
        columns = store.export.columns(table)
        count = 0
        with packed.open(f"tables/{table}.jsonl", "w") as out:
            for line in _lines(store, table, columns):
                out.write(line)
                count += 1
                if count % 50 == 0:
                    progress.step(done + count, total, "packing", "rows")
        done += count
        kept[table] = {"rows": count, "columns": columns, "stayed": list(EXPORTED[table])}
    events = 0
    with packed.open("events.jsonl", "w") as out:
        for chunk in store.journal.chunks():
            for _, _, text in chunk:
                out.write(_event(text) + b"\n")
            events += len(chunk)
            progress.step(done + events, total, "packing", "rows")
    done += events
    for record in store.export.rows("picture", None, 10_000):
        picture = store.campaigns.picture(str(record[0]))
        if picture is not None:
            packed.writestr(f"pictures/{record[0]}.{_EXTENSIONS.get(picture.type, 'bin')}", picture.body)
        progress.step(done, total, "packing", "rows")
    manifest = {
        "format": FORMAT,
        "shop": store.shop.number,
        "made_at": now,
        "tables": kept,
        "events": events,
        "left_out": STAYS,
    }
    packed.writestr("manifest.json", msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    return done


def _lines(store: Store, table: str, columns: list[str]) -> Iterator[bytes]:
    places = store.export.key_places(table)
    after: tuple[object, ...] | None = None
    while rows := store.export.rows(table, after, ROWS_AT_A_TIME):
        for row in rows:
            values = row[len(places) :]
            yield (
                msgspec.json.encode(
                    {name: _plain(value) for name, value in zip(columns, values, strict=True)}
                )
                + b"\n"
            )
        after = tuple(rows[-1][place] for place in places)


def _plain(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def _event(text: bytes) -> bytes:
    """An event without what opens something."""
    try:
        event = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return b"null"
    data = event.get("data")
    if isinstance(data, dict):
        event["data"] = {name: value for name, value in data.items() if name not in HIDDEN}
    return msgspec.json.encode(event)


def _parts(place: Path, progress: Progress) -> Iterator[bytes]:
    size, done = place.stat().st_size, 0
    with place.open("rb") as file:
        while part := file.read(PART_BYTES):
            done += len(part)
            progress.step(done // 1_000, size // 1_000, "keeping", "kB")
            yield part


def backup_work(
    store: HubStore, config: Config, _arguments: Mapping[str, Any], progress: Progress
) -> dict[str, object]:
    """A copy of the whole database in HUB_DIR/backups, for its owner alone."""
    now = progress.now()
    folder = config.dir / "backups"
    place = folder / f"hub-{datetime.fromtimestamp(now, UTC):%Y-%m-%d-%H%M%S}.db"
    progress.step(0, 1, "copying", "files")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        place.touch(mode=0o600)
        store.copy_to(place, kept_at=now)
        size = place.stat().st_size
    except OSError as wrong:
        raise explain(wrong, place) from wrong
    except StorageError:
        place.unlink(missing_ok=True)
        raise
    place.chmod(0o600)
    store.people.note(AuditEntry(now, progress.work.by, "backup.made", place.name, "{}"))
    progress.step(1, 1, "copying", "files")
    return {"file": str(place.relative_to(config.dir)), "size": size}


def forget_exports(store: Store, now: float) -> int:
    """Delete every file that was given out or taken in, and end exports that are under way: they may hold what is to be
    forgotten. For whoever erases, in the same transaction; how many files went."""
    with store.writing():
        for work in store.work.open("export"):
            store.work.cancel(work.id, now)
        return store.work.drop_files()
