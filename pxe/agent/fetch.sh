#!/bin/sh
# Downloads a file and verifies it: `fetch URL FILE [SHA256]`. Without a checksum it takes the one that nxd pinned, which
# stands in the answer's ETag. It asks again until it is answered; what is whole and has another checksum is asked for
# three times, and is an error then (status 1).

# shellcheck source=pxe/agent/protocol.sh
. "${NXD_ROOT:-}/nxd/protocol.sh"

STALLED_SECONDS=${NXD_STALLED_SECONDS:-60}

if [ $# -lt 2 ]; then
  echo "usage: fetch URL FILE [SHA256]" >&2
  exit 2
fi
url=$1 file=$2 wanted=${3:-}

# download: into the file, ended when nothing comes for a minute; what the server says is kept in $why
download() {
  why=$nxd/why.$$
  if has curl; then
    curl --fail --silent --show-error --dump-header "$nxd/head.$$" --output "$file" "$url" 2>"$why" &
  else
    "$wget" -S -O "$file" "$url" 2>"$nxd/head.$$" &
    why=$nxd/head.$$
  fi
  running=$! before=-1 idle=0
  while kill -0 "$running" 2>"$nxd/taken"; do
    sleep 1
    now=0
    if [ -e "$file" ]; then now=$(wc -c <"$file"); fi
    idle=$((idle + 1))
    if [ "$now" -ne "$before" ]; then before=$now idle=0; fi
    if [ "$idle" -ge "$STALLED_SECONDS" ]; then kill "$running"; fi
  done
  wait "$running"
}

# pinned: the checksum in the head of the answer, in $wanted
pinned() {
  tag=$(tr -d '\r' <"$nxd/head.$$" | sed -n 's/^ *[Ee][Tt][Aa][Gg]: *"\([0-9a-f]*\)".*/\1/p' | tail -n 1)
  if [ "${#tag}" -eq 64 ]; then wanted=$tag; fi
}

tries=0
delay=$FIRST_PAUSE
while :; do
  if download; then
    if [ -z "${3:-}" ]; then pinned; fi
    if [ -z "$wanted" ]; then
      say "$url: nobody says which checksum it has to have"
      exit 1
    fi
    found=$(sha256sum <"$file")
    if [ "${found%% *}" = "$wanted" ]; then exit 0; fi
    said="what was received has the checksum ${found%% *} and not $wanted"
    tries=$((tries + 1))
    if [ "$tries" -ge 3 ]; then
      say "$url: $said"
      exit 1
    fi
  else
    said=$(tr '\n' ' ' <"$why")
  fi
  say "$url: $said"
  pause "$delay"
  longer "$delay"
done
