# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# What the boot has left: an agent that waits, confined, and as nobody. Sourced by check-service.

check "the board has booted and the agent is active: it has said READY" soon 60 ready
check "…at the first start: systemd loaded the sensor's module before, udev had given the rights" now_is NRestarts 0
check "…enabled for the next boot" now_is UnitFileState enabled
check "systemctl status shows what it does" status_says 'waiting for the button'
has() { grep -E "^$1:[[:space:]]*$2$" "/proc/$(pid)/status" || { grep "^$1" "/proc/$(pid)/status"; false; }; }
dynamic() { awk '/^Uid/ { print; exit !($2 >= 61184 && $2 <= 65519) }' "/proc/$(pid)/status"; }
check "it is a user of its own that systemd made up" dynamic
named_groups() { # besides its own, which bears the unit's name
  local own group
  own=$(awk '/^Gid/ { print $2 }' "/proc/$(pid)/status")
  sed -n 's/^Groups:[[:space:]]*//p' "/proc/$(pid)/status" | tr ' ' '\n' | while read -r group; do
    [ -z "$group" ] || [ "$group" = "$own" ] || getent group "$group" | cut -d : -f 1
  done | sort
}
check "…in the groups iio, gpio and input and its own" eval '[ "$(named_groups | tr "\n" " ")" = "gpio iio input " ] || { named_groups; false; }'
check "…without a capability" eval 'has CapEff 0000000000000000 && has CapBnd 0000000000000000 && has NoNewPrivs 1'
check "…with its system calls filtered" has Seccomp 2
check "its standard output is the journal, with levels" eval \
  'journalctl -q -o cat -u "$unit" -p notice | grep -q "^ready " && ! journalctl -q -o cat -u "$unit" -p warning | grep .'
check "its button is the GPIO line" eval 'gpioinfo --chip "$CHIP" 17 | grep consumer'
denied() { confined bash -c "exec 3<$1" 2>&1 | grep -q 'Operation not permitted' || { echo "$1 was not refused"; false; }; }
opened() { confined bash -c "exec 3<$1"; }
check "of all devices its cgroup may open IIO's, GPIO's, input's and no others" eval \
  'opened "/dev/$(basename "$SENSOR")" && opened "$CHIP" && opened /dev/null && denied /dev/hvc0 && denied /dev/kmsg && denied /dev/boardsim-gpio'
root_of() { echo "/proc/$(pid)/root"; }
mounted() { # mounted PLACE OPTION: how the agent sees it
  awk -v place="$1" -v option="$2" '$5 == place { found = $6 } END { print place, found; exit !(found ~ "(^|,)" option "(,|$)") }' \
    "/proc/$(pid)/mountinfo"
}
check "the root is read-only to it, /sys is not" eval 'mounted / ro && mounted /sys rw'
check "nor does it see homes" eval '! ls "$(root_of)/root" 2>/dev/null | grep .'
exposed() { # exposed TENTHS: no more than that, as systemd-analyze judges it
  systemd-analyze security --no-pager --threshold="$1" "$unit" >/tmp/exposure || { cat /tmp/exposure; false; }
}
check "systemd-analyze security calls its exposure 3.0 at most" exposed 30
echo "     $(sed -n 's/^[^[:alnum:]]*\(Overall.*: [0-9.]*\).*/\1/p' /tmp/exposure)"
