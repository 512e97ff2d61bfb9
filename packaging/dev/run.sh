# ./dev run: engine, registry, controller, agent and a sample task on this machine. Sourced by ./dev.
#
# Everything lives below one temporary folder, named in build/run.dir, and is taken down from what that
# folder holds (pids, bridge, image), so that a run that was killed is cleaned up by the next one.

run_marker=$root/build/run.dir
region=us-east-1
endpoint=""
stop_ok=130

run_command() {
  local once=no
  case ${1:-} in
    "") ;;
    --once) once=yes ;;
    *) usage_error "run does not know '$1'" ;;
  esac
  [ "$(id -u)" -eq 0 ] || fail "run starts containers and a network bridge: start it as root"
  ensure_packages
  build_programs
  claim_run_dir
  use_engine
  step "Docker: $engine_kind, unix://$engine_socket"
  echo "$engine_socket" >"$run_dir/engine.socket"
  start_registry
  make_sample_image
  step "Registry: 127.0.0.1:$registry_port, with $sample_image"
  start_controller
  start_agent
  run_sample_task
  if [ $once = yes ]; then
    say "$page"
    step "The sample task runs and answers: stopping, as --once asks"
    return 0
  fi
  print_summary
  stop_ok=0
  watch_daemons
}

claim_run_dir() {
  local old
  mkdir -p build
  if old=$(cat "$run_marker" 2>/dev/null) && [ -d "$old" ]; then
    if daemon_alive_script "$old"; then
      fail "./dev run is already up (pid $(cat "$old/script.pid")); stop it with Ctrl-C or kill"
    fi
    step "Cleaning up after a run that was killed"
    clean_up "$old"
  fi
  run_dir=$(mktemp -d /tmp/berth-run.XXXXXX)
  echo "$run_dir" >"$run_marker"
  echo $$ >"$run_dir/script.pid"
  trap 'on_exit $?' EXIT
  trap 'exit $stop_ok' INT TERM HUP
  trap 'exit 1' PIPE
}

daemon_alive_script() {
  local pid
  pid=$(cat "$1/script.pid" 2>/dev/null) && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q 'dev run'
}

# Nothing may end this half-way: not a second Ctrl-C, nor a reader of the output that went away.
on_exit() {
  trap '' INT TERM HUP PIPE
  trap - EXIT
  set +e
  printf '\n'
  step "Stopping: tasks, agent, controller, registry, engine"
  clean_up "$run_dir"
  step "Everything is stopped and removed"
  exit "$1"
}

clean_up() {
  local dir=$1
  if daemon_alive "$dir" berth-controller && daemon_alive "$dir" berth-agent; then
    ecs_in "$dir" stop-all "$dir/tasks" || true
  fi
  stop_daemon "$dir" berth-agent 15
  remove_task_containers "$dir"
  stop_daemon "$dir" berth-controller 15
  stop_daemon "$dir" registry 5
  stop_private_engine "$dir"
  rm -rf --one-file-system "$dir"
  rm -f "$run_marker"
}

# On this machine's own engine, only what this run made is removed: its tasks' containers, its image.
remove_task_containers() {
  local dir=$1 socket arn image
  [ -e "$dir/engine.socket" ] && [ ! -e "$dir/engine.bridge" ] || return 0
  socket=unix://$(cat "$dir/engine.socket")
  image=$(cat "$dir/sample.image" 2>/dev/null || true)
  {
    while read -r arn; do
      docker -H "$socket" ps -aq --filter "label=com.amazonaws.ecs.task-arn=$arn"
    done < <(cat "$dir/tasks" 2>/dev/null)
    [ -z "$image" ] || docker -H "$socket" ps -aq --filter "ancestor=$image"
  } 2>/dev/null | sort -u | xargs -r docker -H "$socket" rm -f >/dev/null 2>&1 || true
  [ -z "$image" ] || docker -H "$socket" rmi -f "$image" >/dev/null 2>&1 || true
}

# The environment of every AWS client: this run's key and nothing of the caller's own settings.
aws_env() {
  env -u AWS_PROFILE -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN \
    AWS_SHARED_CREDENTIALS_FILE="$1/controller/admin-credentials" AWS_CONFIG_FILE=/dev/null \
    AWS_DEFAULT_REGION=$region AWS_PAGER= AWS_EC2_METADATA_DISABLED=true "${@:2}"
}

ecs_in() { aws_env "$1" python3 "$root/packaging/dev/ecs.py" "$(cat "$1/endpoint")" "${@:2}"; }
ecs_cli() { aws_env "$run_dir" aws --endpoint-url "$endpoint" --output json ecs "$@"; }

