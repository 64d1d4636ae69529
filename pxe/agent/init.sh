#!/bin/sh
# The first program of a machine that nxd boots (rdinit=/nxd/init): it lets the agent work, and then becomes the first
# program of the installer, with the arguments that the kernel gave.

PATH=${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}
root=${NXD_ROOT:-}
nxd=$root/nxd
mkdir -p "$nxd/bin"
if ! command -v mount >"$nxd/found" 2>&1; then # a busybox without the names of its programs
  for busybox in /bin/busybox /sbin/busybox /usr/bin/busybox; do
    if [ -x "$busybox" ]; then "$busybox" --install -s "$nxd/bin"; fi
  done
  PATH=$PATH:$nxd/bin
fi

mounted=
mount_missing() { # KIND FOLDER FILE: unless the file is there already
  if [ ! -e "$root$2/$3" ]; then
    mkdir -p "$root$2"
    mount -t "$1" "$1" "$root$2" && mounted="$root$2 $mounted"
  fi
}
mount_missing proc /proc cmdline
mount_missing sysfs /sys class
mount_missing devtmpfs /dev null

if ! "$nxd/agent"; then
  echo "nxd: this machine is not installed: it stands still until somebody switches it off and on"
  while :; do sleep 3600; done
fi

for folder in $mounted; do # the installer mounts them itself, and may stop where one is there
  umount "$folder" 2>"$nxd/taken" || umount -l "$folder"
done
handover=
if [ -e "$nxd/handover" ]; then read -r handover <"$nxd/handover"; fi
for program in $handover /init /sbin/init; do
  if [ -x "$root$program" ]; then
    echo "nxd: handing over to $program"
    exec "$root$program" "$@"
  fi
done
echo "nxd: there is no /init in this initrd to hand over to: name it with the kernel argument nxd_handover="
while :; do sleep 3600; done
