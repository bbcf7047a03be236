# shellcheck shell=bash disable=SC2016,SC2034 # check evaluates text in single quotes; others use what is set here
# The sensor as libiio sees it. Sourced by check.

info=$(iio_info -u local: 2>&1)
sees() { echo "$info" | grep -q "$1" || { echo "$info"; false; }; }
check "iio_info finds mpu6050, capable of a buffer" sees 'iio:device.*: mpu6050 (buffer capable)'
check "six axes of big-endian 16 bits" eval '[ "$(echo "$info" | grep -cE "(accel|anglvel)_[xyz]:.*be:S16/16>>0")" -eq 6 ]'
check "the timestamp is little-endian 64 bits" sees 'timestamp:.*le:S64/64>>0'
check "the mount matrix is the board's" sees 'mount_matrix value: 0, 1, 0; -1, 0, 0; 0, 0, 1'
check "the driver's own trigger is set" sees 'Current trigger: trigger.*(mpu6050-dev'

one_g() { # one_g SCALE: the raw z axis of the board at rest is 1 g within 2 %
  awk -v raw="$(cat "$SENSOR/in_accel_z_raw")" -v scale="$1" \
    'BEGIN { g = raw * scale / 9.80665; print g " g"; exit !(g > 0.98 && g < 1.02) }'
}
for range in 2:0.000598 4:0.001196 8:0.002392 16:0.004785; do
  check "±${range%:*} g is taken, and the board at rest shows 1 g" eval \
    'iio_attr -u local: -c mpu6050 accel_x scale ${range#*:} && sleep 0.1 && one_g ${range#*:}'
done

# lossless HZ: four seconds of the ramp, and not one scan is missing
lossless() {
  lab_configure "$1" || return 1
  lab-play -s
  lab-play -r $(($1 * 5)) &
  local player=$! status=0
  lab_stream $(($1 * 4)) /tmp/scans || status=$?
  kill "$player" 2>/dev/null
  wait "$player" 2>/dev/null
  lab-play -s
  [ "$status" -eq 0 ] && lab-scans "$1" /tmp/scans
}
for rate in 200 500; do
  check "four seconds at $rate Hz, ±8 g, ±1000 °/s, without a lost scan, on CLOCK_MONOTONIC" lossless "$rate"
done
check "(the check of lost scans can fail: a scan is cut out)" eval \
  '{ head -c 2400 /tmp/scans; tail -c +2425 /tmp/scans; } >/tmp/cut && refuses lab-scans 500 /tmp/cut'

lab_configure 200
quiet() { # between two counts a second apart nothing interrupted
  sleep 3 # the driver suspends the sensor two seconds after its last use
  local before after
  before=$(lab_counter interrupts)
  sleep 1
  after=$(lab_counter interrupts)
  echo "$((after - before)) interrupts"
  [ "$after" -eq "$before" ]
}
check "with the buffer off the sensor does not interrupt" quiet
