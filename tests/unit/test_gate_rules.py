"""The gate's rules as text: nft takes every one of them, and no setting breaks out of them."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from dataclasses import replace
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from edge.gate.config import SETTINGS, Config, read_config
from edge.gate.protocol import Limits
from edge.gate.rules import (
    NO_LIMITS,
    NOWHERE,
    Shape,
    chain_of,
    class_of,
    classes_in,
    clear,
    forget_chains,
    needs,
    render,
    stand,
    stands_of,
)
from hardware.wifi.network import DNS_PORT, HELD_ADDRESS, INTERNET_DNS_PORT
from hub.client.settings import SettingsError

PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
USUAL = Shape("guests", IPv4Interface("10.77.0.1/24"), 8082, 8443, "web", "honest", "up0", bridge=True)
CLASSES = {0: NO_LIMITS, 3: Limits(12_500, 0, 10_000_000), 31: Limits(2**40, 7, 2**50)}


def in_a_namespace(folder: Path, texts: list[str], *, load: bool = False) -> list[str]:
    """What nft has against each text, on a machine of its own with an interface `guests`; "" for nothing."""
    if not shutil.which("nft", path=PATH):
        pytest.skip("needs Debian's package nftables: apt install nftables")
    kinds = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--user", "--map-root-user"]
    if subprocess.run([*kinds, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs root, or user namespaces for everybody")
    for number, text in enumerate(texts):
        (folder / f"{number:04}.nft").write_text(text)
    check = "" if load else "-c"
    script = (
        "ip link add guests type bridge && ip link set guests up\n"
        f'for file in *.nft; do nft {check} -f "$file" > "$file.said" 2>&1; echo $? >> "$file.said"; done\n'
    )
    subprocess.run(
        [*kinds, "sh", "-c", script], cwd=folder, check=True, env={**os.environ, "PATH": PATH, "LC_ALL": "C"}
    )
    said = [(folder / f"{number:04}.nft.said").read_text() for number in range(len(texts))]
    return ["" if one == "0\n" else one for one in said]


def shapes() -> list[Shape]:
    return [
        replace(
            USUAL, allow=allow, offline=offline, upstream=upstream, bridge=bridge, away=away,
            networks=networks, other_ports=("veth0", "eth1"), zones=away,
        )
        for allow, offline, upstream, bridge, away, networks in itertools.product(
            ("web", "all"), ("honest", "calm"), ("up0", None), (True, False), (True, False),
            ((), (IPv4Network("192.0.2.0/24"), IPv4Network("192.168.7.0/24"), IPv4Network("203.0.113.1/32"))),
        )
    ]  # fmt: skip


def test_nft_takes_the_rules_of_every_shape(tmp_path: Path) -> None:
    texts = [render(shape, classes) for shape in shapes() for classes in ({0: NO_LIMITS}, CLASSES)]
    assert [said for said in in_a_namespace(tmp_path, [*texts, clear()]) if said] == []


def test_the_rules_can_be_loaded_over_one_another_and_taken_away(tmp_path: Path) -> None:
    texts = [render(shape, CLASSES) for shape in shapes()]
    every = [text for pair in itertools.pairwise(texts) for text in pair]
    assert [said for said in in_a_namespace(tmp_path, [*every, clear(), clear()], load=True) if said] == []


def test_the_kernels_own_words_tell_the_classes_and_the_fingerprint(tmp_path: Path) -> None:
    text = render(USUAL, CLASSES)
    name = stand("what was loaded", "what came of it")
    listing = f"table inet shopbell {{\n{text}\n\tchain {name} {{\n\t}}\n}}\n"
    assert classes_in(listing) == CLASSES
    names, rest = stands_of(listing)
    assert names == [name]
    assert name not in rest
    gone = forget_chains(listing, {0: NO_LIMITS})
    assert gone.count("delete chain") == 4
    assert chain_of("up", 31, CLASSES[31]) in gone
    assert not forget_chains(listing, CLASSES)


def test_the_class_of_a_stay_is_in_its_number() -> None:
    assert [class_of(number << 27 | 12_345) for number in (0, 1, 31)] == [0, 1, 31]


def test_gate_and_access_point_mean_the_same_address_and_ports() -> None:
    rules = render(USUAL, {0: NO_LIMITS})
    assert "ip daddr 10.77.0.1 tcp dport 80 redirect to :8082" in rules
    assert f"ip daddr {HELD_ADDRESS} tcp dport 80 redirect to :8082" in rules
    assert f"th dport {DNS_PORT} redirect to :{INTERNET_DNS_PORT}" in rules
    assert any(HELD_ADDRESS in IPv4Network(network) for network in NOWHERE)


def test_no_rule_lets_a_guests_packet_pass_because_its_connection_is_known() -> None:
    for shape in shapes():
        for line in render(shape, CLASSES).splitlines():
            assert not ("established" in line and "accept" in line)
            assert not ("443" in line and "redirect" in line)


def test_without_a_way_out_nothing_is_forwarded_or_translated() -> None:
    rules = render(replace(USUAL, upstream=None), CLASSES)
    assert "masquerade" not in rules
    assert "1053" not in rules
    for chain in ("outgoing", "incoming"):
        body = rules.rpartition(f"\tchain {chain} {{\n")[2].partition("\t}")[0]
        assert "vmap" not in body
        assert body.strip().splitlines()[-1].strip() == "drop"


HOSTILE = [
    "", " ", "*", "wlan*", "wlan0 ", "wlan0\n", 'wlan0"', 'wlan0" accept; iifname "', "wlan0;flush ruleset", "$x", "@up", "-",
    "..", "../eth0", "a/b", "wlan0\0", "wlan0\\", "{ lo, wlan0 }", "ｗlan0", "a" * 16, "wlan0 # comment", "\t",
    "0", "-1", "65536", "8082; accept", "٨٠٨٢", "web all", "webs", "ＷＥＢ", "honest\n", "honest calm",
    "10.77.0.1", "10.77.0.1/33", "10.77.0.0/24", "10.77.0.255/24", "10.77.0.1/8", "8.8.8.8/24", "198.18.0.1/24", "127.0.0.1/24",
    "169.254.1.1/24", "::1/64", "010.77.0.1/24", "10.77.0.1/24 accept", "10.77.0.1/24; }", "root;", "root nobody", "$(id)",
]  # fmt: skip


@pytest.mark.parametrize(
    "name", [setting.name for setting in SETTINGS if setting.name not in ("GATE_SOCKET", "GATE_FILE")]
)
def test_a_hostile_setting_is_refused_or_means_nothing_else_than_itself(name: str, tmp_path: Path) -> None:  # fmt: skip
    texts: list[tuple[str, str]] = []
    refused: list[str] = []
    for value in HOSTILE:
        try:
            config = read_config({name: value})
        except SettingsError as wrong:
            refused.append(str(wrong))
        else:
            texts.append((value, render(shape_of(config), CLASSES)))
    assert len(refused) > len(texts)
    assert all(sentence.startswith(name) for sentence in refused)
    usual = render(shape_of(read_config({})), CLASSES).splitlines()
    for value, text in texts:
        # As many rules as ever, and nothing of the value beside the place where it belongs.
        assert len(text.splitlines()) == len(usual), value
        assert text.count("{") == text.count("}") == "\n".join(usual).count("{"), value
        assert not set(text) & set("$\\#\0"), value
    assert not any(in_a_namespace(tmp_path, [text for _, text in texts])) if texts else True


def shape_of(config: Config) -> Shape:
    return Shape(
        config.interface, config.address, config.portal_port, config.tls_port, config.allow, config.offline,
        config.upstream or "up0", away=False, bridge=True, other_ports=(),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["eth0.10", "wl-an_0", "A23456789012345", "0ther", "enx00e04c680001"])
def test_an_odd_but_good_interface_is_taken_by_nft(name: str, tmp_path: Path) -> None:
    config = read_config({"GATE_INTERFACE": name})
    assert config.interface == name
    assert in_a_namespace(tmp_path, [render(shape_of(config), CLASSES)]) == [""]


def test_settings_that_contradict_one_another_are_refused() -> None:
    for wrong in (
        {"GATE_INTERFACE": "eth0", "GATE_UPSTREAM": "eth0"},
        {"GATE_PORTAL_PORT": "8443"},
        {"GATE_FILE": "/nowhere/at/all"},
        {"GATE_MISSPELT": "1"},
    ):
        with pytest.raises(SettingsError):
            read_config(wrong)


def test_a_file_of_settings_goes_before_all_others(tmp_path: Path) -> None:
    file = tmp_path / "gate.conf"
    file.write_text('# of the shop\nGATE_OFFLINE="calm"\nPORTAL_SSID=Shop\n\nGATE_ALLOW=all\n')
    config = read_config(
        {"GATE_FILE": str(file), "GATE_OFFLINE": "honest"}, {"allow": "web", "portal_port": "81"}
    )
    assert (config.offline, config.allow, config.portal_port) == ("calm", "all", 81)
    for text in ("GATE_ALLOW", "GATE_ALOW=web", "GATE_ALLOW=none"):
        file.write_text(text + "\n")
        with pytest.raises(SettingsError):
            read_config({"GATE_FILE": str(file)})


def test_what_a_kernel_may_lack_is_asked_for_with_rules_of_the_same_kind(tmp_path: Path) -> None:
    said = in_a_namespace(tmp_path, list(needs(USUAL).values()))
    # Refused or not, never for the way that it is written.
    assert not any("syntax error" in one for one in said)
