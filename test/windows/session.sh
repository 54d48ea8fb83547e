#!/bin/bash
# A place where Windows programs run: mounts and process ids of its own, so that nothing stays mounted or running.
#
#   session.sh stay FOLDER PREFIX REPOSITORY SCRATCH    prints "up", and stays until its stdin is closed
#   session.sh once FOLDER PREFIX COMMAND…       runs one program of Wine in a session of its own
#   session.sh run FOLDER PREFIX CWD SECONDS COMMAND…   runs one in a session that stays, which is entered from outside
#
# FOLDER is what set_up.mjs made. Inside, REPOSITORY is Z:\hmn and SCRATCH is Z:\scratch. PREFIX is a path inside.
# Environment of the programs: WINE_OVERRIDES, and what stands in the lines NAME=VALUE of WINE_ENV.
set -euo pipefail

mount_all() { # FOLDER [REPOSITORY SCRATCH]
  local root=$1/root
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --rbind /sys "$root/sys"
  mount -t tmpfs tmpfs "$root/tmp"
  [ $# -gt 1 ] || return 0
  mkdir -p "$root/hmn" "$root/scratch"
  mount --bind "$2" "$root/hmn"
  mount -o remount,bind,ro "$root/hmn"
  mount --bind "$3" "$root/scratch"
}

enter() { # FOLDER PREFIX CWD SECONDS COMMAND…
  local root=$1/root prefix=$2 cwd=$3 seconds=$4 line variables=()
  shift 4
  while IFS= read -r line; do [ -z "$line" ] || variables+=("$line"); done <<<"${WINE_ENV:-}"
  # Wine's debugger would wait for somebody; .NET and HTML are not here; menus are for desktops.
  local overrides="winedbg.exe,winemenubuilder.exe=d;mscoree,mshtml=;${WINE_OVERRIDES:-}"
  exec timeout -k 5 "$seconds" env -i PATH=/usr/bin:/usr/sbin HOME=/ LANG=C.UTF-8 TERM=dumb NO_COLOR=1 \
    XDG_RUNTIME_DIR=/tmp WINEPREFIX="$prefix" WINEDEBUG=-all WINEDLLOVERRIDES="$overrides" \
    WINELOADER=/usr/lib/wine/wine64 WINESERVER=/usr/lib/wine/wineserver64 "${variables[@]}" \
    unshare --root="$root" --wd="$cwd" "$@"
}

new_namespaces() { exec unshare --mount --pid --fork --kill-child --propagation private bash "$0" "$@"; }

what=$1
shift
case $what in
stay) new_namespaces inside_stay "$@" ;;
once) new_namespaces inside_once "$@" ;;
run)
  folder=$1 prefix=$2 cwd=$3 seconds=$4
  shift 4
  enter "$folder" "$prefix" "$cwd" "$seconds" /usr/lib/wine/wine64 "$@"
  ;;
inside_stay)
  folder=$1 prefix=$2
  mount_all "$folder" "$3" "$4"
  # A server that stays starts programs four times faster.
  (enter "$folder" "$prefix" / 20 /usr/lib/wine/wineserver64 -p) </dev/null >/dev/null 2>&1
  (enter "$folder" "$prefix" / 60 /usr/lib/wine/wine64 wineboot) </dev/null >/dev/null 2>&1
  echo up
  # It is the parent of whatever loses its own, and bash buries them.
  while read -r _; do :; done
  ;;
inside_once)
  folder=$1 prefix=$2
  shift 2
  mount_all "$folder"
  mkdir -p "$folder/root$prefix"
  (enter "$folder" "$prefix" / 100 /usr/lib/wine/wine64 "$@") && code=0 || code=$?
  # The registry is written when the server is asked to end.
  (enter "$folder" "$prefix" / 20 /usr/lib/wine/wineserver64 -k) || true
  exit "$code"
  ;;
esac
