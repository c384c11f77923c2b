// SPDX-License-Identifier: Apache-2.0
// What holds a pod's sandbox open: nothing but waiting for the end.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void End(int signal_number) {
  (void)signal_number;
  _exit(0);
}

int main(void) {
  signal(SIGTERM, End);
  signal(SIGINT, End);
  for (;;) {
    pause();
  }
}
