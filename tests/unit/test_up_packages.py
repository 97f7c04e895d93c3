"""Debian's packages for tests: installed where that can be done, and no service where one would start."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.up.packages import PEER_TOOLS, TEST_TOOLS, Tool, bring, find_program

ROOT = Path(__file__).resolve().parents[2]
APT = """#!/bin/sh
echo "$*" >> {log}
case "$*" in
    "-q update") touch {folder}/updated ;;
    *) [ -e {folder}/updated ] || exit 100
       for package in "$@"; do [ "$package" = gone ] && exit 100; ln -sf /bin/true "{bin}/$package-program" 2>/dev/null; done ;;
esac
exit 0
"""


class Machine:
    """A machine of which the path is ours, with an apt-get that writes down what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "apt.log"
        self.systemd = folder / "systemd"
        self.told: list[str] = []
        for name in ("sh", "ln", "touch", "true"):
            found = shutil.which(name)
            assert found
            (self.bin / name).symlink_to(found)
        self.put("apt-get", APT.format(log=self.log, folder=folder, bin=self.bin))
        self.put("sudo", '#!/bin/sh\nshift\nexec "$@"\n')

    def put(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def bring(self, *tools: Tool, services: bool = False) -> list[str]:
        missing = bring(tools, self.told.append, "for a test", services=services, systemd=self.systemd)
        return [tool.package for tool in missing]

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(made.bin))
    return made


def tool(package: str, *, starts: bool = False) -> Tool:
    return Tool(f"{package}-program", package, starts)


def test_what_is_missing_is_installed_once_the_list_of_packages_is_fresh(machine: Machine) -> None:
    assert machine.bring(tool("firewall-tool"), tool("name-tool")) == []
    install = "-q install -y --no-install-recommends firewall-tool name-tool"
    assert machine.asked() == [install, "-q update", install]
    assert "firewall-tool, name-tool for a test" in machine.told[0]


def test_what_is_there_is_not_installed_again(machine: Machine) -> None:
    machine.put("firewall-tool-program", "#!/bin/sh\n")
    assert machine.bring(tool("firewall-tool")) == []
    assert (machine.asked(), machine.told) == ([], [])


def test_no_service_is_installed_on_a_machine_that_runs_services(machine: Machine) -> None:
    machine.systemd.mkdir()
    assert machine.bring(tool("access-point", starts=True)) == ["access-point"]
    assert machine.asked() == []
    assert machine.bring(tool("access-point", starts=True), services=True) == []


def test_a_service_may_be_installed_where_nothing_would_start_it(machine: Machine) -> None:
    assert machine.bring(tool("access-point", starts=True)) == []


def test_what_cannot_be_had_is_told(machine: Machine) -> None:
    assert machine.bring(tool("gone")) == ["gone"]


def test_without_a_package_manager_everything_is_told_and_nothing_tried(machine: Machine) -> None:
    (machine.bin / "apt-get").unlink()
    assert machine.bring(tool("firewall-tool")) == ["firewall-tool"]
    assert machine.told == []


def test_the_programs_of_administrators_are_found_without_their_path(machine: Machine) -> None:
    assert find_program("true") == str(machine.bin / "true")
    assert find_program("no-such-program-here") is None


def test_every_service_among_the_packages_is_marked() -> None:
    starts = {one.package for one in (*TEST_TOOLS, *PEER_TOOLS) if one.starts}
    assert starts == {"hostapd", "wpasupplicant", "network-manager", "opennds", "postgresql", "kannel"}


def test_the_tools_of_the_guest_network_are_among_those_that_are_brought() -> None:
    needed = (ROOT / "tests" / "guest_network.py").read_text()
    brought = {one.package for one in TEST_TOOLS}
    for package in ("iproute2", "nftables", "dnsmasq-base", "udhcpc"):
        assert f'"{package}"' in needed
        assert package in brought
