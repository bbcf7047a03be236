# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# Both buttons, one shake, PAIRED. Sourced by check-agent.

cat /dev/boardsim-gpio >/dev/null
check "alice's button and tacc press on bob: matched, alice's sensor samples" meet
echo "     from the press to the first scans: $(field alice ' sampling ' after)"
check "…her buffer is on, at 200 Hz, ±8 g, ±1000 °/s, on the monotonic clock" eval 'buffer_is 1 && settings >/tmp/during &&
  grep -q "sampling_frequency 200" /tmp/during && grep -q "in_accel_scale 0.002392" /tmp/during &&
  grep -q "in_anglvel_scale 0.000532" /tmp/during && grep -q "clock monotonic" /tmp/during'
check "…and interrupts, in /proc/interrupts as well" test "$(sensor_interrupts)" -gt "$told"
sleep 2
check "shaken together, both feel it" shake
check "PAIRED, and the same six digits on both" paired
echo "     SAS $alice_sas; from the last sample used to the key: $(field alice ' PAIRED ' processing); window $(field alice ' PAIRED ' seconds) s"
check "…the buffer is off and the settings are restored" eval 'quiet && settings | diff /tmp/settings.log -'
sleep 5.5 # the light shines for five seconds
cat /dev/boardsim-gpio >/tmp/light
apart
# The rhythms in the order in which they came, from what the line did: on for, and from one rise to the next.
rhythms() {
  awk '$2 == 27 && $3 == 1 { rise = $1 / 1e6; if (last) judge(on, rise - last); last = rise }
    $2 == 27 && $3 == 0 { on = $1 / 1e6 - last }
    END { judge(on, 0) }
    function near(x, y) { return x > y * 0.8 && x < y * 1.2 }
    function judge(on, period, name) {
      name = near(on, 5000) ? "solid" : near(period, 1000) && near(on, 500) ? "slow" : near(period, 250) ? "fast" : \
        near(on, 150) && (near(period, 300) || !period) ? "short" : ""
      if (name && name != before) printf "%s ", name
      if (name) before = name
    }' "$1"
}
check "the light: slow blinks, fast blinks, five seconds solid, in this order" eval \
  '[ "$(rhythms /tmp/light)" = "slow fast solid " ] || { rhythms /tmp/light; cat /tmp/light; false; }'
longer() { # the last quarter of the fast blinks is on for longer than the first: single ones suffer from a busy processor
  awk '$2 == 27 { if ($3) rise = $1; else { on = ($1 - rise) / 1e6; if (on < 240) times[count++] = on } }
    END {
      quarter = int(count / 4)
      for (i = 0; i < quarter; i++) { first += times[i]; last += times[count - 1 - i] }
      print count " blinks; the first quarter " first / quarter " ms, the last " last / quarter " ms on average"
      exit !(last > 1.5 * first)
    }' /tmp/light
}
check "…and a fast blink is on for longer the further it is" longer
sleep 1
interrupts=$(lab_counter interrupts)
sleep 1
check "afterwards the sensor does not interrupt" eval '[ "$(lab_counter interrupts)" -eq "$interrupts" ]'
