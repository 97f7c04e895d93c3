"""`python -m hub`: init, serve, pair, devices, campaign, staff, manager, setup-code, coupon, report, rebuild, verify, backup,
config, check, value."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["value"]:
        # It needs neither the hub's folder nor the pages: forty megabytes and half a second that it need not carry.
        from hub.value.commands import main as value

        sys.exit(value(sys.argv[2:]))
    # sqlite-utils takes pandas along where that is installed: fifty megabytes that no program of a shop has any use for.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]  # None is how Python notes that there is none

    from hub.cli import main

    sys.exit(main())
