# shellcheck shell=bash disable=SC2016,SC2034 # check evaluates text in single quotes; others use what is set here
# Helpers for scripts that run in the guest: . "$LAB/guest/lab.sh"

# lab_wait SECONDS COMMAND…: until the command succeeds; fails when it has not by then.
lab_wait() {
  local deadline=$(($(date +%s%N) + $1 * 1000000000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s%N)" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

# lab_sensor: the sensor's folder in sysfs, now.
lab_sensor() {
  local name
  for name in /sys/bus/iio/devices/iio:device*/name; do
    [ "$(cat "$name" 2>/dev/null)" != mpu6050 ] || { dirname "$name"; return; }
  done
  return 1
}

# lab_board [PARAMETER=VALUE…]: plugs the board in; sets SENSOR (sysfs folder) and CHIP (GPIO device).
lab_board() {
  modprobe boardsim "$@" && modprobe inv_mpu6050_i2c || return 1
  lab_wait 10 lab_sensor || return 1
  SENSOR=$(lab_sensor)
  CHIP=/dev/$(basename "$(echo /sys/devices/platform/boardsim/gpiochip*)")
}

# lab_unplug: takes the board away (drivers hold on to it, so first these)
lab_unplug() {
  lab_unbind && modprobe -rq gpio_keys && modprobe -r boardsim
}

# The button (GPIO17 to ground) and what a test may do to the sensor.
lab_press() { echo "${1:-17} 0" >/dev/boardsim-gpio; }
lab_release() { echo "${1:-17} z" >/dev/boardsim-gpio; }
# lab_push [LINE]: a short press; without starting a program, which may take so long that it becomes a long press
lab_push() {
  lab_press "$@"
  read -rt 0.15 -u "$lab_silence" || :
  lab_release "$@"
}
exec {lab_silence}<> <(:)
lab_fault() { echo "$2" >"/sys/module/boardsim/parameters/$1"; } # nak|noirq|stuck|brownout 1|0
lab_counter() { cat "/sys/module/boardsim/parameters/$1"; }      # samples|underruns|interrupts|fifo_overflows
lab_unbind() { echo 0-0068 >/sys/bus/i2c/drivers/inv-mpu6050-i2c/unbind; }
lab_bind() { echo 0-0068 >/sys/bus/i2c/drivers/inv-mpu6050-i2c/bind; }
# lab_line NUMBER: "out 1 up" and the like
lab_line() { sed -n "s/^$1 //p" /sys/class/misc/boardsim-gpio/lines; }

# lab_as USER COMMAND…: as a user with its groups and no capability
lab_as() {
  local user=$1
  shift
  setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --inh-caps=-all "$@"
}
# lab_groups: the groups of udev/70-tacc.rules, and of Debian's own rules
lab_groups() {
  groupadd --system --force iio && groupadd --system --force gpio && groupadd --system --force input
}
# lab_udev: installs the rules, starts udev
lab_udev() {
  local udevd=/usr/lib/systemd/systemd-udevd
  [ -e "$udevd" ] || udevd=/lib/systemd/systemd-udevd
  mkdir -p /run/udev/rules.d
  cp "$LAB/../../udev/70-tacc.rules" /run/udev/rules.d/ && "$udevd" --daemon
}
# lab_replug: what a boot does: the kernel announces the devices, udev applies the rules
lab_replug() {
  udevadm trigger --action=add --subsystem-match=iio --subsystem-match=gpio && udevadm settle --timeout=30
}

# check "WHAT HOLDS" COMMAND…: one result; the command's output is shown if it fails.
passed=0
failed=0
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    echo "ok   $what"
  else
    failed=$((failed + 1))
    echo "FAIL $what: status $? of: $*"
    [ -z "$output" ] || echo "     ${output//$'\n'/$'\n     '}"
  fi
}
# refuses COMMAND…: succeeds if the command fails
refuses() { ! "$@"; }
# summary: the closing line, and the status
summary() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}

# lab_configure HZ: as the agent would: ±8 g, ±1000 °/s, monotonic timestamps, HZ
lab_configure() {
  echo monotonic >"$SENSOR/current_timestamp_clock" && echo "$1" >"$SENSOR/sampling_frequency" &&
    echo 0.002392 >"$SENSOR/in_accel_scale" && echo 0.000532362 >"$SENSOR/in_anglvel_scale"
}

# lab_stream COUNT FILE [MILLISECONDS]: reads so many scans of six axes and the timestamp through libiio, waiting for
# each block of 32 at most so long. iio_readdev ends with status 0 whatever happens to a stream that it could open, so
# what it says and how much it wrote are looked at.
lab_stream() {
  local said
  said=$(timeout 60 iio_readdev -u local: -T "${3:-2000}" -b 32 -s "$1" mpu6050 \
    accel_x accel_y accel_z anglvel_x anglvel_y anglvel_z timestamp 2>&1 >"$2" | grep -v 'High-speed mode not enabled')
  [ -z "$said" ] || echo "$said"
  [ -z "$said" ] && [ "$(stat -c %s "$2")" -eq $((24 * $1)) ]
}
