# shellcheck shell=bash disable=SC2034 # others use what is set here
# Two agents, a relay and a recording: what the parts of check-agent share. Sourced after lab.sh.

RELAY_PORT=8000
DECOY_PORT=30500 # whoever opens its buffer lets bob's recording begin
BOB_PORT=30501
BUTTON=17 # the line of alice's
declare -A pid mark=([alice]=0 [bob]=0)

# check, as in lab.sh, but in this shell: what is checked here starts processes and remembers them.
check() {
  local what=$1 status=0
  shift
  "$@" >/tmp/output 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    passed=$((passed + 1))
    echo "ok   $what"
  else
    failed=$((failed + 1))
    echo "FAIL $what: status $status of: $*"
    sed 's/^/     /' /tmp/output
  fi
}

# install_tacc TACC: a copy that every user may run, wherever the original lies, with the toolchain's libraries.
install_tacc() {
  mkdir -p /opt/tacc/lib && cp "$1" /opt/tacc/tacc && chmod 755 /opt/tacc/tacc || return 1
  ldd "$1" | awk '$3 ~ "^/" && $3 !~ "^/(usr/)?lib" { print $3 }' | xargs -r cp -Lt /opt/tacc/lib
}
tacc() { LD_LIBRARY_PATH=/opt/tacc/lib /opt/tacc/tacc "$@"; }

# start NAME USER ARGUMENT…: tacc with these arguments as that user; its output goes to /tmp/NAME.log, pid[NAME]
start() {
  local name=$1 user=$2
  shift 2
  (
    export LD_LIBRARY_PATH=/opt/tacc/lib
    exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --inh-caps=-all --no-new-privs \
      /opt/tacc/tacc "$@" >>"/tmp/$name.log" 2>&1 7>&- 8>&-
  ) &
  pid[$name]=$!
}
start_alice() {
  marks
  start alice alice agent --config /tmp/alice.toml
  says_soon 30 alice ' ready ' && says_soon 30 alice 'sensor found'
}
start_bob() { # start_bob [OPTION]…
  marks
  start bob bob agent --config /dev/null --relay "ws://127.0.0.1:$RELAY_PORT" --sensor "ip:127.0.0.1:$BOB_PORT" \
    --set button.source=none --set control.socket=/run/bob/agent.sock --set window.seconds=300 "$@"
  says_soon 30 bob ' ready ' && says_soon 30 bob 'sensor found'
}
start_relay() {
  : >/tmp/relay.log
  start relay bob relay --port "$RELAY_PORT" --log-level warning
  soon 30 grep -q '^relay listening' /tmp/relay.log
}
configure_alice() { # configure_alice WINDOW-SECONDS
  cat >/tmp/alice.toml <<TOML
[relay]
url = "ws://127.0.0.1:$RELAY_PORT"
[light]
source = "gpio"
[control]
socket = "/run/alice/agent.sock"
[window]
seconds = $1
TOML
}
# finish NAME SIGNAL: ends a process and waits for it; ending: its status, took: how many milliseconds that took
finish() {
  local begin=${EPOCHREALTIME/./}
  ending=0
  kill "-$2" "${pid[$1]}"
  wait "${pid[$1]}" 2>/dev/null || ending=$?
  took=$(((${EPOCHREALTIME/./} - begin) / 1000))
}

# soon SECONDS COMMAND…: as lab_wait, easier on the processor
soon() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -le "$deadline" ] || return 1
    sleep 0.15
  done
}
# marks: from now on only what the agents say from now on counts
marks() {
  local name
  for name in alice bob; do
    touch "/tmp/$name.log"
    mark[$name]=$(wc -l <"/tmp/$name.log")
  done
}
heard() { tail -n "+$((mark[$1] + 1))" "/tmp/$1.log"; } # heard NAME: the log since the mark
said() { heard "$1" | grep -qE "$2"; }                  # said NAME PATTERN
says_soon() { # says_soon SECONDS NAME PATTERN
  soon "$1" said "$2" "$3" && return
  echo "the agent $2 did not say «$3»:"
  heard "$2"
  return 1
}
# field NAME PATTERN KEY: the value of a field in the first such line since the mark
field() { heard "$1" | grep -E -m 1 "$2" | sed -n "s/.* $3=\([^ ]*\).*/\1/p"; }
# last_code NAME: how the last window ended, as `tacc status` tells it
last_code() { tacc status --json --socket "/run/$1/agent.sock" | sed -n 's/.*"last":{"code":"\([^"]*\)".*/\1/p'; }
# ended NAME CODE SECONDS: the window ends within that time, with that code in the log and in the status
ended() {
  says_soon "$3" "$1" '(not paired|PAIRED)' || return 1
  local code
  code=$(last_code "$1")
  [ "$code" = "$2" ] || { echo "the window ended with «$code», «$2» was expected"; heard "$1"; return 1; }
}

