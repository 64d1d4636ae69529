#!/bin/sh
# shellcheck disable=SC2154 # protocol.sh sets root and nxd
# Finds the network card that the machine booted from, and gives it the address that it had in the boot script. Sourced.

# load_drivers: those of the network cards and disks that are seen, as the kernel names them
load_drivers() {
  if ! has modprobe; then return; fi
  : >>"$nxd/aliases"
  for device in /sys/bus/pci/devices/* /sys/bus/virtio/devices/*; do
    if [ ! -r "$device/modalias" ]; then continue; fi
    class=0x02
    if [ -r "$device/class" ]; then read -r class <"$device/class"; fi
    case $class in 0x01* | 0x02*) ;; *) continue ;; esac
    read -r alias <"$device/modalias"
    case " $(tr '\n' ' ' <"$nxd/aliases") " in *" $alias "*) continue ;; esac
    echo "$alias" >>"$nxd/aliases"
    modprobe -q "$alias" >>"$nxd/log" 2>&1
  done
}

# find_card: the one with the MAC of the boot script, in $card; without such a MAC the first that is a device
find_card() {
  wanted=$(printf '%s' "$nxd_mac" | tr '-' ':')
  for folder in /sys/class/net/*; do
    if [ ! -e "$folder/device" ]; then continue; fi
    read -r mac <"$folder/address" || continue
    card=${folder##*/}
    if [ -z "$wanted" ] || [ "$mac" = "$wanted" ]; then return 0; fi
  done
  return 1
}

# wait_for_card SECONDS
wait_for_card() {
  waited=0
  load_drivers
  until load_drivers && find_card; do
    if [ "$waited" -ge "$1" ]; then return 1; fi
    waited=$((waited + 1))
    sleep 1
  done
  sleep 1
  load_drivers # what lies behind those that were just loaded
}

# open_network: until the card has its address
open_network() {
  delay=$FIRST_PAUSE
  until raise_card && give_address; do
    say "the network card $card cannot be given its address: $(tr '\n' ' ' <"$nxd/why")"
    pause "$delay"
    longer "$delay"
  done
  say "the network card $card has the address ${mgmt_ip:-of its DHCP server}"
}

raise_card() {
  if has ip; then
    ip link set lo up 2>"$nxd/why"
    ip link set "$card" up 2>"$nxd/why"
  else
    ifconfig lo up 2>"$nxd/why"
    ifconfig "$card" up 2>"$nxd/why"
  fi
}

# give_address: the one that nxd expects the machine at, as iPXE had it; else what a DHCP server gives
give_address() {
  if [ -z "$mgmt_ip" ] || [ -z "$nxd_netmask" ]; then
    udhcpc -i "$card" -n -q -s "$nxd/address" >"$nxd/why" 2>&1
    return
  fi
  if ! has ip; then
    ifconfig "$card" "$mgmt_ip" netmask "$nxd_netmask" 2>"$nxd/why" || return 1
    if [ -n "$nxd_gateway" ]; then route add default gw "$nxd_gateway" 2>"$nxd/why"; fi
    return 0
  fi
  case $(ip addr show dev "$card" 2>"$nxd/why") in
    *" $mgmt_ip/"*) ;;
    *) ip addr add "$mgmt_ip/$nxd_netmask" dev "$card" 2>"$nxd/why" || return 1 ;;
  esac
  if [ -n "$nxd_gateway" ]; then ip route add default via "$nxd_gateway" dev "$card" 2>"$nxd/why"; fi
  return 0
}
