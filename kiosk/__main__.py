"""`python -m kiosk`: serve, enrol, redeem, check, status, staff, config."""

from __future__ import annotations

import sys

from kiosk.cli import main

if __name__ == "__main__":
    sys.exit(main())
