#!/bin/bash
# The command of `run -b`, as a service of systemd: with the environment that it has without systemd, and the same ending.
lab=/mnt/out/.lab
# shellcheck source=/dev/null
. "$lab/environment"
export PATH=$LAB_CACHE/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
cut -d ' ' -f 1 /proc/uptime >"$lab/booted"
bash "$lab/command" </dev/null >/dev/hvc0 2>&1
echo $? >"$lab/status"
sync
echo o >/proc/sysrq-trigger
