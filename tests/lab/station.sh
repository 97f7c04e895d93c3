# A phone in the virtual machine: a namespace of its own with one radio. It associates, gets a lease, and prints what it has found,
# one NAME=VALUE a line. Usage: station.sh NAME RADIO FREQUENCY, with the inside of wpa_supplicant's network={} on standard input.
name=$1 radio=$2 place=/run/station-$1
mkdir -p "$place" "/etc/netns/$name"
# The lease says which server; without this file the machine's own would be asked.
: > "/etc/netns/$name/resolv.conf"
ip netns add "$name"
iw phy "$(cat "/sys/class/net/$radio/phy80211/name")" set netns name "$name"
ip -n "$name" link set lo up
inside() { ip netns exec "$name" "$@"; }
{
    printf 'ctrl_interface=%s\np2p_disabled=1\nnetwork={\nscan_freq=%s\n' "$place" "$3"
    cat
    printf '}\n'
} > "$place/wpa.conf"
# An emulated CPU is late with answers, and a phone that has asked twice is answered twice: then it begins anew, as people do.
for attempt in 1 2 3 4 5 6; do
    inside wpa_supplicant -B -i "$radio" -c "$place/wpa.conf" -P "$place/wpa.pid" -f "$place/wpa-$attempt.log" > /dev/null
    for try in $(seq 25); do
        inside wpa_cli -p "$place" -i "$radio" status > "$place/status" 2> /dev/null
        grep -q '^wpa_state=COMPLETED' "$place/status" && break 2
        sleep 0.2
    done
    kill "$(cat "$place/wpa.pid")"
    sleep 0.5
done
grep -E '^(wpa_state|key_mgmt|pairwise_cipher|bssid|ssid)=' "$place/status"
echo "attempts=$attempt"
cat > "$place/lease.sh" << 'LEASE'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router"
echo "nameserver $dns" > /etc/resolv.conf
printf '%s\n' "ip=$ip" "router=$router" "dns=$dns" "lease=$lease" "option114=$opt114"
LEASE
chmod +x "$place/lease.sh"
inside busybox udhcpc -i "$radio" -O 114 -n -q -t 8 -T 2 -s "$place/lease.sh" 2> /dev/null
echo "mac=$(inside cat "/sys/class/net/$radio/address")"
