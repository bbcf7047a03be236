# Sourced by check-interop and check-scale-out, which have set `name` and `tacc`: processes that end with the script,
# and waiting for what they say.

work=$(mktemp -d)
running=""
cleanup() {
  for process in $running; do kill "$process" 2>/dev/null || :; done
  wait
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say() { echo "$name: $*"; }
fail() { # fail WORDS [FILE]
  say "$1" >&2
  [ -z "${2:-}" ] || cat "$2" >&2
  exit 1
}

PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
python=$("$(dirname "$0")/interop/venv") || exit $?

free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# until_answered URL FILE: waits until a relay answers there; FILE is what it wrote so far.
until_answered() {
  tries=0
  until "$python" -c "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=1)" "$1/healthz" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -le 100 ] || fail "nobody answers at $1" "$2"
    sleep 0.1
  done
}

# start NAME COMMAND…: in the background, output in NAME.out; sets pid.
start() {
  out=$work/$1.out
  shift
  "$@" >"$out" 2>&1 &
  pid=$!
  running="$running $pid"
}

# pair BASE NAME: two `tacc client` in a session opened at BASE, until both are PAIRED with the same words.
pair() {
  session=$("$tacc" session --url "$1")
  start "$2-alice" "$tacc" client --role alice --session "$session" --url "$1" --samples "$work/pair/alice"
  alice=$pid
  start "$2-bob" "$tacc" client --role bob --session "$session" --url "$1" --samples "$work/pair/bob"
  bob=$pid
  wait "$alice" || fail "alice did not pair" "$work/$2-alice.out"
  wait "$bob" || fail "bob did not pair" "$work/$2-bob.out"
  [ "$(grep PAIRED "$work/$2-alice.out")" = "$(grep PAIRED "$work/$2-bob.out")" ] || fail "the two SAS differ"
}
