#!/bin/sh
# What an installer tells nxd: `report PHASE MESSAGE [PERCENT]`, `report log MESSAGE`, `report error MESSAGE`. It comes
# back when it is taken, so that an installer may reboot after its last phase. Before an error it sends the last lines of
# the installer's log.

# shellcheck source=pxe/agent/protocol.sh
. "${NXD_ROOT:-}/nxd/protocol.sh"

case ${1:-} in
  log) report -1 "${2:-}" ;;
  error)
    last_lines
    report error "${2:-the installer failed}"
    ;;
  [1-9] | [1-9][0-9]) report "$1" "${2:-}" ${3+"$3"} ;;
  *)
    echo "usage: report PHASE MESSAGE [PERCENT] | report log MESSAGE | report error MESSAGE" >&2
    exit 2
    ;;
esac
