# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# Input devices under the unit's confinement, taken up by a reload. Sourced by check-service.

configure <<'TOML'
[sensor]
source = "evdev"
[button]
source = "key"
TOML
still() {
  modprobe uinput && modprobe evdev || return 1
  printf '[{"t":0,"ax":0,"ay":0,"az":9.8},{"t":1,"ax":0,"ay":0,"az":9.8}]' >/tmp/still.json
  mkfifo /tmp/controller
  lab-controller /tmp/still.json </tmp/controller >/tmp/controller.path &
  exec 8>/tmp/controller
  soon 10 grep -q event /tmp/controller.path && udevadm settle --timeout=20
}
check "a controller with motion sensors is connected" still
check "udev has loaded the driver of the key, and gives group input both devices" eval \
  'soon 10 test -e /sys/bus/platform/drivers/gpio-keys && [ "$(stat -c "%G %a" /dev/input/event* | sort -u)" = "input 660" ]'
before=$(pid)
mark
check "systemctl reload: the new configuration is taken up by the same process" eval \
  'systemctl reload "$unit" && soon 15 said "configuration reloaded" && [ "$(pid)" = "$before" ] && now_is ActiveState active'
check "the key opens a window, and the input device samples" opens 22
check "…the GPIO line of the button before is free" eval '! gpioinfo --chip "$CHIP" 17 | grep consumer'
lab_press 22
check "the key is held: cancelled" soon 10 said 'code=cancelled'
lab_release 22
exec 8>&-
wait %lab-controller 2>/dev/null

echo 'nonsense = 1' | configure
mark
check "systemctl reload with a configuration that cannot be used: the old one stays, and the journal says why" eval \
  'systemctl reload "$unit"; soon 15 said "not reloaded.*nonsense" && now_is ActiveState active && [ "$(pid)" = "$before" ]'
