"""The walls of the house: who may import whom, what is pure, where SQL stands, how long a file may be."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("edge", "hardware", "hub", "kiosk")
LONGEST_FILE = 400
"""One idea to a file. Lines, comments and docstrings included."""

# Who may import which of ours, the longest name that fits decides.
OURS: dict[str, tuple[str, ...]] = {
    "hub.wire": ("hub.wire",),
    "hub.client": ("hub.client", "hub.wire"),
    "hub.storefront": ("hub.storefront", "hub.wire"),
    "hub": ("hub", "hardware.modem", "hardware.device", "hardware.reasons"),
    "hardware": ("hardware",),
    "edge": ("edge", "hardware", "hub.wire", "hub.client", "hub.storefront"),
    "kiosk": ("kiosk", "hardware", "hub.wire", "hub.client", "hub.storefront"),
}

# Which libraries the parts that every small device carries may use; the rest may use what setup.cfg names.
LIBRARIES: dict[str, frozenset[str]] = {
    "hub.wire": frozenset({"msgspec", "cryptography"}),
    "hub.client": frozenset({"argon2", "msgspec", "cryptography", "sqlite_utils", "waitress"}),
    "hub.storefront": frozenset(
        {
            "msgspec",
            "cryptography",
            "flask",
            "flask_babel",
            "babel",
            "jinja2",
            "markupsafe",
            "werkzeug",
            "phonenumbers",
            "qrcode",
            "zxingcpp",
            "PIL",
        }
    ),
}

# What a library of setup.cfg is called when it is imported, where the names differ or it brings a companion.
IMPORTED_AS: dict[str, tuple[str, ...]] = {
    "argon2-cffi": ("argon2",),
    "flask": ("flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous"),
    "minio": ("minio", "urllib3"),
    "opencc-py": ("opencc",),
    "pillow": ("PIL",),
    "psycopg[binary]": ("psycopg",),
    "pyserial": ("serial",),
    "zxing-cpp": ("zxingcpp",),
}

# No I/O, no clock, no randomness, no logging. A module is listed here and says "Pure" in its docstring, or neither.
PURE = frozenset(
    {
        "edge.calibration",
        "edge.advertise",
        "edge.air_health",
        "edge.door",
        "edge.enrolled",
        "edge.facts",
        "edge.handing",
        "edge.fitting",
        "edge.guide",
        "edge.headcount",
        "edge.line",
        "edge.occupancy",
        "edge.owners",
        "edge.passing",
        "edge.picture",
        "edge.places",
        "edge.gate.protocol",
        "edge.gate.rules",
        "edge.gate.stays",
        "edge.portal.asked",
        "edge.portal.capport",
        "edge.portal.guests",
        "edge.portal.health",
        "edge.portal.installer.charts",
        "edge.portal.probes",
        "edge.portal.ways.batches",
        "edge.portal.ways.codes",
        "edge.portal.ways.entry",
        "edge.portal.ways.sentences",
        "edge.portal.welcome.form",
        "edge.portal.welcome.offering",
        "edge.portal.welcome.sign",
        "edge.portal.welcome.texts",
        "edge.presence",
        "edge.questions",
        "edge.recognition",
        "edge.radio_health",
        "edge.recovery",
        "edge.sharing",
        "edge.stamps",
        "edge.standing",
        "edge.subjects",
        "edge.tally",
        "edge.visits",
        "edge.zone_fit",
        "edge.zone_judge",
        "edge.zone_readings",
        "edge.zone_thresholds",
        "edge.zones",
        "hardware.ble.advertisement",
        "hardware.ble.advertising",
        "hardware.ble.beacon",
        "hardware.ble.broadcast",
        "hardware.ble.codec",
        "hardware.ble.describe",
        "hardware.ble.eid",
        "hardware.ble.hci",
        "hardware.ble.hci_frames",
        "hardware.ble.linklayer",
        "hardware.ble.mgmt_frames",
        "hardware.ble.plan",
        "hardware.ble.sent",
        "hardware.modem.alphabet",
        "hardware.modem.at",
        "hardware.modem.awaited",
        "hardware.modem.fields",
        "hardware.modem.joining",
        "hardware.modem.modem",
        "hardware.modem.pdu",
        "hardware.modem.text",
        "hardware.modem.trouble",
        "hardware.camera.camera",
        "hardware.camera.uapi",
        "hardware.light.light",
        "hardware.printer.escpos",
        "hardware.printer.mechanism",
        "hardware.printer.page",
        "hardware.printer.printer",
        "hardware.reasons",
        "hardware.scanner.framing",
        "hardware.scanner.keys",
        "hardware.scanner.scanner",
        "hardware.scanner.setup_codes",
        "hardware.wishes",
        "hardware.wifi.dnsmasq",
        "hardware.wifi.health",
        "hardware.wifi.hostapd",
        "hardware.wifi.network",
        "hardware.wifi.stations",
        "hardware.wifi.warnings",
        "hub.admin.calibrating",
        "hub.admin.charts",
        "hub.outside.figure_shapes",
        "hub.care.frequency",
        "hub.care.localtime",
        "hub.care.dates",
        "hub.care.drawing",
        "hub.care.editing",
        "hub.care.flaws",
        "hub.care.forecast",
        "hub.care.plan",
        "hub.care.step",
        "hub.care.quiet",
        "hub.care.ready",
        "hub.care.typed",
        "hub.store.care_records",
        "hub.wire.events_care",
        "hub.wire.sync_care",
        "hub.figures.json_out",
        "hub.figures.table",
        "hub.figures.csv_out",
        "hub.store.outs_records",
        "hub.store.explore_views",
        "hub.figures.asked_sql",
        "hub.admin.heat",
        "hub.admin.period",
        "hub.air",
        "hub.campaigns",
        "hub.capture",
        "hub.figures.address",
        "hub.figures.answer",
        "hub.figures.definitions",
        "hub.figures.definitions_members",
        "hub.figures.definitions_offers",
        "hub.figures.definitions_place",
        "hub.figures.noise",
        "hub.figures.periods",
        "hub.figures.lift",
        "hub.holdout",
        "hub.figures.question",
        "hub.store.figure_records",
        "hub.store.grains",
        "hub.store.inbox_records",
        "hub.store.local_days",
        "hub.store.member_records",
        "hub.store.segment_records",
        "hub.segments.portrait",
        "hub.segments.typed",
        "hub.segments.judging",
        "hub.segments.definition",
        "hub.store.message_records",
        "hub.store.mailing_records",
        "hub.store.note_records",
        "hub.store.worth_records",
        "hub.client.pace",
        "hub.client.warnings",
        "hub.condition_text",
        "hub.escrow",
        "hub.exposition",
        "hub.guests",
        "hub.ledger",
        "hub.members.fields",
        "hub.outside.addresses",
        "hub.outside.csv_lines",
        "hub.outside.shapes",
        "hub.outside.signed",
        "hub.replay.journey",
        "hub.replay.script",
        "hub.paper.plan",
        "hub.messages.channel",
        "hub.messages.smpp_text",
        "hub.messages.campaign",
        "hub.messages.outbox_limits",
        "hub.messages.pushed",
        "hub.messages.readers",
        "hub.messages.rules",
        "hub.messages.sealed",
        "hub.messages.answers",
        "hub.messages.kannel",
        "hub.messages.loops",
        "hub.messages.word_lists",
        "hub.messages.words",
        "hub.months",
        "hub.members.carried_sections",
        "hub.members.consent_rules",
        "hub.members.links",
        "hub.promises",
        "hub.reading",
        "hub.report_shapes",
        "hub.roles",
        "hub.safety.pieces",
        "hub.safety.wal",
        "hub.safety.warnings",
        "hub.sentences",
        "hub.signing.totp",
        "hub.store.chain_records",
        "hub.store.counts",
        "hub.fleet.plan",
        "hub.store.dialect",
        "hub.store.fleet_records",
        "hub.store.habits",
        "hub.store.setbacks",
        "hub.store.door_records",
        "hub.store.outside_records",
        "hub.store.person_records",
        "hub.changing",
        "hub.admin.paging",
        "hub.store.alarm_records",
        "hub.store.audit_chain",
        "hub.store.purchase_records",
        "hub.purse.typed",
        "hub.store.purse_records",
        "hub.store.consent_records",
        "hub.store.key_records",
        "hub.store.records",
        "hub.store.register_records",
        "hub.store.work_records",
        "hub.storefront.attract",
        "hub.storefront.colour",
        "hub.storefront.consent_words",
        "hub.storefront.ics",
        "hub.storefront.join_sentences",
        "hub.storefront.search",
        "hub.storefront.words",
        "hub.tags",
        "hub.typed",
        "hub.typed_condition",
        "hub.typed_audience",
        "hub.typed_hours",
        "hub.up.minisign",
        "hub.up.plan",
        "hub.up.services",
        "hub.up.wellness",
        "hub.value.bgnbd",
        "hub.value.bgnbd_fit",
        "hub.value.calibration",
        "hub.value.choosing",
        "hub.value.gammagamma",
        "hub.value.habits",
        "hub.value.logistic",
        "hub.value.loss",
        "hub.value.members",
        "hub.value.newton",
        "hub.value.reading",
        "hub.value.reasons",
        "hub.value.rfm",
        "hub.value.teaching",
        "hub.value.special",
        "hub.value.worth",
        "hub.watching.messages",
        "hub.watching.telling",
        "hub.wire",
        "hub.wire.backup",
        "hub.wire.card",
        "hub.wire.chain",
        "hub.wire.conditions",
        "hub.wire.coupon",
        "hub.wire.digital_link",
        "hub.wire.events",
        "hub.wire.events_members",
        "hub.wire.events_messages",
        "hub.wire.events_value",
        "hub.wire.fact",
        "hub.wire.forgetting",
        "hub.wire.holdout",
        "hub.wire.identity",
        "hub.wire.joining",
        "hub.wire.pins",
        "hub.wire.purse_lots",
        "hub.wire.purse_rules",
        "hub.wire.refusals",
        "hub.wire.revoking",
        "hub.wire.rotating",
        "hub.wire.rules",
        "hub.wire.sealing",
        "hub.wire.short_number",
        "hub.wire.snapshot",
        "hub.wire.session",
        "hub.wire.sync",
        "hub.wire.sync_members",
        "hub.wire.sync_notes",
        "hub.wire.sync_value",
        "hub.wire.sync_doors",
        "hub.wire.vouching",
        "kiosk.device_health",
        "kiosk.health",
        "kiosk.receipt",
        "kiosk.scans",
        "kiosk.screen_watch",
        "kiosk.sounds",
        "kiosk.tillpage.purchase",
        "kiosk.verdicts",
    }
)

PURE_STDLIB = frozenset(
    [
        "__future__",
        "array",
        "base64",
        "binascii",
        "bisect",
        "csv",
        "collections",
        "collections.abc",
        "colorsys",
        "contextlib",
        "copy",
        "dataclasses",
        "datetime",
        "enum",
        "fractions",
        "functools",
        "io",
        "wave",
        "hashlib",
        "hmac",
        "heapq",
        "html",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "shlex",
        "statistics",
        "string",
        "struct",
        "types",
        "typing",
        "unicodedata",
        "urllib.parse",
        "uuid",
        "zlib",
        "zoneinfo",
        "ipaddress",
    ]
)
PURE_LIBRARIES = ("msgspec", "cryptography.exceptions", "cryptography.hazmat.primitives", "cryptography.x509")
IMPURE_NAMES = frozenset({"open", "print", "input", "exec", "eval"})
IMPURE_CALLS = frozenset({"now", "utcnow", "today", "uuid1", "uuid4"})
FILE_CALLS = frozenset(
    {"read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink", "stat", "iterdir"}
)

SQL = re.compile(
    r"\b(SELECT\s.+\sFROM\s|SELECT\s+\d|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|PRAGMA\s+\w"
    r"|CREATE\s+(UNIQUE\s+)?(TABLE|INDEX|VIEW|TRIGGER)\s|(DROP|ALTER)\s+TABLE\s|BEGIN\s+IMMEDIATE)",
    re.DOTALL,
)
SQL_MODULES = re.compile(
    r"^(hub[.]store([.].+)?|(edge|kiosk|edge[.]portal|edge[.]portal[.]ways)[.]store(_\w+)?"
    r"|hub[.]client[.](db|schema|outbox|joins|forgetting|retelling|shelf|issued|rights|counters|staff_rows))$"
)

# At import a module may name things; it may not open, start or ask for any.
STARTERS = frozenset(
    [
        "open",
        "connect",
        "run",
        "Popen",
        "check_output",
        "Thread",
        "start",
        "socket",
        "mkdir",
        "touch",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
        "basicConfig",
        "getenv",
        "Flask",
        "serve",
        "sleep",
        "time",
        "monotonic",
        "urandom",
        "token_hex",
        "system",
    ]
)


def modules() -> list[tuple[str, Path]]:
    """Every module of the product, as its dotted name and its file."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


