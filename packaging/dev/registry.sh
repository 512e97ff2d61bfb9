# The image registry and the sample image. Sourced by ./dev.

registry_port=""
sample_image=""

registry_answers() { curl -fsS --max-time 2 "http://127.0.0.1:$registry_port/v2/"; }

start_registry() {
  registry_port=$(free_port 7500)
  cat >"$run_dir/registry.yml" <<YAML
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: $run_dir/registry}
http: {addr: "127.0.0.1:$registry_port"}
YAML
  start_daemon registry docker-registry serve "$run_dir/registry.yml"
  wait_for 15 registry_answers || daemon_failed registry "the registry did not start within 15 s"
}

# A web server in an image of one file: busybox, its links and a start script.
make_sample_image() {
  local tree=$run_dir/sample name
  mkdir -p "$tree/bin" "$tree/www" "$tree/tmp"
  cp "$(command -v busybox)" "$tree/bin/busybox"
  for name in sh cat date echo env hostname httpd ls ps sleep wget; do ln -sf busybox "$tree/bin/$name"; done
  cat >"$tree/bin/serve" <<'SERVE'
#!/bin/sh
# Serves one page that says where it comes from, until it is told to stop.
trap 'exit 0' TERM INT
cat >/www/index.html <<PAGE
Hello from Berth!
task definition: ${TASK_DEFINITION:-unknown}
container:       $(hostname)
started:         $(date -u '+%Y-%m-%d %H:%M:%S UTC')
PAGE
httpd -f -p "${PORT:-80}" -h /www &
wait $!
SERVE
  chmod 755 "$tree/bin/serve"
  sample_image=127.0.0.1:$registry_port/hello:1
  tar -C "$tree" -c . | docker_at import -c 'CMD ["/bin/serve"]' -c 'ENV PATH=/bin' -c 'EXPOSE 80' - \
    "$sample_image" >/dev/null || fail "docker import of the sample image failed; see above"
  echo "$sample_image" >"$run_dir/sample.image"
  docker_at push -q "$sample_image" >/dev/null || daemon_failed registry "docker push of $sample_image failed"
  # Only the registry keeps it: the agent's pull is a real one.
  docker_at rmi -f "$sample_image" >/dev/null
}
