# shellcheck shell=sh
# What the lab's scripts share: where things are kept, how they speak, how they give up. Sourced, not run.

LAB=$(cd "$(dirname "$0")" && pwd)
export LAB

# Everything made or fetched lies outside the repository: one folder that may be deleted at any time.
LAB_CACHE=${TACC_BOARD_LAB:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tacc-board-lab}
export LAB_CACHE

lab_name=$(basename "$0")
say() { echo "board-lab/$lab_name: $*"; }
fail() {
  echo "board-lab/$lab_name: $*" >&2
  exit 1
}

# This machine cannot run the lab. That is not a failure of what the lab tests, but it must not look like a pass.
skip() {
  {
    echo "=========================================================================="
    echo "SKIPPED: board-lab/$lab_name: $*"
    echo "=========================================================================="
  } >&2
  exit 77
}

# kernel_dir NAME: where the kernel of that name (release, backports) was unpacked; empty if it was not.
kernel_dir() { readlink -f "$LAB_CACHE/kernels/$1" 2>/dev/null || :; }
# kernel_release DIR: its version as uname -r says it.
kernel_release() { basename "$(echo "$1"/lib/modules/*)"; }
# busybox_path: the static busybox that was unpacked; empty if it was not. (Debian 13 moved it to /usr/bin.)
busybox_path() { find "$LAB_CACHE/busybox" -name busybox -type f -perm -u+x 2>/dev/null | head -n 1; }
