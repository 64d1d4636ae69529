#!/bin/busybox sh
# What udhcpc is told to do with an address.
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
/bin/busybox ifconfig "$interface" "$ip" netmask "$subnet"
