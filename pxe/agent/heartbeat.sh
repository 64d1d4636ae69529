#!/bin/sh
# Tells nxd every minute that this machine is alive, until it is switched off.

# shellcheck source=pxe/agent/protocol.sh
. "${NXD_ROOT:-}/nxd/protocol.sh"

while :; do
  pause "${NXD_HEARTBEAT:-50}"
  # shellcheck source=/dev/null
  . "$nxd/arguments"
  report heartbeat alive
done
