"""One page of the office in a process of its own: how long from the request to its last byte, and how many bytes a first view is.

`python -m tests.bench._reports_page FOLDER PATH TOKEN [URL]`: prints one line of JSON. The process is new, and so are its
templates, statements and connection; what is measured begins when the application stands.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

from flask import Flask

from hub.admin import create_admin
from hub.app import open_database
from hub.devices import hub_key
from hub.pepper import hub_pepper
from tests.bench._reports_sides import noon_after

LINKED = re.compile(r'(?:src|href)="(/manage/(?:style\.css|[^"]+\.(?:js|css|svg)))(?:\?[^"]*)?"')


def main(folder: Path, path: str, token: str, url: str) -> None:
    """Ask for the page once."""
    store = open_database(folder, url)
    app = Flask("office")
    app.register_blueprint(
        create_admin(store, hub_key(folder), pepper=lambda: hub_pepper(folder), now=noon_after),
        url_prefix="/manage",
    )
    client = app.test_client()
    client.set_cookie("shopbell_manager", token)
    begun = time.perf_counter()
    answer = client.get(path)
    text = answer.get_data(as_text=True)
    took = (time.perf_counter() - begun) * 1_000
    assert answer.status_code == 200, (answer.status, answer.headers.get("Location"), text[:500])
    linked = set(LINKED.findall(text))
    size = len(text.encode()) + sum(len(client.get(one).get_data()) for one in linked)
    print(json.dumps({"ms": took, "bytes": size}))
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else "")
