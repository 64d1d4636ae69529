#!/bin/sh
# Runs an installer and keeps what it says: `run COMMAND...`. One that fails is reported, with the last lines that it
# said; its status is the one of this program.

# shellcheck source=pxe/agent/protocol.sh
. "${NXD_ROOT:-}/nxd/protocol.sh"

(
  "$@" 2>&1
  echo $? >"$nxd/status"
) | tee "$nxd/installer.log"
read -r status <"$nxd/status"
if [ "$status" -ne 0 ]; then
  last_lines
  report error "the installer ended with the status $status"
fi
exit "$status"
