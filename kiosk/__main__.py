"""`python -m kiosk`: serve, enrol, redeem, check, status, staff, config."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # sqlite-utils takes pandas along where that is installed: fifty megabytes that no program of a shop has any use for.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]  # None is how Python notes that there is none

    from kiosk.cli import main

    sys.exit(main())
