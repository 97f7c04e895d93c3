"""What hostapd is told: one network on one radio, open, open with encryption beside it (OWE), WPA2, or WPA3 beside WPA2.

Pure: from a `Network` that `check` found good to the text of the file. The network's name is written in hexadecimal, so no sign
in it means anything to hostapd; every other value has no such sign. No line makes it log the address of a phone.
"""

from __future__ import annotations

import hashlib

from hardware.wifi.network import LONGEST_INTERFACE, MOST_STATIONS, Network, check

LOW_BAND_ENDS = 14
HIDDEN_SUFFIX = "-owe"


def hostapd(network: Network, folder: str, *, driver: str = "nl80211") -> str:
    """The whole file. `folder` is where the control socket is made. ValueError where a value cannot be written.

    `driver` "none" is for a look at the file only: hostapd reads it all, and touches no radio.
    """
    mistakes = check(network)
    if network.radio is None:
        mistakes.append("There is no radio, and so nothing for hostapd to do: set WIFI_RADIO.")
    if mistakes or network.radio is None:
        raise ValueError(" ".join(mistakes))
    hidden = hidden_interface(network.radio)
    lines = [
        f"interface={network.radio}",
        f"driver={driver}",
        f"ctrl_interface={folder}/control",
        *_no_log(),
        *_radio(network),
        *_network(network, network.ssid),
    ]
    if network.security == "owe":
        lines += [f"owe_transition_ifname={hidden}"]
        lines += [f"bss={hidden}", *_no_log(), *_network(network, hidden_name(network.ssid))]
        lines += ["ignore_broadcast_ssid=1", "wpa=2", "wpa_key_mgmt=OWE", "rsn_pairwise=CCMP", "ieee80211w=2"]
        lines += [f"owe_transition_ifname={network.radio}"]
    return "# Written by shopbell; changes by hand are lost.\n" + "".join(f"{line}\n" for line in lines)


def hidden_interface(radio: str) -> str:
    """The interface of the encrypted half of an OWE network; hostapd makes it."""
    return radio[: LONGEST_INTERFACE - len(HIDDEN_SUFFIX)] + HIDDEN_SUFFIX


def hidden_name(ssid: str) -> str:
    """Its name, which nobody reads: phones find it through the open half (Opportunistic Wireless Encryption, 2.2)."""
    return "OWE-" + hashlib.sha256(ssid.encode()).hexdigest()[:12]


def _no_log() -> tuple[str, ...]:
    """Its log names every phone; what matters is asked over the control socket."""
    return "logger_syslog=0", "logger_stdout=0"


def _radio(network: Network) -> list[str]:
    high = network.channel > LOW_BAND_ENDS
    return [
        f"country_code={network.country}",
        "ieee80211d=1",
        f"hw_mode={'a' if high else 'g'}",
        f"channel={network.channel}",
        # 20 MHz: shops stand side by side, and guests read pages.
        "ieee80211n=1",
        "wmm_enabled=1",
        # 1 to 5.5 Mbit/s make one far phone take the air of all; 6 is what 802.11g begins with.
        *([] if high else ["supported_rates=60 90 120 180 240 360 480 540", "basic_rates=60 120 240"]),
    ]


def _network(network: Network, name: str) -> list[str]:
    return [
        *([f"bridge={network.interface}"] if network.bridged else []),
        # Hexadecimal: no sign of it can end the line or the value.
        f"ssid2={name.encode().hex()}",
        "utf8_ssid=1",
        "auth_algs=1",
        # Guests are strangers to each other: the access point hands nothing from one to the other,
        "ap_isolate=1",
        # and sends nothing to all at once that one could have forged.
        "disable_dgaf=1",
        *(["proxy_arp=1"] if network.bridged else []),
        f"max_num_sta={network.station_limit or MOST_STATIONS}",
        "no_probe_resp_if_max_sta=1",
        # A phone that has left is forgotten after five minutes, asked whether it is there first.
        "ap_max_inactivity=300",
        *_key(network),
    ]


def _key(network: Network) -> list[str]:
    if network.security in ("open", "owe"):
        return []
    secret = network.passphrase or ""
    lines = ["wpa=2", "rsn_pairwise=CCMP", f"{'wpa_psk' if len(secret) == 64 else 'wpa_passphrase'}={secret}"]
    if network.security == "wpa3":
        # Both: a phone that knows WPA3 takes it, protected against disassociation; an old one takes WPA2.
        return [*lines, "wpa_key_mgmt=SAE WPA-PSK", "ieee80211w=1", "sae_require_mfp=1", "sae_pwe=2"]
    return [*lines, "wpa_key_mgmt=WPA-PSK", "ieee80211w=1"]
