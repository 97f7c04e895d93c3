"""What a hub's database holds that was not in it at a moment: changes by people, each by its line, and how many facts.

`python -m hub.up.left DIR SINCE` is run by the version that wrote the database, when an update goes back.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from hub.app import open_store
from hub.store.base import Store

MOST = 1000
"""Changes that are named; an update is decided within minutes."""


def left(store: Store, since: float) -> dict[str, Any]:
    """Of this shop, since then: `changes` as the record of changes has them, `facts` taken."""
    entries = store.people.audit(MOST, first=since)
    changes = [{"at": one.at, "who": one.who, "what": one.what, "subject": one.subject} for one in entries]
    facts = sum(run.count for run in store.journal.runs() if run.received_at >= since)
    return {"changes": changes, "facts": facts}


def main() -> int:
    """Print it as one line of JSON."""
    with closing(open_store(Path(sys.argv[1]))) as store:
        every = [left(one, float(sys.argv[2])) for one in map(store.of_shop, store.shops())]
    told = {
        "changes": [change for one in every for change in one["changes"]],
        "facts": sum(one["facts"] for one in every),
    }
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
