# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# The other kind of sensor and of button: input devices. A controller's accelerometer and gyroscope, simulated through
# uinput, and a key of the kernel's driver gpio-keys. Sourced by check-agent.

connect() { # the controller, until it is disconnected; descriptor 8 as in_hand leaves it
  rm -f /tmp/controller
  mkfifo /tmp/controller
  lab-controller /mnt/out/alice.json </tmp/controller >/tmp/controller.path &
  pid[controller]=$!
  exec 8>/tmp/controller
  soon 10 grep -q event /tmp/controller.path && udevadm settle --timeout=20 && controller=$(cat /tmp/controller.path)
}
disconnect() {
  exec 8>&-
  wait "${pid[controller]}"
}
iio=$(declare -f in_hand out_of_hand open_alone)
in_hand() { :; }
out_of_hand() { :; }
open_alone() { push && says_soon 20 alice ' sampling '; }
reading() { # whether alice has the controller open
  local file
  for file in /proc/"${pid[alice]}"/fd/*; do [ "$(readlink "$file")" != "$controller" ] || return 0; done
  return 1
}
start_with_input() {
  finish alice TERM
  usermod --append --groups input alice
  cat >/tmp/alice.toml <<TOML
[relay]
url = "ws://127.0.0.1:$RELAY_PORT"
[sensor]
source = "evdev"
[button]
source = "key"
[control]
socket = "/run/alice/agent.sock"
TOML
  start_alice
}
held_key() {
  lab_press "$BUTTON"
  ended alice cancelled 10 || return 1
  lab_release "$BUTTON"
}
rebind_keys() { echo gpio-keys >"/sys/bus/platform/drivers/gpio-keys/$1"; }
shows_accelerometer() { grep -A 6 'Name="Board lab Motion Sensors"' /proc/bus/input/devices | grep 'PROP=40'; }

check "the drivers of keys and input devices" eval 'modprobe gpio_keys && modprobe uinput && modprobe evdev'
check "a controller with motion sensors is connected" connect
check "…and the kernel calls it an accelerometer" shows_accelerometer
BUTTON=22
check "alice, in group input too, is ready with the controller as her sensor and the key as her button" start_with_input
check "…as she says" eval 'said alice "button .*KEY_WPS_BUTTON.*gpio-keys" && said alice "sensor found .*Board lab Motion Sensors"'
check "waiting, she does not read the controller" refuses reading
sleep 3 # the agent gives pages back
before=$(switches)
sleep 3
after=$(switches)
check "…nor is any of her threads awakened in three seconds ($((after - before)) context switches)" test "$after" -eq "$before"

check "alice's key and tacc press on bob: matched, the controller is read" eval 'meet && reading'
echo "     from the press to the first scans: $(field alice ' sampling ' after)"
sleep 2
check "shaken together, both feel it" shake
check "PAIRED, and the same six digits on both" paired
echo "     SAS $alice_sas; from the last sample used to the key: $(field alice ' PAIRED ' processing)"
# The kernel keeps eight packets, 40 ms: a processor that is busy elsewhere for longer loses some.
echo "     packets were lost $(heard alice | grep -c 'packets of the device were lost') times"
check "…and the controller is closed" soon 5 refuses reading
apart

check "a window is open" open_alone
check "the key is held: cancelled" held_key
check "…and the controller is closed" soon 5 refuses reading

disconnect && connect # so that it lies still in the first pose again
check "matched and shaking" together
disconnect
check "the controller vanishes in mid-shake: sensor-failed" ended alice sensor-failed 15
check "…as gone" said alice 'the device is gone'
check "…and bob is told: the attempt fails" says_soon 10 bob 'attempt failed.* code=peer-'
apart
push
check "…without it the next window ends as sensor-failed, and tells what there is" eval \
  'ended alice sensor-failed 15 && said alice "there are: .*gpio-keys"'
check "…it is connected again" connect
check_next

marks
rebind_keys unbind
check "the key's driver is unbound: she says so, and goes on" eval \
  'says_soon 10 alice "the button failed" && kill -0 "${pid[alice]}"'
rebind_keys bind
check "…it is bound again: the key is found again" says_soon 30 alice 'the button is back'
check_next

disconnect
eval "$iio"
BUTTON=17
modprobe -r gpio_keys
finish alice TERM
configure_alice 60
check "alice starts again with the sensor and the button of her board" start_alice