MODULES = modules()
each_module = pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])


KNOWN = frozenset(name for name, _ in MODULES)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def imports_of(name: str, path: Path) -> tuple[str, ...]:
    """Every module that is imported, also inside functions; `from x import y` counts as x.y where that is a module of ours."""
    return tuple(dict.fromkeys(_imports(name, path)))


def _imports(name: str, path: Path) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    [*package.split(".")[: len(package.split(".")) - node.level + 1], *filter(None, [base])]
                )
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in KNOWN else base


def within(name: str, parents: tuple[str, ...] | frozenset[str]) -> bool:
    return any(name == parent or name.startswith(parent + ".") for parent in parents)


def rule_for(name: str, rules: dict[str, object]) -> str | None:
    fitting = [prefix for prefix in rules if within(name, (prefix,))]
    return max(fitting, key=len) if fitting else None


@cache
def installed_libraries() -> frozenset[str]:
    """The libraries of install_requires and of the extra for PostgreSQL, by the names under which they are imported."""
    text = (ROOT / "setup.cfg").read_text()
    product, _, rest = text.partition("install_requires =")[2].partition("[options.extras_require]")
    lines = [*product.splitlines(), *rest.partition("dev =")[0].splitlines()]
    names = [re.split(r"[<>=~! ]", line.strip())[0] for line in lines if line.strip()]
    return frozenset(
        imported for name in names for imported in IMPORTED_AS.get(name, (name.replace("-", "_").lower(),))
    )


