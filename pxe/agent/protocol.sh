#!/bin/sh
# What every program of the agent stands on: the console, the arguments of this boot, and requests that are repeated
# until they are answered. Sourced; `root` is set only by whoever tries the agent out in a folder.

root=${NXD_ROOT:-}
nxd=$root/nxd
LC_ALL=C
PATH=${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}:$nxd/bin
export PATH

FIRST_PAUSE=${NXD_FIRST_PAUSE:-2}
LONGEST_PAUSE=60
ANSWER_SECONDS=30
MESSAGE_CHARACTERS=1900

has() { command -v "$1" >"$nxd/found" 2>&1; }

# say TEXT: on the console, and in the agent's own log
say() {
  printf 'nxd: %s\n' "$*"
  printf '%s\n' "$*" >>"$nxd/log"
}

# random LIMIT: a number from 0 to below it, in $drawn; no two machines draw alike
random() {
  word=
  if [ -r /proc/sys/kernel/random/uuid ]; then read -r word </proc/sys/kernel/random/uuid; fi
  word=${word%%-*}
  drawn=$((0x${word:-$$} % $1))
}

# pause SECONDS: as long as that and half of it again, at most
pause() {
  random "$((${1%%.*} / 2 + 1))"
  sleep "$1"
  if [ "$drawn" -gt 0 ]; then sleep "$drawn"; fi
}

# longer SECONDS: the next pause, in $delay
longer() {
  delay=$(($1 * 2))
  if [ "$delay" -gt "$LONGEST_PAUSE" ]; then delay=$LONGEST_PAUSE; fi
  if [ "$delay" -eq 0 ]; then delay=1; fi
}

# within SECONDS COMMAND...: run it, and end it when it takes longer
within() {
  if timeout 9 true 2>"$nxd/found"; then # old ones want another order of words
    timeout "$@"
    return
  fi
  seconds=$1
  shift
  "$@" &
  running=$!
  (sleep "$seconds" && kill "$running") 2>"$nxd/ended" &
  wait "$running"
}

# plain TEXT: nothing but characters that a shell, a URL and a log take as they are
plain() {
  case $1 in
    '' | *[!A-Za-z0-9._~:/@%+=,-]*) return 1 ;;
  esac
}

# take_arguments: what the boot script gave the kernel, kept for the programs that run when /proc is another one's
take_arguments() {
  set -f
  for name in node_id mgmt_ip config_url status_url nxd_token nxd_boot nxd_pin nxd_mac nxd_netmask nxd_gateway nxd_log nxd_handover; do
    value=
    # shellcheck disable=SC2013 # words are wanted
    for word in $(cat "$root/proc/cmdline"); do
      case $word in "$name="*) value=${word#*=} ;; esac
    done
    if plain "$value"; then echo "$name=$value"; fi
  done >"$nxd/arguments"
  set +f
}

# shellcheck disable=SC2034 # whoever sources this reads them
node_id='' mgmt_ip='' config_url='' status_url='' nxd_token='' nxd_boot='' nxd_pin='' nxd_mac='' nxd_netmask='' nxd_gateway='' nxd_log='' nxd_handover=''
# shellcheck source=/dev/null
if [ -e "$nxd/arguments" ]; then . "$nxd/arguments"; fi

# find_wget: by where it stands, for a busybox takes its own for the bare name, whatever stands in the path
wget=wget
find_wget() {
  before=$IFS
  IFS=:
  for folder in $PATH; do
    if [ -x "$folder/wget" ]; then
      case $("$folder/wget" --help 2>&1) in
        *BusyBox*) ;;
        *)
          wget=$folder/wget
          break
          ;;
      esac
    fi
  done
  IFS=$before
}
has curl || find_wget

# is_small: no other was found than that of busybox, which knows nobody by a key and believes every certificate
is_small() { [ "$wget" = wget ]; }

# quiet: what keeps this wget from saying anything but what went wrong
quiet() {
  if is_small; then echo -q; else echo -nv; fi
}

# ask URL FILE [BODY]: one request with the token of this boot, to nobody else than the holder of the key in nxd_pin.
# 0: answered well; 2: it is never going to be; 1: else.
ask() {
  url=$1 file=$2 why=$nxd/why.$$
  if has curl; then
    within $((ANSWER_SECONDS + 5)) curl --fail --silent --show-error --max-time "$ANSWER_SECONDS" \
      ${nxd_pin:+--insecure --pinnedpubkey "$nxd_pin"} \
      --header "Authorization: Bearer $nxd_token" ${3+--header 'Content-Type: application/json' --data-binary "$3"} \
      --output "$file" "$url" 2>"$why"
  else
    within "$ANSWER_SECONDS" "$wget" "$(quiet)" -O "$file" \
      ${nxd_pin:+--no-check-certificate "--pinnedpubkey=$nxd_pin"} --header "Authorization: Bearer $nxd_token" \
      ${3+--header 'Content-Type: application/json' --post-data "$3"} "$url" 2>"$why"
  fi
  answered=$?
  if [ "$answered" -eq 0 ]; then return 0; fi
  said=$(tr '\n' ' ' <"$why")
  if [ -z "$said" ]; then said="no answer within $ANSWER_SECONDS s"; fi
  case $said in
    *'error: 400'* | *'ERROR 400'* | *'HTTP/1.1 400'*) return 2 ;;
  esac
  return 1
}

# next_number: the number of the next report of this boot, in $number; each is used once, whoever asks at the same time
next_number() {
  looked=0
  until mkdir "$nxd/numbering" 2>"$nxd/taken"; do
    looked=$((looked + 1))
    if [ "$looked" -gt 5 ]; then break; fi # whoever held it died in the middle
    sleep 1
  done
  number=0
  if [ -e "$nxd/number" ]; then read -r number <"$nxd/number"; fi
  number=$((number + 1))
  echo "$number" >"$nxd/number"
  rmdir "$nxd/numbering" 2>"$nxd/taken"
}

# quote TEXT: as JSON has it, without anything that is not ASCII, in $quoted
quote() {
  quoted=$(printf '%s' "$1" | tr '\n\t' '  ' | tr -c '\040-\176' '?' | cut -c "1-$MESSAGE_CHARACTERS" |
    sed 's/\\/\\\\/g; s/"/\\"/g')
}

# report KIND MESSAGE [PERCENT]: number a report and send it until it is taken. KIND: a phase, -1 for a line of the log,
# "error" or "heartbeat".
report() {
  quote "$2"
  case $1 in
    error | heartbeat) named="\"$1\"" ;;
    *) named=$1 ;;
  esac
  next_number
  body="${nxd_boot:+\"boot\": $nxd_boot, }\"seq\": $number, \"phase\": $named, \"message\": \"$quoted\"${3:+, \"percent\": $3}"
  delay=$FIRST_PAUSE
  until ask "$status_url" "$nxd/answer.$$" "{$body}"; do
    case $? in
      2)
        say "report $number makes no sense to nxd and is left out: {$body}"
        return 1
        ;;
    esac
    say "report $number is not taken: $said"
    pause "$delay"
    longer "$delay"
  done
}

# last_lines: what the installer's log says at its end, as lines of the log
last_lines() {
  for file in "$nxd_log" "$nxd/installer.log"; do
    if [ -n "$file" ] && [ -r "$file" ]; then
      tail -n 20 "$file" >"$nxd/tail"
      while read -r line || [ -n "$line" ]; do
        if [ -n "$line" ]; then report -1 "$line"; fi
      done <"$nxd/tail"
      return
    fi
  done
}
