#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# First process of the test VM: runs the tests of propagation, prints what they said between markers on the serial
# console, and powers off (tests/kernel/propagation reads the log).
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
dmesg -n 1
# Pages that are put together into large ones cannot be read by programs meanwhile, which takes long in a VM like this.
echo never >/sys/kernel/mm/transparent_hugepage/enabled
ifconfig lo 127.0.0.1 up
echo "@@BOOTED $(uname -r)"

echo "@@BEGIN tests"
NODESPAN_BINARY=/nodespan NODESPAN_SOURCE=/ NODESPAN_TEST_PROGRAMS=/programs \
  NODESPAN_TEST_PATIENCE=180 /tests --gtest_color=no --gtest_filter="$(cat /filter)" 2>&1
status=$?
echo
echo "@@END tests"
echo "@@DONE $status"
sleep 0.2
poweroff -f