@each_module
def test_a_module_imports_only_what_its_wall_allows(name: str, path: Path) -> None:
    rule = rule_for(name, dict(OURS))
    assert rule is not None
    libraries = LIBRARIES.get(rule_for(name, dict(LIBRARIES)) or "", installed_libraries())
    for imported in imports_of(name, path):
        top = imported.partition(".")[0]
        if top in PACKAGES:
            assert within(imported, OURS[rule]), (
                f"{name} imports {imported}; {rule} may import {', '.join(OURS[rule])}"
            )
        elif top not in sys.stdlib_module_names:
            assert top in libraries, f"{name} imports {top}; it may use {', '.join(sorted(libraries))}"


def test_the_hub_package_itself_is_a_docstring_and_nothing_else() -> None:
    body = tree_of(ROOT / "hub" / "__init__.py").body
    assert len(body) == 1
    assert ast.get_docstring(tree_of(ROOT / "hub" / "__init__.py"))


def test_every_pure_module_that_is_listed_is_there() -> None:
    assert not PURE - {name for name, _ in MODULES}


@each_module
def test_a_module_is_called_pure_in_both_places_or_in_none(name: str, path: Path) -> None:
    docstring = ast.get_docstring(tree_of(path)) or ""
    says_so = re.search(r"(^|[.:;] |\n)Pure\b", docstring) is not None
    assert says_so == (name in PURE), (
        f"{name}: a pure module has a sentence that begins with 'Pure' in its docstring, and stands in PURE of this test"
    )


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_has_no_io_no_clock_no_randomness_and_no_log(name: str) -> None:
    path = dict(MODULES)[name]
    for imported in imports_of(name, path):
        allowed = imported in PURE_STDLIB or within(imported, PURE_LIBRARIES) or imported in PURE
        allowed = allowed or imported in {module.rpartition(".")[0] for module in PURE}
        assert allowed, f"{name} is pure and imports {imported}"
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in IMPURE_NAMES, f"{name}:{node.lineno} calls {node.func.id}()"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert not (
                node.func.attr in IMPURE_CALLS
                and isinstance(node.func.value, ast.Name | ast.Attribute)
                and not node.args
            ), f"{name}:{node.lineno} asks for {node.func.attr}()"
            assert node.func.attr not in FILE_CALLS, f"{name}:{node.lineno} touches files: {node.func.attr}()"


