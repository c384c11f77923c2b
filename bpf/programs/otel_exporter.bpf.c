/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * otel_exporter: tells the daemon that a process exports spans of its own.
 *
 * ExportSpans of whatever implements go.opentelemetry.io/otel/sdk/trace.SpanExporter: once per batch of spans, never
 * for an empty one (sdk/trace/batch_span_processor.go, exportSpans).
 */
#include "bpf/extract/hit.bpf.h"

SEC("uprobe")
int otel_exporter_export(struct go_regs *ctx)
{
	struct ns_process_event event = {.type = NS_PROCESS_EXPORTS};
	struct ns_hit hit = {};

	if (ns_hit_begin(ctx, &hit))
		return 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.target_slot = hit.slot;
	event.target_generation = hit.generation;
	bpf_ringbuf_output(&process_events, &event, sizeof(event), 0);
	return 0;
}
