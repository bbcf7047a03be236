# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# A relay that goes and comes back. Sourced by check-agent.

marks
configure_alice 10
kill -HUP "${pid[alice]}"
check "SIGHUP: alice takes up a shorter window" says_soon 20 alice 'configuration reloaded'
check "both are matched" meet
finish relay KILL
check "the relay is killed in mid-window: the attempt fails" says_soon 10 alice 'attempt failed.* code=link-lost'
check "…and is tried again until the window closes: relay-unreachable" ended alice relay-unreachable 15
apart
open_without() { push; says_soon 10 alice ' sampling ' && says_soon 10 alice 'relay cannot be reached'; }
check "…a window opens and samples without it, and says so" open_without
check "the relay is back" start_relay
check "…and bob, pressed in the same window of alice's, is matched" eval \
  'tacc press --socket /run/bob/agent.sock >/dev/null && says_soon 15 alice state=matched'
cancel alice
cancel bob
configure_alice 60
marks
kill -HUP "${pid[alice]}"
check "SIGHUP: the long window is back" says_soon 20 alice 'configuration reloaded'
