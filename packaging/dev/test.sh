# ./dev test: every test, with one line of totals at the end. Sourced by ./dev.

# Integration tests wait most of their time: on two CPUs more runs at once than that.
integration_runs=3

test_command() {
  local preset=release labels=(-LE bench) suites=(ctest) runs=$integration_runs pattern="" results run failed=0
  while [ $# -gt 0 ]; do
    case $1 in
      --fast) runs=0 ;;
      --sanitize)
        preset=asan
        labels=(-L '^(unit|simulation)$')
        runs=0
        ;;
      -*) usage_error "test does not know '$1'" ;;
      *) pattern=$1 ;;
    esac
    shift
  done
  if [ "$(id -u)" -ne 0 ] && [ "$runs" -gt 0 ]; then
    fail "the integration tests start a Docker Engine: run them as root, or leave them out with --fast"
  fi
  ensure_packages
  build_targets $preset
  results=$root/build/test-results
  rm -rf "$results"
  mkdir -p "$results"
  run_ctest || failed=1
  if [ "$runs" -gt 0 ]; then
    run_integration || failed=1
    for ((run = 1; run <= runs; run++)); do suites+=("integration-$run"); done
  fi
  python3 tests/summarise.py "$results" "${suites[@]}" || failed=1
  exit $failed
}

run_ctest() {
  step "C++ tests and lint ($preset)"
  # Without a pattern, no test at all is an error.
  local names=(--no-tests=error)
  [ -z "$pattern" ] || names=(-R "$pattern")
  ctest --test-dir "build/$preset" -j2 "${labels[@]}" "${names[@]}" --output-on-failure \
    --output-junit "$results/ctest.xml" >"$results/ctest.log" 2>&1 && return 0
  # What is left without the tests that passed: the output of those that did not.
  grep -vE '( Passed +[0-9.]+ sec|^ +Start +[0-9]+:)' "$results/ctest.log" >&2
  return 1
}

run_integration() {
  step "Integration tests on private Docker Engines, $runs runs at once that share the test files"
  local failed=0 run others=()
  mkdir "$results/taken"
  for ((run = 2; run <= runs; run++)); do
    run_share "$run" >"$results/integration-$run.log" 2>&1 &
    others+=($!)
  done
  run_share 1 || failed=1
  for run in "${others[@]}"; do wait "$run" || failed=1; done
  for ((run = 2; run <= runs; run++)); do cat "$results/integration-$run.log"; done
  return $failed
}

run_share() {
  local code=0 words=${pattern//[^A-Za-z0-9_]/_}
  BERTH_BIN=$root/build/$preset/bin python3 -m pytest tests/integration -q -p no:cacheprovider --share "$results/taken" \
    ${words:+-k "$words"} --junitxml="$results/integration-$1.xml" || code=$?
  # 5: no test has a name like the pattern.
  [ $code -eq 0 ] || { [ $code -eq 5 ] && [ -n "$pattern" ]; }
}
