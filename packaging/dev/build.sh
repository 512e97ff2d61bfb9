# Packages and builds. Sourced by ./dev.

listed_packages() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' -e 's/[[:space:]]//g' packaging/packages.txt; }

missing_packages() {
  local installed
  # A package that another provides (pkgconf for pkg-config) counts as installed.
  installed=$(dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Provides}\n' 2>/dev/null |
    awk -F'|' '/^.i/ { print $2; n = split($3, p, /, */); for (i = 1; i <= n; i++) { sub(/ .*/, "", p[i]); print p[i] } }')
  listed_packages | grep -vxF -f <(printf '%s\n' "$installed") || true
}

ensure_packages() {
  command -v dpkg-query >/dev/null || fail "this needs Debian 12: dpkg-query is not here"
  local missing
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086
  set -- $missing
  if [ "$(id -u)" -ne 0 ]; then
    fail "$# Debian packages are missing; install them as root, then start again:
  apt-get update && apt-get install --no-install-recommends $*"
  fi
  step "Installing $# packages: $*"
  install_packages "$@"
}

# Debian starts a daemon when it installs one. Nothing here wants a system-wide Docker or registry:
# while packages are installed, a policy says no, unless the machine has a policy of its own.
install_packages() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\n# Made by ./dev while it installs packages.\nexit 101\n' >$policy
    chmod 755 $policy
  fi
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  if ! { apt-get -q update && apt-get -q install -y --no-install-recommends "$@"; } </dev/null >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    fail "apt-get failed; its whole output is in $log"
  fi
  rm -f "$log"
)

# configure PRESET: once; ninja reconfigures by itself when a CMake file changes.
configure() {
  [ -e "build/$1/build.ninja" ] && return 0
  step "Configuring build/$1"
  cmake --preset "$1" >build/configure.log 2>&1 || {
    cat build/configure.log >&2
    rm -f "build/$1/build.ninja"
    fail "CMake could not configure; see above"
  }
}

# build_targets PRESET [TARGET...]: every target when none is named.
build_targets() {
  local preset=$1
  shift
  mkdir -p build
  configure "$preset"
  step "Building ${*:-everything} ($preset)"
  # NINJA_STATUS keeps a terminal to one line; --quiet keeps a log short.
  if [ -t 1 ]; then
    ninja -C "build/$preset" "$@"
  else
    ninja -C "build/$preset" --quiet "$@"
  fi || fail "the build failed; see above"
}

build_programs() { build_targets release berth berth-agent berth-controller berth-crun berth-log-keeper; }
