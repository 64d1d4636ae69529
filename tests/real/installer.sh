#!/bin/sh
# A tiny installer that stands in for the vendor's: nxd's agent hands the machine over to it, with the network open, the
# configuration read and the hardware looked at. It writes a disk that boots, keeps count on it, and says through the
# agent how far it is. Its initrd is built by tests/real/initrd.py; busybox is all that it brings.

set -e
mkdir -p /proc /sys /dev # an installer mounts its own, and stops here where something is there already
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

say() { echo "INSTALLER: $*" >/dev/console; }
phase() {
  /nxd/report "$1" "$2"
  say "phase $1"
  sleep 1
}
count() { # a number in a sector of the disk; it is read, and written one higher
  before=$(dd if="$disk" bs=512 skip="$1" count=1 2>/dev/null | tr -cd 0-9)
  printf '%-512s' $((${before:-0} + 1)) | dd of="$disk" bs=512 seek="$1" conv=notrunc,fsync 2>/dev/null
}
stop() {
  /nxd/report error "$1"
  say "failed: $1; type something"
  read -r typed </dev/console && say "somebody typed $typed"
  sleep infinity
}

# shellcheck source=/dev/null # written by the agent
. /nxd/environment
disk=$NXD_STORAGE_CONFIG_BOOT_DRIVE
# shellcheck disable=SC2154
say "boot $nxd_boot of $NXD_NODE_ID on $disk"

count 1
/nxd/fetch "$(cat /payload.url)" /payload || stop "the payload cannot be had"
phase 4 "Packages downloaded"
/nxd/write /payload "$disk" 1 || stop "the disk does not hold what was written"
phase 5 "Hypervisor written"
phase 6 "Controller written"
dd if=/boot.sector of="$disk" conv=notrunc,fsync 2>/dev/null
phase 7 "Verified"
phase 8 "Rebooting"
count 2
say "ended"
sync
reboot -f
