# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# After all that: they pair, and the sensor streams. Sourced by check-agent.

settings >/tmp/settings.log
first_sas=$alice_sas
check "both buttons and one shake" together
check "PAIRED again, and the same six digits on both" paired
echo "     SAS $alice_sas (before: $first_sas); processing $(field alice ' PAIRED ' processing)"
check "…the buffer is off, the settings are restored" eval 'quiet && settings | diff /tmp/settings.log -'
apart

# A recording by the same code as the agent's, of a ramp that shows each lost scan.
streamed() {
  lab-play -s
  lab-play -r 6000 &
  local player=$! status=0
  install -d -o alice /tmp/ramp
  TIMEFORMAT='%U s of user and %S s of system time'
  time lab_as alice env LD_LIBRARY_PATH=/opt/tacc/lib /opt/tacc/tacc record --out /tmp/ramp/capture --seconds 10 --rate 500 \
    --uri local: || status=$?
  kill "$player" 2>/dev/null
  wait "$player" 2>/dev/null
  [ "$status" -eq 0 ] && lab-scans 500 /tmp/ramp/capture/mpu6050.bin
}
check "ten seconds at 500 Hz without a lost scan" eval 'streamed >/tmp/streamed.log 2>&1 || { cat /tmp/streamed.log; false; }'
sed 's/^/     /' /tmp/streamed.log
for name in alice bob; do
  finish "$name" TERM
  check "$name ends with status 0 ($took ms)" test "$ending" -eq 0
done
finish relay TERM
finish iiod TERM
