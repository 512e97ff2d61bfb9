# ./dev fuzz: the libFuzzer programs. Sourced by ./dev.

# fuzz_command [TARGET] [SECONDS]: inputs that reach something new stay in build/fuzz/corpus, those that fail in
# build/fuzz/findings.
fuzz_command() {
  local target=${1:-} seconds=${2:-60} targets
  [ $# -le 2 ] || usage_error "fuzz takes a target and seconds"
  [[ $seconds =~ ^[0-9]+$ ]] || usage_error "'$seconds' are no seconds"
  targets=$(cd tests/fuzz/corpus && printf '%s\n' *)
  if [ -n "$target" ]; then
    grep -qxF -- "$target" <<<"$targets" ||
      usage_error "there is no fuzz target '$target'; there are: ${targets//$'\n'/ }"
    targets=$target
  fi
  ensure_packages
  # shellcheck disable=SC2046,SC2086
  build_targets fuzz $(printf 'fuzz_%s ' $targets)
  local failed=0
  for target in $targets; do
    step "Fuzzing $target for $seconds s"
    fuzz_one "$target" "$seconds" || failed=1
  done
  exit $failed
}

fuzz_one() {
  local name=$1 corpus=build/fuzz/corpus/$1 findings=build/fuzz/findings/$1 words=build/fuzz/$1.dict
  mkdir -p "$corpus" "$findings"
  cat "tests/fuzz/dict/json.dict" "tests/fuzz/dict/$name.dict" >"$words" 2>/dev/null || true
  "build/fuzz/bin/fuzz_$name" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -max_len=16384 \
    -dict="$words" -print_final_stats=1 -artifact_prefix="$findings/" "$corpus" "tests/fuzz/corpus/$name" \
    >"build/fuzz/$name.log" 2>&1 && {
    grep -E 'stat::number_of_executed_units' "build/fuzz/$name.log"
    return 0
  }
  tail -n 40 "build/fuzz/$name.log"
  say "The input is in $findings; once fixed, a copy in tests/fuzz/corpus/$name keeps it so."
  return 1
}
