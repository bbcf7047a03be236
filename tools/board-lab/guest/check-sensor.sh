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

# played: three seconds of a made-up recording (metres and radians per second in the board's frame) go in as lab-play
# takes them, and come out of the stream through scale and mount matrix as the same numbers, within 1.5 steps
recording() { # recording json|table
  awk -v form="$1" 'BEGIN {
    json = "{\"t\":%.6f,\"ax\":%.5f,\"ay\":%.5f,\"az\":%.5f,\"gx\":%.5f,\"gy\":%.5f,\"gz\":%.5f}"
    if (form == "json") printf "{\"samples\":["
    for (n = 0; n < 800; n++) {
      t = n / 200
      if (form == "json" && n) printf ","
      printf form == "json" ? json : "p %.6f %.5f %.5f %.5f %.5f %.5f %.5f\n", 100 + t, 30 * sin(25 * t), 20 * sin(31 * t),
        9.8 + 10 * sin(17 * t), 5 * sin(13 * t), 6 * sin(19 * t), 7 * sin(23 * t)
    }
    if (form == "json") print "]}"
  }'
}
played() {
  lab_configure 200 || return 1
  lab-play -s
  recording json >/tmp/samples.json
  lab-play /tmp/samples.json &
  local player=$! status=0
  lab_stream 600 /tmp/scans || status=$?
  wait "$player"
  lab-play -s
  [ "$status" -eq 0 ] || return "$status"
  # Scans to metres and radians per second in the board's frame (x = chip's y, y = minus chip's x).
  {
    recording table
    od -An -v -w24 -t d2 --endian=big /tmp/scans | sed 's/^/s /'
  } | awk -v a=0.002392 -v g=0.000532362 '
    BEGIN { np = ns = 0 }
    $1 == "p" { for (i = 0; i < 6; i++) p[np, i] = $(i + 3); np++ }
    $1 == "s" { s[ns, 0] = $3 * a; s[ns, 1] = -$2 * a; s[ns, 2] = $4 * a; s[ns, 3] = $6 * g; s[ns, 4] = -$5 * g; s[ns, 5] = $7 * g; ns++ }
    END { # the sensor takes some samples before the driver starts to listen
      for (skip = 0; skip < 50; skip++) {
        worst = 0
        for (n = 0; n < ns; n++) for (i = 0; i < 6; i++) {
          e = (p[n + skip, i] - s[n, i]) / (i < 3 ? a : g)
          if (e < 0) e = -e
          if (e > worst) worst = e
        }
        if (worst <= 1.5) { print ns, "scans are the recording from sample", skip, "on"; exit 0 }
      }
      print np, "played,", ns, "read, and they do not match"; exit 1
    }'
}
check "a recording that is played is what is read, through units, scale and mount matrix" played

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
