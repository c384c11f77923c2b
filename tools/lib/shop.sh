# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The larger demo: a shop of several services (tests/goprograms/shop) with PostgreSQL on a private port. Sourced by
# tools/demo, which has `start_service`, `service_address`, `services` and `work`.
#
#   shop_start SHOP      starts database, broker and services; the address of the front is in `address` afterwards
#   shop_stop            ends the database

shop_postgres=""

shop_free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

shop_start_postgres() {  # sets shop_dsn
  local bin port data="$work/postgres"
  bin="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
  [ -x "$bin/postgres" ] || die "PostgreSQL is not installed (package postgresql)"
  port="$(shop_free_port)"
  mkdir "$data"
  chmod 755 "$work"
  chown postgres: "$data"
  run_logged "$work/initdb" setpriv --reuid=postgres --regid=postgres --clear-groups -- \
    "$bin/initdb" -D "$data/files" -A trust -U postgres -E UTF8 --no-locale --no-sync || exit 1
  setsid setpriv --reuid=postgres --regid=postgres --clear-groups -- "$bin/postgres" -D "$data/files" -k "$data" \
    -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off >"$work/postgres.log" 2>&1 &
  shop_postgres=$!
  await 'ready to accept connections' "$work/postgres.log" "$shop_postgres" 30 || {
    [ "$interrupted" = yes ] && exit 0
    die "PostgreSQL did not start: $(tail -n 5 "$work/postgres.log")"
  }
  shop_dsn="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
}

shop_start() {
  local shop="$1" kafka orders
  shop_start_postgres
  start_service broker "$shop" broker
  kafka="$(service_address broker)"
  # Its client library is one of the Kafka protocol and not one that is traced.
  services=()
  start_service shop-orders "$shop" orders --dsn "$shop_dsn" --kafka "$kafka"
  orders="$(service_address shop-orders)"
  start_service shop-stock "$shop" stock --dsn "$shop_dsn" --kafka "$kafka"
  start_service shop-front "$shop" front --dsn "$shop_dsn" --orders "$orders"
  address="$(service_address shop-front)"
}

shop_stop() { stop "$shop_postgres"; }
