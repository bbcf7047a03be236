# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# The sensor appears while the service, which is enabled, does not run. Sourced by check-service.

check "stopped" systemctl stop "$unit"
appears() { lab_unbind && lab_bind && soon 40 ready; }
check "enabled and stopped, it is started by the sensor's appearing" appears
SENSOR=$(lab_sensor)
