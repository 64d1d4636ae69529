#!/bin/busybox sh
# A tiny installer that stands in for the vendor's: it speaks the protocol of docs/boot.md, writes a disk that boots,
# and keeps count on it. Its image is built by tests/real/initrd.py; busybox is all it has.

/bin/busybox mkdir -p /proc /sys /dev /tmp /run
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net virtio_blk; do
  insmod "/modules/$module.ko"
done

say() { echo "INSTALLER: $*" >/dev/console; }
argument() { tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p"; }

until [ -e /sys/class/net/eth0 ] && [ -b /dev/vda ]; do sleep 0.1; done
ip link set eth0 up
until udhcpc -i eth0 -n -q -t 5 -T 1 -s /address.sh >/dev/null 2>&1; do sleep 1; done

boot=$(argument nxd_boot)
token=$(argument nxd_token)
sequence=0

post() { # until it is taken; busybox's own time limit (wget -T) crashes it in Debian 12
  sequence=$((sequence + 1))
  body="{\"boot\": $boot, \"seq\": $sequence, $1}"
  until timeout 30 wget -q -O /dev/null --header "Authorization: Bearer $token" \
    --header 'Content-Type: application/json' --post-data "$body" "$(argument status_url)" 2>/tmp/why; do
    say "not taken: $(cat /tmp/why)"
    sleep 1
  done
}
phase() {
  post "\"phase\": $1, \"message\": \"$2\""
  say "phase $1"
  sleep 0.3
}
stop() {
  post "\"phase\": \"error\", \"message\": \"$1\""
  say "failed: $1"
  sleep infinity
}
count() { # a number in a sector of the disk; it is read, and written one higher
  before=$(dd if=/dev/vda bs=512 skip="$1" count=1 2>/dev/null | tr -cd 0-9)
  printf '%-512s' $((${before:-0} + 1)) | dd of=/dev/vda bs=512 seek="$1" conv=notrunc,fsync 2>/dev/null
}

say "boot $boot"
phase 1 "Installer started"
until timeout 30 wget -q -O /tmp/config --header "Authorization: Bearer $token" "$(argument config_url)"; do
  say "no configuration yet"
  sleep 1
done
grep -q "\"node_id\": \"$(argument node_id)\"" /tmp/config || stop "the configuration is another machine's"
phase 2 "Configuration read"
phase 3 "Hardware checked"

count 1
until timeout 30 wget -q -O /tmp/payload "$(cat /payload.url)"; do sleep 1; done
phase 4 "Packages downloaded"
dd if=/tmp/payload of=/dev/vda bs=64k seek=16 conv=fsync 2>/dev/null || stop "the disk cannot be written"
phase 5 "Hypervisor written"
echo 3 >/proc/sys/vm/drop_caches
found=$(dd if=/dev/vda bs=64k skip=16 2>/dev/null | head -c "$(stat -c %s /tmp/payload)" | sha256sum)
[ "${found%% *}" = "$(cat /payload.sha256)" ] || stop "the disk does not hold what was written"
phase 6 "Controller written"
dd if=/boot.sector of=/dev/vda conv=notrunc,fsync 2>/dev/null
phase 7 "Verified"
phase 8 "Rebooting"
count 2
say "ended"
sync
reboot -f
