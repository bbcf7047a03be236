# shellcheck shell=bash disable=SC2016,SC2034 # check evaluates text in single quotes; others use what is set here
# udev/70-tacc.rules: what an unprivileged user may do before them and after. Sourced by check.

lab_groups
useradd --system --groups iio,gpio lab-member 2>/dev/null
useradd --system lab-stranger 2>/dev/null
streams() { # streams USER
  lab_as "$1" timeout 30 iio_readdev -u local: -T 2000 -b 32 -s 64 mpu6050 accel_x accel_y accel_z anglvel_x anglvel_y anglvel_z \
    timestamp >/tmp/scans 2>/tmp/said
  cat /tmp/said
  [ "$(stat -c %s /tmp/scans)" -eq 1536 ]
}
sets() { lab_as "$1" sh -c "echo $3 >$SENSOR/$2"; } # sets USER ATTRIBUTE VALUE
presses() { lab_as "$1" gpioget --chip "$CHIP" --numeric --bias pull-up --active-low 17; }
denied() { "$@" >/tmp/denied 2>&1 && return 1; grep -q 'Permission denied' /tmp/denied || { cat /tmp/denied; false; }; }

check "before the rules, the user cannot stream: Permission denied" denied streams lab-member
check "before the rules, the user cannot set a range: Permission denied" denied sets lab-member in_accel_scale 0.002392
check "before the rules, the user cannot read the button: Permission denied" denied presses lab-member

check "udev starts with the rules" lab_udev
if udevadm verify --help >/dev/null 2>&1; then # udev 253 and later
  check "udev finds no fault in the rules" udevadm verify /run/udev/rules.d/70-tacc.rules
fi
check "udev has seen the devices" lab_replug

granted() { # granted USER
  streams "$1" || return 1
  local pair
  for pair in in_accel_scale=0.002392 in_anglvel_scale=0.000532362 sampling_frequency=200 current_timestamp_clock=monotonic \
    buffer/length=64 scan_elements/in_accel_x_en=1 trigger/current_trigger="$(cat "$SENSOR/trigger/current_trigger")"; do
    sets "$1" "${pair%%=*}" "${pair#*=}" || return 1
  done
}
check "a member of iio streams and sets everything the agent sets" granted lab-member
check "a member of gpio reads the button" eval 'lab_press; [ "$(presses lab-member)" = 1 ] && lab_release && [ "$(presses lab-member)" = 0 ]'
check "a member of gpio drives the light" lab_as lab-member gpioset --chip "$CHIP" --toggle 0 27=1
check "a member of iio gets nothing that the agent does not use (calibration)" denied sets lab-member in_accel_x_calibbias 0
check "a member of neither group is refused the stream" denied streams lab-stranger
check "a member of neither group is refused the button" denied presses lab-stranger

again() {
  lab_unbind && lab_bind && lab_wait 10 lab_sensor && udevadm settle --timeout=30
  SENSOR=$(lab_sensor)
}
check "the driver is unbound and bound again" again
check "the rules hold for the device that came back, with nobody's help" granted lab-member