controller_answers() {
  daemon_alive "$run_dir" berth-controller || return 0
  curl -fsS --max-time 2 "$endpoint/health"
}

start_controller() {
  local port
  port=$(free_port 7400)
  endpoint=http://127.0.0.1:$port
  echo "$endpoint" >"$run_dir/endpoint"
  cat >"$run_dir/controller.yaml" <<YAML
listen: 127.0.0.1:$port
data_dir: $run_dir/controller
region: $region
account: "000000000000"
auth: sigv4
YAML
  start_daemon berth-controller build/release/bin/berth-controller --config "$run_dir/controller.yaml"
  { wait_for 15 controller_answers && daemon_alive "$run_dir" berth-controller; } ||
    daemon_failed berth-controller "berth-controller did not answer on $endpoint/health"
  step "Controller: $endpoint"
}

start_agent() {
  cat >"$run_dir/agent.yaml" <<YAML
cluster: default
controller: $endpoint
region: $region
credentials: {file: $run_dir/controller/admin-credentials}
runtime: {kind: docker, socket: "unix://$engine_socket"}
data_dir: $run_dir/agent
YAML
  ecs_cli create-cluster --cluster-name default >/dev/null ||
    daemon_failed berth-controller "aws ecs create-cluster failed"
  start_daemon berth-agent build/release/bin/berth-agent --config "$run_dir/agent.yaml"
  instance=$(ecs_in "$run_dir" wait-instance "$(daemon_pid "$run_dir" berth-agent)") ||
    daemon_failed berth-agent "berth-agent did not join the cluster"
  step "Agent: joined as $instance"
}

run_sample_task() {
  sed "s|@IMAGE@|$sample_image|" packaging/examples/hello-task.json >"$run_dir/hello-task.json"
  ecs_cli register-task-definition --cli-input-json "file://$run_dir/hello-task.json" >/dev/null ||
    daemon_failed berth-controller "aws ecs register-task-definition failed"
  ecs_cli run-task --task-definition hello >"$run_dir/run-task.json" ||
    daemon_failed berth-controller "aws ecs run-task failed"
  task=$(jq -er '.tasks[0].taskArn' "$run_dir/run-task.json") ||
    fail "run-task placed nothing: $(jq -c .failures "$run_dir/run-task.json")"
  step "Task: $task"
  host_port=$(ecs_in "$run_dir" wait-running "$task" "$(daemon_pid "$run_dir" berth-agent)") ||
    daemon_failed berth-agent "the sample task did not reach RUNNING"
  page=$(curl -fsS --max-time 5 --retry 10 --retry-delay 1 --retry-all-errors "http://127.0.0.1:$host_port/" 2>&1) ||
    daemon_failed berth-agent "the sample page on port $host_port did not answer: $page"
}

# The aws that the caller's shell would start may be another program than Debian's.
aws_command() {
  if [ "$(PATH=$user_path command -v aws || true)" = /usr/bin/aws ]; then echo aws; else echo /usr/bin/aws; fi
}

print_summary() {
  local client name
  client="$(aws_command) --endpoint-url $endpoint ecs"
  printf '\nThe sample task is RUNNING. Its page says:\n\n'
  printf '%s\n' "$page" | sed 's/^/    /'
  printf '\nRunning here:\n'
  for name in berth-controller berth-agent registry dockerd; do
    daemon_alive "$run_dir" $name || continue
    printf '    %-17s pid %-7s log %s\n' $name "$(daemon_pid "$run_dir" $name)" "$run_dir/$name.log"
  done
  cat <<TEXT

To go on, in another shell:

    export AWS_SHARED_CREDENTIALS_FILE=$run_dir/controller/admin-credentials
    export AWS_DEFAULT_REGION=$region AWS_PAGER=
    unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    $client list-tasks
    $client run-task --task-definition hello --count 3
    $client describe-tasks --tasks ${task##*/}
    $client stop-task --task ${task##*/}
    build/release/bin/berth --endpoint $endpoint ps
    curl http://127.0.0.1:$host_port/
    docker -H unix://$engine_socket ps

Ctrl-C stops all of it and cleans up.
TEXT
}

watch_daemons() {
  local name told=" "
  while true; do
    for name in berth-controller berth-agent registry; do
      if [ "${told#* "$name" }" = "$told" ] && ! daemon_alive "$run_dir" $name; then
        told="$told$name "
        say "==> $name has ended; the end of $run_dir/$name.log:"
        tail -n 5 "$run_dir/$name.log"
      fi
    done
    sleep 1
  done
}
