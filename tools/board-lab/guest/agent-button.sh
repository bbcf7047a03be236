# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# A button that bounces, and one that is held. Sourced by check-agent.

marks
bursts() { # a press that bounces when it goes down and when it comes up
  for _ in 1 2 3 4 5; do lab_press; lab_release; done
  lab_press
  sleep 0.3
  for _ in 1 2 3 4 5; do lab_release; lab_press; done
  lab_release
  sleep 0.3
}
bursts
check "a press that bounces opens a window" says_soon 20 alice ' sampling '
check "…exactly one" eval '[ "$(heard alice | grep -c " window open ")" -eq 1 ] && ! said alice "not paired"'
cat /dev/boardsim-gpio >/dev/null
lab_press
sleep 2.4
check "the button is held: the window is cancelled while it is down" ended alice cancelled 10
lab_release
sleep 1
check "…its release opens none" eval '[ "$(heard alice | grep -c " window open ")" -eq 1 ]'
cat /dev/boardsim-gpio >/tmp/light
check "…three short blinks" eval 'rhythms /tmp/light | grep -q "short $" || { cat /tmp/light; false; }'
check_next
