#!/bin/sh
# Writes a file to a disk and reads back what stands there: `write FILE DEVICE [MEBIBYTES]`, so many from its beginning.
# Status 1 when the disk does not hold what was written.

# shellcheck source=pxe/agent/protocol.sh
. "${NXD_ROOT:-}/nxd/protocol.sh"

if [ $# -lt 2 ]; then
  echo "usage: write FILE DEVICE [MEBIBYTES]" >&2
  exit 2
fi
file=$1 device=$2 offset=${3:-0}

if ! dd if="$file" of="$device" bs=1048576 seek="$offset" conv=notrunc,fsync 2>"$nxd/why.$$"; then
  say "$device cannot be written: $(tr '\n' ' ' <"$nxd/why.$$")"
  exit 1
fi
# What is read has to come from the disk, and not from the memory of what was written.
if [ -z "$root" ]; then echo 3 >/proc/sys/vm/drop_caches; fi
bytes=$(wc -c <"$file")
wanted=$(sha256sum <"$file")
found=$(dd if="$device" bs=1048576 skip="$offset" 2>"$nxd/why.$$" | head -c "$bytes" | sha256sum)
if [ "$found" != "$wanted" ]; then
  say "$device does not hold what was written to it at $offset MiB"
  exit 1
fi
