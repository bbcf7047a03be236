# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# Windows under the unit's confinement. Sourced by check-service.

echo 100 >"$SENSOR/sampling_frequency" # not what the agent sets, so that what it does not restore is seen
settings >/tmp/settings
check "the button on the GPIO line opens a window, and the sensor samples" opens
echo "     from the press to the first scans: $(heard | sed -n 's/^sampling .*after=\([^ ]*\).*/\1/p')"
check "…the agent has set rate and ranges" eval 'settings >/tmp/during; grep -q "sampling_frequency 200" /tmp/during &&
  grep -q "in_accel_scale 0.002392" /tmp/during && grep -q "in_anglvel_scale 0.000532" /tmp/during && grep -q "enable 1" /tmp/during'
check "…systemctl status says so" status_says 'window open'
check "…the light blinks" eval 'cat /dev/boardsim-gpio >/dev/null; sleep 1.2; cat /dev/boardsim-gpio | grep " 27 1$"'
check "the window is cancelled; the sensor rests, its settings are restored" eval 'cancels && settings | diff /tmp/settings -'
check "…systemctl status says how it ended" status_says 'last window: cancelled'
