# Inside the virtual machine: what a system needs to stand, then a small agent that runs what the host tells it.
# Protocol on the port "agent": the host sends "NUMBER COMMAND", one line each; every command runs at once, beside the others, its
# output goes to /mnt/out/NUMBER.log and its process group to NUMBER.pid; when it has ended the answer is "NUMBER STATUS".
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t debugfs debugfs /sys/kernel/debug 2> /dev/null
mkdir -p /run/dbus /var/lib/bluetooth /lib/modules
mount -t tmpfs tmpfs /var/lib/bluetooth
ln -sfn "$(cat /mnt/out/modules)" "/lib/modules/$(uname -r)"
for number in 0 1 2; do
    ln -sfn /proc/self/fd/$number "/dev/$(echo stdin stdout stderr | cut -d' ' -f$((number + 1)))"
done
ln -sfn /proc/self/fd /dev/fd
ip link set lo up
hostname guest
modprobe virtio_console
for try in $(seq 100); do
    for name in /sys/class/virtio-ports/*/name; do
        [ -s "$name" ] && ln -sfn "/dev/$(basename "$(dirname "$name")")" "/dev/port-$(cat "$name")"
    done
    [ -e /dev/port-agent ] && [ -e /dev/port-bus ] && break
    sleep 0.1
done
modprobe bluetooth
modprobe hci_uart
cd /tmp || exit 1
exec 3<> /dev/port-agent
echo "0 0" >&3
while read -r number command <&3; do
    [ "$command" = poweroff ] && break
    (
        setsid -w bash -c "echo \$\$ > /mnt/out/$number.pid; exec 3>&-; $command" > "/mnt/out/$number.log" 2>&1 < /dev/null
        echo "$number $?" >&3
    ) &
done
echo o > /proc/sysrq-trigger
sleep 30
