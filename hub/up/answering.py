"""`python -m hub.up.answering`: whether the hub of this container does its work; status 0 where it does."""

from __future__ import annotations

import os
import sys

from hub.up.systemd import healthz


def main() -> int:
    """Ask its /healthz at the port that it has."""
    port = os.environ.get("HUB_PORT", "")
    return 0 if healthz(int(port) if port.isdecimal() else 8080) == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
