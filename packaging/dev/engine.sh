# A Docker Engine: the machine's own when it answers, else a private one. Sourced by ./dev.
#
# The private engine keeps everything below $run_dir and has a bridge of its own. It gets no iptables
# rights: published ports go through Docker's proxy, and the two rules for outbound traffic are ours, so
# that they can be taken back exactly.

engine_socket=""
engine_kind=""

docker_at() { docker -H "unix://$engine_socket" "$@"; }
docker_answers() { timeout 5 docker -H "unix://$1" version --format '{{.Server.Version}}' 2>/dev/null; }

use_engine() {
  local version socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
  if [ "${socket#unix://}" != "$socket" ] && version=$(docker_answers "${socket#unix://}"); then
    engine_socket=${socket#unix://}
    engine_kind="Docker Engine $version of this machine"
  else
    start_private_engine
    engine_kind="a private Docker Engine $(docker_answers "$engine_socket")"
  fi
}

# A third octet below 172.31 that no address or route of this machine uses.
unused_subnet() {
  local octet
  for octet in $(seq 200 254); do
    if ! { ip -4 -o addr && ip -4 route; } | grep -qF "172.31.$octet."; then
      echo "$octet"
      return 0
    fi
  done
  return 1
}

start_private_engine() {
  step "Starting a private Docker Engine"
  local octet bridge
  octet=$(unused_subnet) || fail "no unused network among 172.31.200.0/24 to 172.31.254.0/24 for a private Docker Engine"
  bridge=berth-$octet
  engine_socket=$run_dir/docker.sock
  echo "$bridge" >"$run_dir/engine.bridge"
  ip link add "$bridge" type bridge
  ip addr add "172.31.$octet.1/24" dev "$bridge"
  ip link set "$bridge" up
  allow_outbound "$bridge" "172.31.$octet.0/24"
  start_daemon dockerd dockerd --data-root "$run_dir/docker" --exec-root "$run_dir/exec" \
    -H "unix://$engine_socket" --pidfile "$run_dir/docker.pid" --bridge "$bridge" --iptables=false \
    --ip-forward=false --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$(basename "$run_dir")"
  wait_for 30 docker_answers "$engine_socket" || daemon_failed dockerd "the private Docker Engine did not start within 30 s"
}

outbound_rule_nat() { iptables -w -t nat "$1" POSTROUTING -s "$3" ! -o "$2" -j MASQUERADE; }
outbound_rule_out() { iptables -w "$1" FORWARD -i "$2" -j ACCEPT; }
outbound_rule_back() { iptables -w "$1" FORWARD -o "$2" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; }

# allow_outbound BRIDGE NETWORK: containers may call out. A machine without iptables goes without.
allow_outbound() {
  if [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]; then
    touch "$run_dir/engine.forward"
    echo 1 >/proc/sys/net/ipv4/ip_forward
  fi
  echo "$2" >"$run_dir/engine.network"
  if ! { outbound_rule_nat -A "$@" && outbound_rule_out -I "$@" && outbound_rule_back -I "$@"; } 2>/dev/null; then
    say "    iptables refused: containers can be reached, but can't call out"
  fi
}

# stop_private_engine DIR: whatever start_private_engine left in DIR, in any state.
stop_private_engine() {
  local dir=$1 bridge network group ids
  [ -e "$dir/engine.bridge" ] || return 0
  if ids=$(timeout 10 docker -H "unix://$dir/docker.sock" ps -aq 2>/dev/null) && [ -n "$ids" ]; then
    # shellcheck disable=SC2086
    timeout 30 docker -H "unix://$dir/docker.sock" rm -f $ids >/dev/null 2>&1 || true
  fi
  stop_daemon "$dir" dockerd 20
  kill_leftovers "$dir"
  unmount_below "$dir"
  bridge=$(cat "$dir/engine.bridge")
  if network=$(cat "$dir/engine.network" 2>/dev/null); then
    outbound_rule_back -D "$bridge" "$network" 2>/dev/null || true
    outbound_rule_out -D "$bridge" "$network" 2>/dev/null || true
    outbound_rule_nat -D "$bridge" "$network" 2>/dev/null || true
  fi
  [ ! -e "$dir/engine.forward" ] || echo 0 >/proc/sys/net/ipv4/ip_forward
  ip link del "$bridge" 2>/dev/null || true
  for group in /sys/fs/cgroup/"$(basename "$dir")" /sys/fs/cgroup/*/"$(basename "$dir")"; do
    [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

# After an engine that was killed: containers (by its control groups), its containerd and shims (by DIR,
# which their command lines name).
kill_leftovers() {
  local dir=$1 pid
  for pid in $(cat /sys/fs/cgroup/"${dir##*/}"/*/cgroup.procs /sys/fs/cgroup/*/"${dir##*/}"/*/cgroup.procs 2>/dev/null) \
    $(cd /proc && grep -lsF "$dir/exec/" [0-9]*/cmdline | cut -d/ -f1); do
    kill -KILL "$pid" 2>/dev/null || true
  done
}

unmount_below() {
  local point
  while read -r point; do
    umount "$point" 2>/dev/null || umount -l "$point" 2>/dev/null || true
  done < <(awk -v dir="$1/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
}
