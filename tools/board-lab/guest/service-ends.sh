# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# How it ends, and what systemd makes of that. Sourced by check-service.

configure </dev/null
took=0
stop() { # ends in less than a second by systemd's clock, with status 0
  systemctl stop "$unit" || return 1
  took=$((($(is InactiveEnterTimestampMonotonic) - $(is ActiveExitTimestampMonotonic)) / 1000))
  [ "$took" -lt 1000 ] && now_is ActiveState inactive && now_is Result success && now_is ExecMainStatus 0
}
drop_in WatchdogSec=8
check "restarted, with a shorter watchdog" eval 'systemctl restart "$unit" && soon 30 ready'
check "a window is open" opens
check "systemctl stop in mid-window ends it with status 0 in less than a second" stop
echo "     $took ms"
check "…the window ended as stopped, the sensor rests, the socket's folder is gone" eval 'said code=stopped && at_rest && [ ! -e /run/tacc ]'

check "started again" eval 'systemctl start "$unit" && soon 30 ready'
first=$(pid)
sleep 17
check "it feeds the watchdog: after two intervals it is the same process" eval '[ "$(pid)" = "$first" ] && now_is NRestarts 0'
mark
kill -STOP "$first"
stopped=$SECONDS
check "stopped (SIGSTOP), it is killed for the watchdog" soon 30 eval 'journalctl -q -o cat -u "$unit" | grep "Watchdog timeout"'
check "…and started again" eval 'soon 30 ready && now_is NRestarts 1 && [ "$(pid)" != "$first" ]'
echo "     $((SECONDS - stopped)) s after it was stopped"
check "…and a window opens" opens
kill -KILL "$(pid)"
check "killed in mid-window, it is started again" eval 'soon 30 now_is NRestarts 2 && soon 30 ready'
check "…and the next window opens and samples" opens
check "…and leaves the sensor at rest" cancels

check "without its board it does not start: status 1" eval 'stop && lab_unplug && ! systemctl start "$unit" && soon 5 now_is ExecMainStatus 1'
sleep 12 # longer than the interval in which systemd counts starts
check "…systemd tries on, and does not give up" eval '[ "$(is ActiveState)" = activating ] && [ "$(is NRestarts)" -ge 2 ]'
modprobe boardsim
check "…until the board is there" soon 40 ready
SENSOR=$(lab_sensor)
check "…then a window opens" opens

echo 'window = 1' | configure
check "with a configuration that cannot be used it does not start" eval '! systemctl restart "$unit"'
sleep 5
check "…status 2, once, and no more tries" eval 'now_is ActiveState failed && now_is ExecMainStatus 2 && now_is NRestarts 0'
check "…the journal names file and key" eval 'journalctl -q -o cat -u "$unit" -n 20 | grep "/etc/tacc/agent.toml.*window"'
configure </dev/null
check "with a good one it starts again" eval 'systemctl restart "$unit" && soon 30 ready'
check "stopped while it waits" stop
echo "     $took ms"
