# Does one phone in the virtual machine reach another? Counts every frame of the one that the other's radio takes in, whatever became
# of it. Tried are a ping, a TCP connection and an ARP request straight at its hardware address, then ping and TCP by way of
# the gateway. What comes from the gateway itself is counted as well: it shows that the other one hears.
# Usage: apart.sh FROM RADIO TO RADIO GATEWAY
from=$1 from_radio=$2 to=$3 to_radio=$4 gateway=$5
mac_of() { ip netns exec "$1" cat "/sys/class/net/$2/address"; }
ip_of() { ip -n "$1" -4 -br address show dev "$2" | awk '{ sub("/.*", "", $3); print $3 }'; }
from_ip=$(ip_of "$from" "$from_radio") to_ip=$(ip_of "$to" "$to_radio")
ip netns exec "$to" nft -f - << RULES
table netdev heard
delete table netdev heard
table netdev heard {
    chain taken_in {
        type filter hook ingress device $to_radio priority 0
        ether saddr $(mac_of "$from" "$from_radio") counter
        ip saddr $from_ip counter
        ip saddr $gateway counter
    }
}
RULES
tried() {
    ip netns exec "$from" busybox ping -c 2 -W 1 "$to_ip" | sed -n "s/^\([0-9]*\) packets transmitted, \([0-9]*\) .*/$1pinged=\1 $1answered=\2/p"
    ip netns exec "$from" timeout 2 bash -c "echo > /dev/tcp/$to_ip/8000" 2> /dev/null && echo "$1connected=yes" || echo "$1connected=no"
}
{
    ip netns exec "$to" busybox httpd -p 8000 -h /run
    ip -n "$from" neigh replace "$to_ip" lladdr "$(mac_of "$to" "$to_radio")" dev "$from_radio" nud permanent
    tried straight_
    ip netns exec "$from" busybox arping -c 2 -w 2 -I "$from_radio" "$to_ip" > /dev/null
    ip -n "$from" neigh delete "$to_ip" dev "$from_radio"
    ip -n "$from" route replace "$to_ip" via "$gateway"
    tried routed_
    ip -n "$from" route delete "$to_ip"
    busybox ping -c 2 -W 1 "$to_ip" > /dev/null
    ip netns exec "$to" nft list chain netdev heard taken_in | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p' | paste -s -d ' ' |
        sed 's/^\([0-9]*\) \([0-9]*\) \([0-9]*\)$/frames=\1 packets=\2 control=\3/'
} 2> /dev/null | tr ' ' '\n'
