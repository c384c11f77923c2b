#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# First process of the test VM: runs nodespan against a Go server and one request, prints what came out between markers on
# the serial console, and powers off. The host reads the log (tests/kernel/run); nothing else gets out of the VM.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
dmesg -n 1
ifconfig lo 127.0.0.1 up
echo "@@BOOTED $(uname -r)"

# wait_for PATTERN FILE SECONDS
wait_for() {
  tries=$(($3 * 10))
  while ! grep -q "$1" "$2"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.1
  done
}

mkfifo /go
: >/truth
: >/err
/httpserver --wait --scenario single <>/go >/truth 2>&1 &
server=$!
wait_for '^ready ' /truth 30 || echo "the server did not become ready" >>/err

# With captured headers the programs are at their largest; with --propagate those that write are loaded as well.
OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS=user-agent \
  OTEL_TRACES_EXPORTER=otlp/stdout OTEL_BSP_SCHEDULE_DELAY=100 /nodespan --propagate --pid $server >/spans 2>>/err &
tracer=$!
wait_for "attached pid=$server" /err 90 || echo "nodespan did not attach" >>/err
echo >/go
wait_for '"kind":"summary"' /truth 30 || echo "the server did not finish" >>/err
wait_for traceId /spans 10
kill -TERM $tracer
tries=300
while kill -0 $tracer 2>/dev/null && [ $tries -gt 0 ]; do
  tries=$((tries - 1))
  sleep 0.1
done
wait $tracer
status=$?

for name in truth err spans; do
  echo "@@BEGIN $name"
  cat /$name
  echo
  echo "@@END $name"
done
echo "@@DONE $status"
sleep 0.2
poweroff -f
