"""What the product's own code never does (OWASP ASVS): run text as code, read XML, show text unescaped, use a broken cipher."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("edge", "hardware", "hub", "kiosk")


def sources(ending: str) -> list[Path]:
    return sorted(path for name in PACKAGES for path in (ROOT / name).rglob(f"*{ending}"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for path in sources(".py"):
        for node in ast.walk(tree(path)):
            yield str(path.relative_to(ROOT)), node


def imported() -> Iterator[tuple[str, str]]:
    """Every name that some file imports, as `module` or `module.name`."""
    for path, node in nodes():
        if isinstance(node, ast.Import):
            yield from ((path, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield path, node.module
            yield from ((path, f"{node.module}.{alias.name}") for alias in node.names)


def called(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def test_there_is_something_to_look_at() -> None:
    assert len(sources(".py")) > 300
    assert len(sources(".html")) > 50
    assert len(sources(".js")) > 5


def test_nothing_runs_text_as_code_or_opens_objects_of_strangers() -> None:
    forbidden = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "builtins.eval"}
    assert [(path, called(node)) for path, node in nodes() if called(node) in forbidden] == []
    modules = {"pickle", "marshal", "shelve", "yaml", "dill", "jsonpickle"}
    assert [found for found in imported() if found[1].partition(".")[0] in modules] == []


def test_no_command_goes_through_a_shell() -> None:
    found = [
        path
        for path, node in nodes()
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "shell"
        and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
    ]
    assert found == []


def test_nothing_reads_xml_or_speaks_what_has_dangers_of_its_own() -> None:
    modules = {
        *(
            "xml",
            "lxml",
            "xmltodict",
            "defusedxml",
            "websocket",
            "websockets",
            "flask_sock",
            "graphene",
            "graphql",
        ),
        *("ldap", "ldap3", "memcache", "pymemcache", "saml2", "onelogin", "authlib", "jwt", "aiortc"),
    }
    assert [found for found in imported() if found[1].partition(".")[0] in modules] == []


BLOCK_BY_BLOCK = {"edge/recognition.py", "hardware/ble/eid.py"}
"""One block of AES under a fresh key is what the specifications of Bluetooth and Eddystone ask for; nothing is hidden by it."""


def test_ciphers_are_those_that_also_authenticate() -> None:
    where = "cryptography.hazmat.primitives.ciphers"
    allowed = {
        f"{where}.aead",
        *(f"{where}.aead.{name}" for name in ("ChaCha20Poly1305", "AESGCM", "AESSIV")),
    }
    found = [(path, name) for path, name in imported() if name.startswith(where) and name not in allowed]
    assert {path for path, _ in found} <= BLOCK_BY_BLOCK, found
    modes = {name.rpartition(".")[2] for _, name in found if ".modes." in name}
    assert modes == {"ECB"}


def test_rsa_is_used_for_signatures_that_others_prescribe_and_never_to_encipher() -> None:
    users = {path for path, name in imported() if "asymmetric.padding" in name or "asymmetric.rsa" in name}
    assert users <= {"hub/storefront/google.py", "hub/storefront/apple.py", "hub/storefront/wallets.py"}
    for path in users:
        names = {called(node).rpartition(".")[2] for node in ast.walk(tree(ROOT / path))}
        assert not names & {"encrypt", "decrypt"}, path


def test_broken_hashes_are_used_where_nobody_gains_by_breaking_them() -> None:
    for path, node in nodes():
        if called(node) in {"hashlib.md5", "hashlib.sha1", "hashlib.new"}:
            assert isinstance(node, ast.Call)
            said = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert said.get("usedforsecurity") == "False", f"{path}: {ast.unparse(node)}"
    names = {
        name.rpartition(".")[2]
        for _, name in imported()
        if name.startswith("cryptography.hazmat.primitives.hashes")
    }
    assert not names & {"MD5", "SHA1"}


def test_chance_that_nobody_may_guess_comes_from_the_system() -> None:
    users = {path for path, name in imported() if name.partition(".")[0] == "random"}
    for path in users:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert not re.search(
            r"token|password|secret|nonce_of|session", " ".join(re.findall(r"random\.\w+\([^)]*\)", text))
        ), path
    assert not any(path.startswith(("hub/signing", "hub/admin", "hub/outside", "hub/wire")) for path in users)


OURS_ALREADY = {"qr", "code_qr", "card_qr", "phone_qr", "step.qr", "ticket", "shopbell.style.text"}
"""Drawings of QRs, a part of a page that was escaped when it was made, and the stylesheet."""


@pytest.mark.parametrize("path", sources(".html"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_escapes_everything_and_runs_nothing_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"([\w.]+)\s*\|\s*safe\b", text)) <= OURS_ALREADY
    assert "autoescape" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(
        r"<[^>]*\son(click|load|error|paste|input|submit|change|focus|mouse\w+|key\w+)\s*=", text
    )
    assert not re.search(r"javascript:", text, re.IGNORECASE)


def test_passwords_are_masked_may_be_pasted_and_have_no_hints() -> None:
    fields = 0
    for path in sources(".html"):
        text = path.read_text(encoding="utf-8")
        for field in re.findall(r"<input[^>]*\bname=\"password\"[^>]*>", text):
            fields += 1
            assert 'type="password"' in field, path
            assert 'autocomplete="off"' not in field, path
        for call in re.findall(r"\binput\(\"(?:password|old)\".*?\}\)", text):
            fields += 1
            assert 'type="password"' in call, path
            assert re.search(r'"autocomplete": "(current|new)-password"', call), path
        assert not re.search(r"secret question|mother's maiden", text, re.IGNORECASE)
    assert fields >= 5


OWN_HTML = {"edge/portal/installer/static/installer.js", "kiosk/static/page.js"}
"""These put in what the same program's own page answered, escaped there."""


def test_scripts_put_text_in_as_text() -> None:
    for path in sources(".js"):
        text = path.read_text(encoding="utf-8")
        name = str(path.relative_to(ROOT))
        assert not re.search(
            r"\beval\(|new Function\(|document\.write|insertAdjacentHTML|outerHTML\s*=", text
        ), name
        assert "postMessage" not in text, name
        if re.search(r"innerHTML\s*=", text):
            assert name in OWN_HTML, name


def test_tls_begins_at_version_1_2_and_a_client_believes_no_stranger() -> None:
    served = [path for path, node in nodes() if called(node) == "ssl.SSLContext"]
    for path in served:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(r"minimum_version = (ssl\.)?TLSVersion\.TLSv1_[23]", text), path
    for path, node in nodes():
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {
            "ssl.CERT_NONE",
            "ssl._create_unverified_context",
        }:
            assert path in UNVERIFIED, path


UNVERIFIED = {"hub/up/systemd.py", "hub/client/link.py"}
"""The first asks the program that it has just started on this machine whether it is well, and sends it nothing. The second knows
the hub's key and compares the certificate's statement of it, which is more than an authority would say."""


def test_every_library_is_named_with_one_version() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split("\n")
    assert [line for line in lines if line and not re.fullmatch(r"[A-Za-z0-9_.\-\[\]]+==[^=\s]+", line)] == []
