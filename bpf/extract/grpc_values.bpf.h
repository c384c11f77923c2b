/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values of google.golang.org/grpc: statuses, and the addresses of connections. */
#ifndef NODESPAN_GRPC_VALUES_H
#define NODESPAN_GRPC_VALUES_H

#include "bpf/extract/hit.bpf.h"
#include "bpf/extract/socket_address.bpf.h"

/* How a call ended. */
struct ns_grpc_status {
	u32 known; /* the code is */
	u32 code;  /* 0: OK */
	struct go_string message;
};

/* Reads the google.rpc.Status at `proto_addr`; none is OK. */
static __always_inline struct ns_grpc_status ns_read_grpc_proto(const struct ns_hit *hit, u64 proto_addr)
{
	const struct ns_grpc_params *params = &hit->binary->grpc;
	struct ns_grpc_status status = {.known = 1};

	if (!proto_addr)
		return status;
	if (bpf_probe_read_user(&status.code, sizeof(status.code),
				(const void *)(proto_addr + params->proto_code_off)) ||
	    bpf_probe_read_user(&status.message, sizeof(status.message),
				(const void *)(proto_addr + params->proto_message_off))) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		status.known = 0;
		status.message.bytes = 0;
	}
	return status;
}

/* The same of a *status.Status (internal/status/status.go). */
static __always_inline struct ns_grpc_status ns_read_grpc_status(const struct ns_hit *hit, u64 status_addr)
{
	struct ns_grpc_status unknown = {};
	u64 proto = 0;

	if (status_addr && ns_read_u64(&proto, status_addr + hit->binary->grpc.status_proto_off)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return unknown;
	}
	return ns_read_grpc_proto(hit, proto);
}

/* The address at `addr`, a net.Addr; nothing when it is not one of TCP. */
static __always_inline void ns_read_grpc_peer(const struct ns_hit *hit, u64 iface_addr, struct ns_socket_address *out)
{
	const struct ns_grpc_params *params = &hit->binary->grpc;
	struct go_iface addr = {};

	if (ns_read_iface(&addr, iface_addr)) {
		ns_count(NS_LOSS_FIELD_UNREADABLE);
		return;
	}
	if (addr.itab == params->tcp_addr_itab_vaddr + hit->params->load_bias)
		ns_read_tcp_addr(addr.data, params->tcp_addr_ip_off, params->tcp_addr_port_off, out);
}

#endif /* NODESPAN_GRPC_VALUES_H */
