# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by every script in tools/. Sets REPO_ROOT, BUILD_DIR and CACHE_DIR and defines say, warn and die.
# Everything that is said goes to stderr, so that stdout stays free for results.

REPO_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
BUILD_DIR="${BUILD_DIR:-$REPO_ROOT/build}"
CACHE_DIR="${NODESPAN_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nodespan}"
export REPO_ROOT BUILD_DIR CACHE_DIR

say() { printf '%s\n' "$*" >&2; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# Runs a command with its output in FILE; on failure the end of that output is shown and its status returned.
run_logged() {  # run_logged FILE COMMAND...
  local log="$1" status=0
  shift
  "$@" >"$log" 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then
    say "failed ($status): $*"
    tail -n 40 "$log" >&2
    say "whole output: $log"
  fi
  return "$status"
}
