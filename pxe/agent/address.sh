#!/bin/sh
# What udhcpc is told to do with an address that a DHCP server gave.

case $1 in bound | renew) ;; *) exit 0 ;; esac
# shellcheck disable=SC2154 # udhcpc sets them
if command -v ip >/nxd/found 2>&1; then
  ip addr add "$ip/$subnet" dev "$interface"
  for gateway in ${router:-}; do ip route add default via "$gateway" dev "$interface"; done
else
  ifconfig "$interface" "$ip" netmask "$subnet"
  for gateway in ${router:-}; do route add default gw "$gateway"; done
fi
