# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# An agent that waits: unprivileged, and nothing moves. Sourced by check-agent with the executable.

setup() {
  lab_groups && lab_udev && lab_replug || return 1
  useradd --system --groups iio,gpio alice && useradd --system bob || return 1
  install -d -o alice -m 755 /run/alice && install -d -o bob -m 755 /run/bob && install_tacc "$1"
}
check "users, the udev rules, an executable that everybody may run" setup "$1"
check "a relay listens" start_relay
replayed() {
  start iiod bob iiod-replay --together --port "$DECOY_PORT" /mnt/out/pair/alice /mnt/out/pair/bob
  soon 30 eval '[ "$(grep -c " on ip:" /tmp/iiod.log)" -eq 2 ]'
}
check "bob's recording is served as iiod serves a sensor" replayed
# Not what the agent sets, so that what it does not restore is seen.
echo 100 >"$SENSOR/sampling_frequency"
echo realtime >"$SENSOR/current_timestamp_clock"
settings >/tmp/settings.log
configure_alice 60
check "alice, in groups iio and gpio and without a capability, is ready and finds the sensor" start_alice
check "bob is ready and finds the recording" start_bob
check "…and alice is not root" eval '[ "$(awk "/^Uid/ { print \$2 }" "/proc/${pid[alice]}/status")" -ne 0 ] &&
  grep -q "CapEff:.*0000000000000000" "/proc/${pid[alice]}/status"'

switches() { cat /proc/"${pid[alice]}"/task/*/status | awk '/ctxt_switches/ { sum += $2 } END { print sum }'; }
ticks() { sed 's/.*) //' "/proc/${pid[alice]}/stat" | cut -d ' ' -f 12,13; }
sensor_interrupts() { awk '/mpu6050|inv-mpu/ { for (i = 2; $i ~ /^[0-9]+$/; i++) sum += $i } END { print sum + 0 }' /proc/interrupts; }
sleep 3 # the driver suspends the sensor two seconds after its last use, the agent gives pages back
interrupts=$(lab_counter interrupts)
told=$(sensor_interrupts)
before=$(switches) used=$(ticks)
sleep 6
after=$(switches) later=$(ticks)
check "six seconds of waiting: no interrupt of the sensor (the board's counter, /proc/interrupts)" eval \
  '[ "$(lab_counter interrupts)" -eq "$interrupts" ] && [ "$(sensor_interrupts)" -eq "$told" ]'
threads=("/proc/${pid[alice]}/task"/*)
check "…no context switch of any of its ${#threads[@]} threads ($((after - before)))" test "$after" -eq "$before"
check "…no processor time (ticks of user and system: $used, then $later)" test "$later" = "$used"
resident=$(awk '/^VmRSS/ { print $2 }' "/proc/${pid[alice]}/status")
check "…resident memory below 25 MiB ($resident KiB)" test "$resident" -lt 25600
check "…the buffer is off, the settings are as they were" eval 'quiet && settings | diff /tmp/settings.log -'
