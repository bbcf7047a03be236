# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# Agents that are killed or stopped. Sourced by check-agent.

check "matched and shaking" together
finish alice KILL
check "alice is killed in mid-shake: bob is told that she has gone" says_soon 15 bob 'attempt failed.* code=peer-left'
check "…her buffer is left on, her socket is left behind" eval 'buffer_is 1 && [ -S /run/alice/agent.sock ]'
apart
check "alice starts again, in spite of the socket" start_alice
check "…finds the buffer that was left on, and switches it off" eval \
  "says_soon 15 alice 'left sampling by a process that is gone' && quiet"
check "…her window opens and samples" open_alone

finish alice TERM
check "SIGTERM in mid-window: she ends with status 0 in less than a second ($took ms)" \
  eval '[ "$ending" -eq 0 ] && [ "$took" -lt 1000 ]'
check "…the window ended as stopped" said alice 'code=stopped'
check "…the buffer is off, the light dark, the socket gone" eval \
  'quiet && ! [ -e /run/alice/agent.sock ] && ! lab_line 27 | grep -q "^out 1"'
check "alice starts again" start_alice
check_next

check "matched and shaking" together
finish bob KILL
check "bob vanishes in mid-shake: alice is told, and her window goes on" eval \
  "says_soon 15 alice 'attempt failed.* code=peer-left' && ! said alice 'not paired'"
apart
cancel alice
check "bob starts again" start_bob
