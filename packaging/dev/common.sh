# Output, waiting and processes: what the parts of ./dev share. Sourced, never run.

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*"; }
fail() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}
usage_error() {
  printf 'dev: %s\nTry ./dev help\n' "$*" >&2
  exit 2
}

# wait_for SECONDS COMMAND...: polls until COMMAND succeeds; 1 when time is up.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# A TCP port on loopback: the preferred one when nobody listens there, else any free one.
free_port() {
  python3 - "$1" <<'PY'
import socket
import sys

for port in (int(sys.argv[1]), 0):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(probe.getsockname()[1])
        break
PY
}

# start_daemon NAME COMMAND...: runs it with its output in $run_dir/NAME.log and its pid in NAME.pid.
# It gets a session of its own, so that Ctrl-C reaches only this script, which stops things in order.
start_daemon() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$run_dir/$name.log" 2>&1 &
  local pid=$!
  echo $pid >"$run_dir/$name.pid"
  # Until it is the program itself (or gone), it is still a copy of this shell.
  while [ "$(readlink /proc/$pid/exe)" = "$(readlink /proc/$$/exe)" ]; do sleep 0.01; done
}

daemon_pid() { cat "$1/$2.pid" 2>/dev/null; }

# Whether the pid in DIR/NAME.pid is still the process that was started for DIR.
daemon_alive() {
  local pid
  pid=$(daemon_pid "$1" "$2") && [ -n "$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$1"
}

daemon_gone() { ! daemon_alive "$@"; }

# stop_daemon DIR NAME SECONDS: TERM, then KILL when it takes longer.
stop_daemon() {
  daemon_alive "$1" "$2" || return 0
  local pid
  pid=$(daemon_pid "$1" "$2")
  kill -TERM "$pid" 2>/dev/null || true
  if ! wait_for "$3" daemon_gone "$1" "$2"; then
    say "    $2 (pid $pid) did not stop within $3 s: killing it"
    kill -KILL "$pid" 2>/dev/null || true
    wait_for 5 daemon_gone "$1" "$2" || true
  fi
}

# daemon_failed NAME WHAT: ends the script with the last lines of that daemon's log.
daemon_failed() {
  printf '\n--- last lines of %s.log ---\n' "$1" >&2
  tail -n 25 "$run_dir/$1.log" >&2 2>/dev/null || true
  printf -- '---\n' >&2
  fail "$2"
}