# push: a short press of alice's button; the marks are set
push() {
  marks
  lab_push "$BUTTON"
}
# open_alone: alice's button is pressed, her window opens and samples
open_alone() {
  lab-play -s
  push
  says_soon 20 alice ' window open ' && says_soon 20 alice ' sampling '
}
cancel() { # cancel NAME: ends the window under way, and waits until it has
  tacc press --cancel --socket "/run/$1/agent.sock" >/dev/null 2>&1
  says_soon 20 "$1" 'code=cancelled'
}
opens() { open_alone && cancel alice && quiet; } # a window opens, samples, and leaves nothing behind
check_next() { check "…and the next window opens and samples" opens; }
buffer_is() { [ "$(cat "$SENSOR/buffer/enable")" = "$1" ]; }
quiet() { soon 5 buffer_is 0 || { echo "the buffer is on"; false; }; }
settings() {
  local name
  for name in sampling_frequency in_accel_scale in_anglvel_scale current_timestamp_clock trigger/current_trigger \
    buffer/length buffer/watermark buffer/enable; do
    echo "$name $(tr -d '\0' <"$SENSOR/$name" 2>/dev/null)"
  done
}

# in_hand: alice's board lies still in the pose in which her recording begins; a line to descriptor 8 plays it
in_hand() {
  lab-play -s
  lab-play -f 200 -c 50 /mnt/out/alice.json
  rm -f /tmp/go
  mkfifo /tmp/go
  lab-play -f 200 -w /mnt/out/alice.json </tmp/go &
  pid[player]=$!
  exec 8>/tmp/go
}
out_of_hand() {
  exec 8>&-
  kill "${pid[player]}" 2>/dev/null
  wait "${pid[player]}" 2>/dev/null
  lab-play -s
}
# meet: both buttons, until both boards are matched
meet() {
  in_hand
  exec 7<>"/dev/tcp/127.0.0.1/$DECOY_PORT"
  push
  tacc press --wait --json --socket /run/bob/agent.sock >/tmp/bob.out 2>&1 7>&- 8>&- &
  pid[press]=$!
  says_soon 30 alice 'state=matched' && says_soon 30 bob 'state=matched' && says_soon 10 alice ' sampling '
}
# shake: both boards begin to move, within milliseconds of each other
shake() {
  printf 'OPEN iio:device0 64 0000007f\r\n' >&7
  echo >&8
  says_soon 20 alice 'state=shaking' && says_soon 20 bob 'state=shaking'
}
# apart: the hand is empty again; bob's recording waits at its beginning
apart() {
  exec 7>&-
  out_of_hand
  if kill -0 "${pid[bob]}" 2>/dev/null; then tacc press --cancel --socket /run/bob/agent.sock >/dev/null 2>&1; fi
  wait "${pid[press]}" 2>/dev/null
}
together() { meet && sleep 1 && shake; }
paired() { # both say so, with the same digits
  says_soon 60 alice '(not paired| PAIRED |attempt failed)' || return 1
  local status=0
  wait "${pid[press]}" || status=$?
  alice_sas=$(field alice ' PAIRED ' sas)
  bob_sas=$(sed -n 's/.*"last":{"code":"paired".*"sas":"\([0-9]*\)".*/\1/p' /tmp/bob.out | tail -n 1)
  if [ "$status" -eq 0 ] && [[ $alice_sas =~ ^[0-9]{6}$ ]] && [ "$alice_sas" = "$bob_sas" ] && [ "$(last_code alice)" = paired ]; then
    return 0
  fi
  echo "alice «$alice_sas», bob «$bob_sas», status of bob's press $status"
  heard alice
  heard bob
  cat /tmp/bob.out
  return 1
}
