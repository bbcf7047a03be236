# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # check evaluates text in single quotes; others use what is set here
# The service pairs, as the user that systemd has made up and within the unit's confinement. Alice is the service, with the
# guest's sensor, button and light; bob is an agent of check-agent's kind. Sourced by check-service.

# What agent.sh has under the same names is put back at the end.
kept=$(declare -f check soon said heard mark settings opens cancels configure)
# shellcheck source=agent.sh
. "$LAB/guest/agent.sh"
eval "$(sed -n '/^check ()/,/^}/p' <<<"$kept")"
# As agent.sh has them, but what alice says is in the journal, and her socket where the unit has it.
heard() {
  case $1 in
  alice) journalctl -q -o cat -u "$unit" --after-cursor="$(cat /tmp/cursor)" | sed 's/^/ /' ;;
  *) tail -n "+$((mark[$1] + 1))" "/tmp/$1.log" ;;
  esac
}
marks() {
  mark
  touch /tmp/bob.log
  mark[bob]=$(wc -l </tmp/bob.log)
}
mkdir -p /run/alice && ln -sfn /run/tacc/agent.sock /run/alice/agent.sock
# Else what is started here takes its log for the journal too, and writes it with levels and without times.
unset JOURNAL_STREAM
useradd --system bob 2>/dev/null
install -d -o bob -m 755 /run/bob
install -d -o bob -m 700 /run/bob/state
install_tacc /usr/local/bin/tacc

check "a relay listens" start_relay
replayed() {
  start iiod bob iiod-replay --together --port "$DECOY_PORT" /mnt/out/pair/alice /mnt/out/pair/bob
  soon 30 eval '[ "$(grep -c " on ip:" /tmp/iiod.log)" -eq 2 ]'
}
check "bob's recording is served as iiod serves a sensor" replayed
check "bob is ready" start_bob --set state.directory=/run/bob/state
check "the service's button and tacc press on bob: matched, the service's sensor samples" meet
sleep 2
check "shaken together, both feel it" shake
check "PAIRED, and the same six digits on both" paired
echo "     SAS $alice_sas; processing $(field alice ' PAIRED ' processing); window $(field alice ' PAIRED ' seconds) s"
keeps() { # keeps DIRECTORY: one peer, paired with these digits
  local listing
  listing=$(tacc peers --json --state-directory "$1")
  echo "$listing"
  [ "$(grep -c '"own_name"' <<<"$listing")" -eq 1 ] && grep -q "\"sas\" : \"$alice_sas\"" <<<"$listing"
}
check "…each has kept the other, the service in the state directory that systemd made" eval 'keeps /var/lib/private/tacc && keeps /run/bob/state'
check "…and the sensor rests" soon 5 at_rest
apart
for name in bob iiod relay; do finish "$name" TERM; done
eval "$kept"
unset -f tacc
