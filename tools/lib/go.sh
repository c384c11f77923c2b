# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Finds a Go toolchain, or installs the distribution's; source common.sh and packages.sh first.
#
#   go_find [FLOOR]      prints the path of a go command of at least version 1.FLOOR (default 0), status 1 when there is none
#   go_require           the same with installation: any Go >= 1.21 that is there, else golang-go from backports, else the
#                        release's own golang-go (older, but the test programs build with it)

go_minor() {  # 1.26.8 -> 26; nothing for what is not a Go 1 release
  "$1" env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p'
}

go_find() {
  local floor="${1:-0}" candidate minor
  for candidate in "$(command -v go || true)" /usr/local/go/bin/go; do
    [ -n "$candidate" ] && [ -x "$candidate" ] || continue
    minor="$(GOTOOLCHAIN=local go_minor "$candidate")"
    if [ -n "$minor" ] && [ "$minor" -ge "$floor" ]; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

go_require() {
  go_find 21 && return 0
  local codename
  # shellcheck source=/dev/null
  codename="$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")"
  if [ "$(id -u)" -ne 0 ] || [ "$codename" != bookworm ]; then
    go_find || die "no Go toolchain found and none can be installed here: install Go 1.21 or newer"
    return 0
  fi
  say "installing: golang-go (backports)"
  mkdir -p "$CACHE_DIR"
  if ! { backports_enable "$codename" &&
    run_logged "$CACHE_DIR/apt.log" apt_quiet install --no-install-recommends -t "${codename}-backports" golang-go; }; then
    say "installing: golang-go (${codename})"
    run_logged "$CACHE_DIR/apt.log" apt_quiet install --no-install-recommends golang-go || return 1
  fi
  hash -r
  go_find
}