@each_module
def test_nothing_happens_when_a_module_is_imported(name: str, path: Path) -> None:
    for node in tree_of(path).body:
        if isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
        ):
            continue
        where = f"{name}:{node.lineno}"
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant), f"{where} does something when it is imported"
            continue
        if isinstance(node, ast.If):
            condition = ast.unparse(node.test)
            assert "__name__" in condition or "TYPE_CHECKING" in condition, (
                f"{where} decides something at import"
            )
            continue
        assert not isinstance(node, ast.For | ast.While | ast.With), f"{where} works when it is imported"
        for call in ast.walk(node):
            if isinstance(call, ast.Lambda):
                break
            if isinstance(call, ast.Call):
                called = (
                    call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                )
                assert called not in STARTERS, f"{where} calls {called}() when it is imported"


def strings_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text in the code but the docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


@each_module
def test_sql_stands_in_store_modules_and_the_outbox_only(name: str, path: Path) -> None:
    if SQL_MODULES.match(name):
        return
    for line, text in strings_of(tree_of(path)):
        assert not SQL.search(text), f"{name}:{line} holds SQL; it belongs in a store module"


@cache
def driver_modules() -> frozenset[str]:
    """The concrete drivers, as the table of hardware.device names them."""
    tree = tree_of(ROOT / "hardware" / "device.py")
    return frozenset(
        text.partition(":")[0] for _, text in strings_of(tree) if re.fullmatch(r"hardware([.]\w+)+:\w+", text)
    )


def test_the_table_of_drivers_names_modules_that_exist() -> None:
    assert driver_modules()
    assert not driver_modules() - {name for name, _ in MODULES}


@each_module
def test_concrete_drivers_are_opened_by_name_and_imported_by_no_program(name: str, path: Path) -> None:
    if name.startswith("hardware"):
        return
    for imported in imports_of(name, path):
        assert imported not in driver_modules(), f"{name} imports {imported}; open_device() does that"


@each_module
def test_a_file_holds_one_idea(name: str, path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{name} has {lines} lines; a file has at most {LONGEST_FILE}"
