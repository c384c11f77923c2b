/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * process_watch: tells the daemon which processes appear and end.
 *
 * Raw tracepoints, but only the current pid is used: no kernel structure is read. Both are hints; the daemon's sweep of
 * /proc makes them true. The exit tracepoint fires for every thread, of which the group leader stands for the process.
 */
#include "bpf/base/maps.bpf.h"

static __always_inline void ns_process_event(u32 type, u32 pid)
{
	struct ns_process_event event = {.type = type, .pid = pid};

	/* Rare and urgent: wakes the control thread (flags 0: when it has read everything else). */
	bpf_ringbuf_output(&process_events, &event, sizeof(event), 0);
}

SEC("raw_tp/sched_process_exec")
int process_exec(void *ctx)
{
	ns_process_event(NS_PROCESS_EXEC, bpf_get_current_pid_tgid() >> 32);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int process_exit(void *ctx)
{
	u64 id = bpf_get_current_pid_tgid();

	if ((u32)id == id >> 32)
		ns_process_event(NS_PROCESS_EXIT, id >> 32);
	return 0;
}
