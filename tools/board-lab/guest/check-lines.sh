# shellcheck shell=bash disable=SC2016,SC2034 # check evaluates text in single quotes; others use what is set here
# Button (GPIO17 to ground) and light (GPIO27) through libgpiod. Sourced by check.

check "libgpiod sees 28 lines with the header's names" eval \
  '[ "$(gpioinfo --chip "$CHIP" | grep -cE "\"GPIO[0-9]+\"")" -eq 28 ]'
check "without a bias the open button reads low (pull-down, as after a Raspberry Pi's reset)" eval \
  '[ "$(gpioget --chip "$CHIP" --numeric 17)" = 0 ]'
check "with the pull-up it reads high" eval '[ "$(gpioget --chip "$CHIP" --numeric --bias pull-up 17)" = 1 ]'

exec 9<> <(:)
pause() { read -rt "$1" -u 9 || :; } # shorter than starting sleep
taken() { gpioinfo --chip "$CHIP" 17 | grep -q consumer; }
# bouncing DEBOUNCE: a press that bounces for some milliseconds, and a clean release; prints the events seen
bouncing() {
  timeout 10 gpiomon --chip "$CHIP" --bias pull-up --active-low --edges both --event-clock monotonic \
    --debounce-period "$1" --format '%E %S' 17 >/tmp/edges &
  local monitor=$!
  lab_wait 5 taken
  lab_press
  for _ in 1 2 3 4 5 6; do
    lab_release
    pause 0.003
    lab_press
    pause 0.003
  done
  sleep 0.4
  lab_release
  sleep 0.4
  kill "$monitor"
  wait "$monitor" 2>/dev/null
  cat /tmp/edges
}
check "a bouncing press with 100 ms of the kernel's debounce is one press and one release" eval \
  'bouncing 100ms >/tmp/seen; cat /tmp/seen; [ "$(cut -d " " -f 1 /tmp/seen | tr "\n" " ")" = "rising falling " ]'
recent() { # the times of the edges lie on CLOCK_MONOTONIC, which counts since boot
  awk -v now="$(cut -d " " -f 1 /proc/uptime)" '{ if ($2 > now || $2 < now - 5) exit 1 }' /tmp/seen
}
check "its edges carry CLOCK_MONOTONIC times" recent
check "(without debounce the same press shows its bounces)" eval \
  'bouncing 0us >/tmp/seen; cat /tmp/seen; [ "$(wc -l </tmp/seen)" -gt 2 ]'

blinks() {
  cat /dev/boardsim-gpio >/dev/null
  gpioset --chip "$CHIP" --toggle 200ms,100ms,200ms,0 27=1 || return 1
  cat /dev/boardsim-gpio >/tmp/light
  cat /tmp/light
  awk '$2 == 27 { values = values $3; if (NR > 1) steps = steps int(($1 - last) / 1e8 + 0.5) " "; last = $1 }
    END { print values, steps; exit !(values == "1010" && steps == "2 1 2 ") }' /tmp/light
}
check "the light's blinking is read back with its times: on 200 ms, off 100 ms, on 200 ms" blinks
check "the light's level is read back" eval 'gpioset --chip "$CHIP" --toggle 0 27=1; lab_line 27 | grep -q "^out 1 "'
check "the line that the sensor's INT is wired to cannot be taken" refuses gpioset --chip "$CHIP" --toggle 0 4=1
