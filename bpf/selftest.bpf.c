/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the daemon loads first to find out how this kernel attaches uprobes: the program counts hits on a function of
 * the daemon itself and notes the cookie and the process id it saw. See src/ebpf/attach_probe.h.
 */
#include "bpf/base/bpf_prelude.bpf.h"

u64 selftest_hits;
u64 selftest_cookie;
u32 selftest_tgid;

SEC("uprobe")
int selftest_hit(void *ctx)
{
	if (ns_has_attach_cookie)
		selftest_cookie = bpf_get_attach_cookie(ctx);
	selftest_tgid = bpf_get_current_pid_tgid() >> 32;
	__sync_fetch_and_add(&selftest_hits, 1);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
