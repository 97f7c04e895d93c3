"""Every command of `python -m hub` and what does it; `hub.cli` knows their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from hub.config import Config


def every_command() -> dict[str, Callable[[Config, argparse.Namespace], int]]:
    """By name, what does it. Late imports: a command that prints a code need not load the pages."""
    from hub import (
        campaign_commands,
        commands,
        counter_commands,
        key_commands,
        move_commands,
        people_commands,
        serving,
        shop_commands,
        tag_commands,
        work_commands,
    )
    from hub.fleet.commands import node
    from hub.members import commands as members
    from hub.outside import commands as outside
    from hub.paper.commands import paper
    from hub.purse.commands import purse
    from hub.safety import commands as safety_commands
    from hub.upstream.commands import upstream
    from hub.value.commands import value

    return {
        "init": shop_commands.init,
        "shop": shop_commands.shop,
        "migrate": move_commands.migrate,
        "upstream": upstream,
        "serve": serving.serve,
        "pair": commands.pair,
        "devices": commands.devices,
        "campaign": campaign_commands.campaign,
        "staff": commands.staff,
        "manager": people_commands.manager,
        "setup-code": people_commands.setup_code,
        "tag": tag_commands.tag,
        "node": node,
        "key": key_commands.key,
        "revoke": key_commands.revoke,
        "paper": paper,
        "coupon": counter_commands.coupon,
        "conflicts": counter_commands.conflicts,
        "alerts": counter_commands.alerts,
        "report": commands.report,
        "work": work_commands.work,
        "api-key": outside.api_key,
        "webhook": outside.webhook,
        "import": outside.bring_in,
        "export": outside.give_out,
        "rebuild": work_commands.rebuild_all,
        "verify": commands.verify_all,
        "backup": commands.backup,
        "check": commands.check,
        "ship": safety_commands.ship,
        "restore": safety_commands.restore,
        "drill": safety_commands.drill,
        "value": value,
        "member": members.member,
        "purse": purse,
    }
