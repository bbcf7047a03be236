# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# Faults of the sensor. Sourced by check-agent.

sensor_failed() { ended alice sensor-failed 15; }
rebind() {
  lab_unbind 2>/dev/null
  lab_bind && lab_wait 10 lab_sensor && udevadm settle --timeout=20 || return 1
  SENSOR=$(lab_sensor)
}

check "matched and shaking" together
lab_fault nak 1
check "the sensor answers no more (NAK) in mid-shake: sensor-failed" sensor_failed
check "…and bob is told: the attempt fails" says_soon 10 bob 'attempt failed.* code=peer-'
lab_fault nak 0
apart
push
# Mostly it has: unless the power management of the bus put it right in the meantime.
check "…the driver has given up: the next window ends as sensor-failed too, or else samples" eval \
  "sensor_failed || { said alice ' sampling ' && cancel alice; }"
check "…the driver is bound again, udev gives access again" rebind
check_next

check "a window is open, and nobody else is there" open_alone
lab_fault noirq 1
check "the interrupts stop: sensor-failed, though no other board has come" sensor_failed
check "…with the remedy" said alice 'interrupt line is wired'
lab_fault noirq 0
check_next

check "matched and shaking" together
lab_unbind
check "the driver is unbound in mid-shake: sensor-failed" sensor_failed
check "…as gone, not as stalled" said alice 'the sensor is gone'
apart
push
check "…without a sensor the next window ends as sensor-failed" sensor_failed
check "…it is bound again" rebind
check_next
