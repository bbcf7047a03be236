# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# Who may use the control socket. Sourced by check-service.

configure <<'TOML'
[control]
group = "lab-operators"
TOML
groupadd --system lab-operators
useradd --system --groups lab-operators lab-operator
useradd --system lab-stranger
drop_in 'SupplementaryGroups=lab-operators'
check "restarted with a group for its socket, itself a member by a drop-in" eval 'systemctl restart "$unit" && soon 30 ready'
check "a member of the group may ask and press" eval 'lab_as lab-operator tacc status && mark && lab_as lab-operator tacc press &&
  soon 20 said "^sampling "'
check "…and cancel" cancels
check "anybody else may not" refuses lab_as lab-stranger tacc status
