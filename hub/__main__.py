"""`python -m hub`: init, serve, pair, devices, campaign, staff, manager, setup-code, coupon, report, rebuild, verify, backup,
config, check."""

from __future__ import annotations

import sys

from hub.cli import main

if __name__ == "__main__":
    sys.exit(main())
