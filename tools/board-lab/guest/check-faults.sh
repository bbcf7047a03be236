# shellcheck shell=bash disable=SC2016,SC2034 # check evaluates text in single quotes; others use what is set here
# What the driver and libiio make of faults, as README.md tells it: a kernel or a library that behaves otherwise shows
# here. Sourced by check.

says() { # says TEXT COMMAND…: the command fails and says so
  local text=$1
  shift
  "$@" >/tmp/said 2>&1 && { echo "it did not fail"; return 1; }
  grep -q "$text" /tmp/said || { cat /tmp/said; false; }
}
# during "COMMAND" STREAM…: the first command runs half a second after the second one has switched the buffer on
during() {
  local first=$1
  shift
  (
    lab_wait 20 grep -q 1 "$SENSOR/buffer/enable" || exit
    sleep 0.5
    eval "$first"
  ) &
  local other=$! status=0
  "$@" || status=$?
  wait "$other"
  return "$status"
}
rebind() {
  lab_unbind
  lab_bind && lab_wait 10 lab_sensor || return 1
  SENSOR=$(lab_sensor)
  lab_configure 200
}
works() { lab_stream 64 /tmp/scans; }
rate_kept() { lab-scans 200 /tmp/scans | grep -q ' 0 out of step'; }
cured() { rebind && works; }
raw() { cat "$SENSOR/in_accel_z_raw"; }
set_attribute() { echo "$2" >"$SENSOR/$1"; }
runtime_status() { cat /sys/bus/i2c/devices/0-0068/power/runtime_status; }
z_of_scan() { od -An -t d2 --endian=big -j $((24 * 63 + 4)) -N 2 /tmp/scans | tr -d ' '; } # of the 64th, fifth byte on

lab_configure 200
lab-play -s

# ---- A stream, and others who want the sensor ----
refused_meanwhile() { # the stream goes on while COMMAND is refused as busy
  during "says 'resource busy' $1 >/tmp/meanwhile 2>&1; echo \$? >/tmp/status" lab_stream 400 /tmp/scans &&
    cat /tmp/meanwhile && [ "$(cat /tmp/status)" -eq 0 ]
}
check "while it streams, a range cannot be set: EBUSY" refused_meanwhile 'set_attribute in_accel_scale 0.001196'
check "while it streams, a raw value cannot be read: EBUSY" refused_meanwhile raw
check "while it streams, the clock cannot be changed: EBUSY" refused_meanwhile 'set_attribute current_timestamp_clock realtime'
check "while it streams, the rate CAN be changed, and changes: nobody is told" eval \
  'during "set_attribute sampling_frequency 100" lab_stream 400 /tmp/scans && refuses rate_kept'
set_attribute sampling_frequency 200
check "a second libiio client ends the first one's stream (ETIMEDOUT) and gets nothing itself (EBUSY)" eval \
  'during "lab_stream 64 /tmp/second >/tmp/other 2>&1" says "Connection timed out (110)" lab_stream 800 /tmp/scans &&
   grep "resource busy (16)" /tmp/other'
check "after that it can be opened again" works

# ---- The interrupt line ----
paced() { # paced COUNT "FAULT": the ramp plays while it streams and the fault comes
  lab-play -s
  lab-play -r 8000 &
  local player=$! status=0
  during "$2" lab_stream "$1" /tmp/scans 4000 || status=$?
  kill "$player"
  wait "$player" 2>/dev/null
  [ "$status" -eq 0 ] && lab-scans 200 /tmp/scans
}
check "no interrupts for 0.2 s: the FIFO bridges it, no scan is lost" paced 400 'lab_fault noirq 1; sleep 0.2; lab_fault noirq 0'
before=$(lab_counter fifo_overflows)
check "no interrupts for 1 s: the FIFO overflows, the stream goes on after a gap" eval \
  "refuses paced 400 'lab_fault noirq 1; sleep 1; lab_fault noirq 0' && [ \"\$(stat -c %s /tmp/scans)\" -eq 9600 ] &&
   [ \"\$(lab_counter fifo_overflows)\" -gt $before ] && lab-scans 200 /tmp/scans | grep -q ' [1-4] out of step, 6 breaks'"
lab-play -s
check "no interrupts any more: refill says ETIMEDOUT" during 'lab_fault noirq 1' says 'Connection timed out (110)' lab_stream 600 /tmp/scans
lab_fault noirq 0
check "when they are back, the next stream works" works

# ---- The bus ----
check "no answer for 0.1 s: the stream goes on by itself" eval \
  "during 'lab_fault nak 1; sleep 0.1; lab_fault nak 0' lab_stream 400 /tmp/scans 4000"
lab-play -s
check "no answer any more: refill says ETIMEDOUT" during 'lab_fault nak 1' says 'Connection timed out (110)' lab_stream 600 /tmp/scans
check "then the driver's runtime status is error, and reading says EINVAL" eval \
  '[ "$(runtime_status)" = error ] && says "Invalid argument" raw'
lab_fault nak 0
check "the sensor answers again, the driver does not: still EINVAL" says 'Invalid argument' raw
# The power management of the bus may get there first, and put it right.
check "nor does it stream (EINVAL when the buffer is switched on, or ETIMEDOUT), or else it works" eval \
  'says "Invalid argument (22)\|Connection timed out (110)" works || works'
check "unbinding and binding cures it" cured
sleep 3 # until the sensor is suspended
lab_fault nak 1
check "no answer when the buffer is switched on: EREMOTEIO" says 'Remote I/O error (121)' works
lab_fault nak 0
check "unbinding and binding cures that too" cured

# ---- The sensor itself ----
check "(at ±8 g, 1 g is about 4096)" eval 'works && [ "$(z_of_scan)" -gt 4000 ] && [ "$(z_of_scan)" -lt 4200 ]'
check "the sensor loses its supply for a moment: ETIMEDOUT" during 'lab_fault brownout 1' says 'Connection timed out (110)' lab_stream 600 /tmp/scans
sleep 3 # the driver suspends and wakes it, but sets no range again
check "then it streams again with the range gone: the scale says ±8 g, the values are ±2 g's" eval \
  'works && [ "$(cat "$SENSOR/in_accel_scale")" = 0.002392 ] && [ "$(z_of_scan)" -gt 16000 ]'
check "unbinding and binding cures it" cured
check "a sensor that repeats itself for ever is no error to anybody" during 'lab_fault stuck 1' lab_stream 600 /tmp/scans
lab_fault stuck 0

# ---- The driver ----
gone() {
  local start=$SECONDS
  during lab_unbind says 'Connection timed out (110)' lab_stream 800 /tmp/scans 3000 || return 1
  echo "after $((SECONDS - start)) s"
  [ $((SECONDS - start)) -ge 3 ]
}
check "the driver is unbound in mid-stream: refill says ETIMEDOUT, and only when its time is up" gone
check "then the attributes are gone: ENOENT" says 'No such file' raw
check "bound again, it works" eval 'lab_bind && lab_wait 10 lab_sensor && SENSOR=$(lab_sensor) && lab_configure 200 && works'

# ---- The wiring ----
without_int() {
  lab_unplug && lab_board wired_int=0 && raw && refuses grep -q . "$SENSOR"/buffer/enable &&
    iio_info -u local: | grep 'iio:device.*: mpu6050$'
}
check "without INT there is a sensor with raw values and without a buffer" without_int
