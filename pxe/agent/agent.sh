#!/bin/sh
# Readies a machine for its installer: the network, the configuration, a look at the hardware. It reports the phases 1
# to 3. 0: hand over; 1: this machine cannot be installed, which was reported.

umask 077
# shellcheck source=pxe/agent/protocol.sh
. "${NXD_ROOT:-}/nxd/protocol.sh"
# shellcheck source=pxe/agent/network.sh
. "$nxd/network.sh"
# shellcheck source=pxe/agent/hardware.sh
. "$nxd/hardware.sh"

CARD_SECONDS=${NXD_CARD_SECONDS:-30}

# what_lacks: the programs that it needs and this initrd has not
what_lacks() {
  for program in cat cut mkdir mv rmdir sed sleep tail tr; do
    has "$program" || printf '%s ' "$program"
  done
  has curl || has wget || printf '%s ' 'wget (or curl)'
  has ip || has ifconfig || printf '%s ' 'ip (or ifconfig)'
}

# phase NUMBER MESSAGE
phase() {
  report "$1" "$2"
  say "phase $1: $2"
}

# leave TEXT: let the installer have the machine as it is, which is better than to stand in its way
leave() {
  say "$*: handing over without having looked at this machine"
  exit 0
}

# fetch_configuration: asks until it is given, and takes only what is whole
fetch_configuration() {
  delay=$FIRST_PAUSE
  until ask "$config_url?format=env" "$nxd/configuration" && is_whole "$nxd/configuration"; do
    say "no configuration yet: $said"
    pause "$delay"
    longer "$delay"
  done
  # shellcheck source=/dev/null
  . "$nxd/configuration"
  printf '%s' "$NXD_CONFIG" >"$nxd/config.json"
}

# is_whole FILE: nothing but quoted settings of nxd, to the last of them
is_whole() {
  said="what was received is not a configuration of nxd, or was cut short"
  end=
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      NXD_END="'yes'") end=yes ;;
      NXD_*) is_setting "$line" || return 1 ;;
      *) return 1 ;;
    esac
  done <"$1"
  if [ -z "$end" ]; then return 1; fi
  if ! has sha256sum; then return 0; fi
  # shellcheck source=/dev/null
  (. "$1" && found=$(printf '%s' "$NXD_CONFIG" | sha256sum) && [ "${found%% *}" = "$NXD_CONFIG_SHA256" ])
}

# is_setting LINE: NAME='VALUE', in which a quote stands as '\''
is_setting() {
  case ${1%%=*} in *[!A-Z0-9_]*) return 1 ;; esac
  rest=${1#*=}
  case $rest in "'"*"'") ;; *) return 1 ;; esac
  rest=${rest#?}
  rest=${rest%?}
  while :; do
    case $rest in
      *"'\\''"*)
        case ${rest%%"'\\''"*} in *"'"*) return 1 ;; esac
        rest=${rest#*"'\\''"}
        ;;
      *"'"*) return 1 ;;
      *) return 0 ;;
    esac
  done
}

# keep_environment: the arguments and the configuration as an installer's own scripts read them
keep_environment() {
  {
    sed "s/^\([a-z_]*\)=\(.*\)/\1='\2'/" "$nxd/arguments"
    cat "$nxd/configuration"
  } >"$nxd/environment"
}

: >"$nxd/log"
take_arguments
# shellcheck source=/dev/null
. "$nxd/arguments"
if [ -n "$nxd_handover" ]; then echo "$nxd_handover" >"$nxd/handover"; fi
lacking=$(what_lacks)
if [ -n "$lacking" ]; then leave "this initrd lacks ${lacking% }"; fi
for name in node_id config_url status_url nxd_token; do
  eval "value=\$$name"
  if [ -z "$value" ]; then leave "the kernel arguments lack $name"; fi
done

case $config_url in
  https:*) if ! has curl && is_small; then leave "only curl or GNU wget can tell nxd by its key, and this initrd has neither"; fi ;;
esac

say "boot ${nxd_boot:-unknown} of $node_id"
if [ -z "$root" ]; then # else the network is that of whoever tries it out in a folder
  wait_for_card "$CARD_SECONDS" || leave "the network card $nxd_mac is not seen, and its driver may be the installer's own affair"
  open_network
fi

"$nxd/heartbeat" >>"$nxd/log" 2>&1 &
phase 1 "Installer started"
fetch_configuration
nxd_boot=${NXD_BOOT:-$nxd_boot}
sed "s/^nxd_boot=.*/nxd_boot=$nxd_boot/" "$nxd/arguments" >"$nxd/arguments.new" && mv "$nxd/arguments.new" "$nxd/arguments"
keep_environment
phase 2 "Configuration read"
look_at_hardware
if [ -n "$wrong" ]; then
  say "$wrong"
  report error "$wrong"
  exit 1
fi
phase 3 "Hardware checked"
