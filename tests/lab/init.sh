#!/bin/busybox sh
# The virtual machine's first program: reaches the host's root over virtio-9p, puts a layer of memory over it, and goes there.
B=/bin/busybox
$B mount -t proc proc /proc
$B mount -t sysfs sys /sys
$B mount -t devtmpfs dev /dev
for module in /lib/modules/*.ko; do
    $B insmod "$module" || $B echo "insmod $module failed"
done
over=trans=virtio,version=9p2000.L,msize=512000
# Nobody changes the lower layer under us, so it may be remembered.
$B mount -t 9p -o ro,cache=loose,$over hostroot /lower || $B echo "no 9p"
$B mount -t tmpfs -o mode=755 tmpfs /run
$B mkdir -p /run/up /run/work
$B mount -t overlay -o lowerdir=/lower,upperdir=/run/up,workdir=/run/work overlay /newroot
for place in dev proc sys; do $B mount --move /$place /newroot/$place; done
# The one folder that both sides write to; nothing of it is remembered.
$B mkdir -p /newroot/mnt/out
$B mount -t 9p -o rw,cache=none,$over out /newroot/mnt/out
exec $B switch_root /newroot /bin/bash /mnt/out/boot.sh
