# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Installs the distribution packages that building, testing and measuring need; source common.sh first.
#
#   packages_install GROUP...         groups: build, test, shop, kernel (tables below)
#   packages_missing GROUP...         prints what packages_install would install, one a line
#
# When everything is there this is one dpkg-query (about 20 ms) and changes nothing. Otherwise it needs root, says what it
# installs and never asks. Only Debian 12 is installed for; elsewhere the missing names are printed and it fails.

# shellcheck disable=SC2034  # read through indirect expansion below
PACKAGES_build="clang-14 llvm-14 meson ninja-build pkg-config g++ ccache bpftool python3 ca-certificates
  libelf-dev zlib1g-dev libcapstone-dev libabsl-dev libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libssl-dev libcurl4-openssl-dev libcpp-httplib-dev prometheus-cpp-dev nlohmann-json3-dev libcli11-dev libmimalloc-dev libfmt-dev libspdlog-dev libgtest-dev libgmock-dev libbenchmark-dev"
# shellcheck disable=SC2034
PACKAGES_test="clang-format-14 clang-tidy-14 libclang-rt-14-dev curl git wrk util-linux postgresql mariadb-server-core
  redis-server"
# shellcheck disable=SC2034
PACKAGES_shop="postgresql util-linux"
# shellcheck disable=SC2034
PACKAGES_kernel="qemu-system-x86 busybox-static"

# libbpf below 1.4 does not know uprobe_multi; Debian 12 itself has 1.1.
LIBBPF_FLOOR=1.4
BACKPORTS_SOURCE=/etc/apt/sources.list.d/nodespan-backports.sources

package_version() {  # prints the installed version, nothing when it is not installed
  dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^installed //p'
}

libbpf_is_current() {
  local version
  version="$(package_version libbpf-dev)"
  [ -n "$version" ] && dpkg --compare-versions "${version#*:}" ge "$LIBBPF_FLOOR"
}

packages_missing() {
  local group list wanted=() name
  for group in "$@"; do
    list="PACKAGES_$group"
    [ -n "${!list:-}" ] || die "unknown package group $group"
    # shellcheck disable=SC2206  # the tables are word lists
    wanted+=(${!list})
  done
  # dpkg-query fails when any name is unknown to it, which is normal here.
  local installed
  installed=" $(dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null |
    sed -n 's/^\([^ :]*\)[^ ]* installed$/\1/p' | tr '\n' ' ' || true) "
  for name in "${wanted[@]}"; do
    [[ "$installed" == *" $name "* ]] || printf '%s\n' "$name"
  done
  case " $* " in
    *" build "*) libbpf_is_current || printf '%s\n' libbpf-dev ;;
  esac
  # By their commands: a machine with Docker has them from other packages, which these would replace.
  case " $* " in
    *" test "*)
      command -v containerd >/dev/null || printf '%s\n' containerd
      command -v runc >/dev/null || printf '%s\n' runc
      ;;
  esac
}

apt_quiet() {
  DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# Adds the backports suite of the archive this machine already uses. Fails when no such source can be derived.
backports_enable() {
  local codename="$1" source
  if apt-cache policy 2>/dev/null | grep -q "n=${codename}-backports,"; then return 0; fi
  source="$("$REPO_ROOT/tools/lib/apt-source" "${codename}-backports")" || return 1
  say "adding apt source $BACKPORTS_SOURCE (suite ${codename}-backports)"
  printf '# Added by nodespan tools/build; remove this file to take it back.\n%s\n' "$source" >"$BACKPORTS_SOURCE"
  run_logged "$CACHE_DIR/apt.log" apt_quiet update
}

packages_install() {
  local missing codename plain=() name
  missing="$(packages_missing "$@")"
  [ -n "$missing" ] || return 0
  # shellcheck source=/dev/null
  codename="$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")"
  [ "$codename" = bookworm ] ||
    die "these packages are missing and are installed automatically on Debian 12 only: ${missing//$'\n'/ }"
  [ "$(id -u)" -eq 0 ] || die "run as root to install the missing packages: ${missing//$'\n'/ }"
  say "installing: ${missing//$'\n'/ }"
  mkdir -p "$CACHE_DIR"
  run_logged "$CACHE_DIR/apt.log" apt_quiet update || return 1
  for name in $missing; do
    [ "$name" = libbpf-dev ] || plain+=("$name")
  done
  if [ ${#plain[@]} -gt 0 ]; then
    run_logged "$CACHE_DIR/apt.log" apt_quiet install --no-install-recommends "${plain[@]}" || return 1
  fi
  if ! libbpf_is_current && [[ " $* " == *" build "* ]]; then
    backports_enable "$codename" || die "libbpf >= $LIBBPF_FLOOR is needed and ${codename}-backports cannot be added"
    run_logged "$CACHE_DIR/apt.log" apt_quiet install --no-install-recommends \
      "libbpf-dev/${codename}-backports" "libbpf1/${codename}-backports" || return 1
  fi
  missing="$(packages_missing "$@")"
  [ -z "$missing" ] || die "still missing after installation: ${missing//$'\n'/ }"
}
