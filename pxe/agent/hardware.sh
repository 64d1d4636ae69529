#!/bin/sh
# shellcheck disable=SC2154 # protocol.sh sets root and nxd
# Compares this machine with what its configuration says of it, and tells in lines of the log what it saw. Sourced.
# Without a section hardware_config nothing is demanded, and what is seen is told all the same.

# look_at_hardware: everything that is not as it has to be stands in $wrong afterwards
look_at_hardware() {
  wrong=
  look_at_disks
  look_at_cards
  look_at_memory
  look_at_processor
}

# amiss TEXT: one more reason why this machine cannot be installed
amiss() { wrong="${wrong:+$wrong; }$1"; }

# number_in FILE: what stands there, or 0, in $found
number_in() {
  found=0
  if [ -r "$1" ]; then read -r found <"$1"; fi
  case $found in '' | *[!0-9]*) found=0 ;; esac
}

look_at_disks() {
  disks=
  for folder in "$root"/sys/block/*; do
    disk=${folder##*/}
    case $disk in '*' | loop* | ram* | zram* | sr* | fd* | dm-* | md*) continue ;; esac
    measure_disk "$folder"
    disks="${disks:+$disks, }$disk $size GB$partitions"
  done
  report -1 "disks: ${disks:-none}"
  # shellcheck disable=SC2086 # a list of words
  demand_disks boot "${NXD_HARDWARE_CONFIG_BOOT_DRIVE_GB:-0}" ${NXD_HARDWARE_CONFIG_BOOT_DRIVES:-}
  # shellcheck disable=SC2086
  demand_disks data "${NXD_HARDWARE_CONFIG_DATA_DRIVE_GB:-0}" ${NXD_HARDWARE_CONFIG_DATA_DRIVES:-}
}

# measure_disk FOLDER: $size in GB, and what is said of its $partitions
measure_disk() {
  number_in "$1/size"
  size=$((found * 512 / 1000000000))
  count=0 partitions=
  for part in "$1"/*/partition; do
    if [ -e "$part" ]; then count=$((count + 1)); fi
  done
  if [ "$count" -gt 0 ]; then partitions=" (with $count partitions, which an installation overwrites)"; fi
  if [ "$count" -eq 1 ]; then partitions=" (with a partition, which an installation overwrites)"; fi
}

# demand_disks USE GB DEVICE...: each is there, large enough, writable, and nobody's
demand_disks() {
  use=$1 least=$2
  shift 2
  for device in "$@"; do
    case $device in
      /dev/disk/*)
        report -1 "the $use drive $device is left to the installer: such names are made by udev, which does not run yet"
        continue
        ;;
    esac
    disk=${device#/dev/}
    folder=$root/sys/block/$disk
    if [ ! -d "$folder" ]; then
      amiss "the $use drive $device is not there: this machine has ${disks:-no disk}"
      continue
    fi
    measure_disk "$folder"
    if [ "$size" -lt "$least" ]; then
      amiss "the $use drive $device has $size GB, and $least are needed"
    fi
    number_in "$folder/ro"
    if [ "$found" -ne 0 ]; then amiss "the $use drive $device is read-only"; fi
    look_for_user
  done
}

# look_for_user: who has $disk now
look_for_user() {
  for holder in "$root/sys/block/$disk"/holders/* "$root/sys/block/$disk"/*/holders/*; do
    if [ -e "$holder" ]; then amiss "the $use drive $device is in use by ${holder##*/}"; fi
  done
  while read -r source place _; do
    case $source in
      "/dev/$disk" | "/dev/$disk"[0-9]* | "/dev/$disk"p[0-9]*)
        amiss "the $use drive $device is in use: $source is mounted at $place"
        ;;
    esac
  done <"$root/proc/mounts"
}

look_at_cards() {
  cards='' count=0 boots=
  wanted=$(printf '%s' "$nxd_mac" | tr '-' ':')
  for folder in "$root"/sys/class/net/*; do
    if [ ! -e "$folder/device" ]; then continue; fi
    mac='' link=
    if [ -r "$folder/address" ]; then read -r mac <"$folder/address"; fi
    if [ -r "$folder/carrier" ]; then { read -r link <"$folder/carrier"; } 2>"$nxd/why"; fi
    if [ "$mac" = "$wanted" ]; then boots=yes; fi
    count=$((count + 1))
    case $link in 1) link=' (link)' ;; *) link= ;; esac
    cards="${cards:+$cards, }${folder##*/} $mac$link"
  done
  report -1 "network cards: ${cards:-none}"
  if [ "$count" -lt "${NXD_HARDWARE_CONFIG_NETWORK_CARDS:-0}" ]; then
    amiss "$NXD_HARDWARE_CONFIG_NETWORK_CARDS network cards are needed: this machine has ${cards:-none}"
  fi
  if [ -n "$wanted" ] && [ -z "$boots" ]; then
    amiss "the network card $wanted, which it booted from, is not seen: this machine has ${cards:-none}"
  fi
}

# look_at_memory: the kernel keeps a part of it for itself, so nine tenths are enough
look_at_memory() {
  kilobytes=0
  while read -r name value _; do
    case $name in MemTotal:) kilobytes=$value ;; esac
  done <"$root/proc/meminfo"
  report -1 "memory: $(((kilobytes + 524288) / 1048576)) GiB"
  least=${NXD_HARDWARE_CONFIG_MEMORY_GIB:-0}
  if [ "$((kilobytes * 10))" -lt "$((least * 1048576 * 9))" ]; then
    amiss "it has $((kilobytes / 1024)) MiB of memory, and $least GiB are needed"
  fi
}

look_at_processor() {
  flags=$(sed -n '/^flags/{p;q;}' "$root/proc/cpuinfo")
  case " $flags " in
    *' vmx '*) kind='VT-x (vmx)' ;;
    *' svm '*) kind='AMD-V (svm)' ;;
    *) kind= ;;
  esac
  report -1 "virtualization: ${kind:-not offered by the processor}"
  if [ -z "$kind" ] && [ "${NXD_HARDWARE_CONFIG_VIRTUALIZATION:-}" = true ]; then
    amiss "the processor offers neither VT-x (vmx) nor AMD-V (svm): switch virtualization on in its firmware"
  fi
}
