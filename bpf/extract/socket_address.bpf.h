/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The peer of a net.Conn: *net.TCPConn, also under a *tls.Conn (net/tcpsock.go, net/fd_unix.go, crypto/tls/conn.go). */
#ifndef NODESPAN_SOCKET_ADDRESS_H
#define NODESPAN_SOCKET_ADDRESS_H

#include "bpf/extract/go_values.bpf.h"
#include "bpf/extract/hit.bpf.h"

/* Reads a *net.TCPAddr. Leaves `out` as it is on failure, which is counted. */
static __always_inline void ns_read_tcp_addr(u64 tcp_addr, u32 ip_off, u32 port_off, struct ns_socket_address *out)
{
	struct go_string ip = {}; /* a []byte begins like a string */
	u64 port = 0;

	if (bpf_probe_read_user(&ip, sizeof(ip), (const void *)(tcp_addr + ip_off)) ||
	    ns_read_u64(&port, tcp_addr + port_off))
		goto unreadable;
	if (ip.bytes == 4) {
		if (bpf_probe_read_user(out->ip, 4, (const void *)ip.data))
			goto unreadable;
	} else if (ip.bytes == 16) {
		if (bpf_probe_read_user(out->ip, 16, (const void *)ip.data))
			goto unreadable;
	} else {
		return;
	}
	out->ip_bytes = ip.bytes;
	out->port = port;
	return;
unreadable:
	ns_count(NS_LOSS_FIELD_UNREADABLE);
}

/* Leaves `out` as it is when the connection is of another kind. */
static __always_inline void ns_read_peer(const struct ns_hit *hit, struct go_iface conn, struct ns_socket_address *out)
{
	const struct ns_peer_params *params = &hit->binary->peer;
	const u64 bias = hit->params->load_bias;
	struct go_iface addr = {};
	u64 fd = 0;

	if (params->tls_conn_itab_vaddr && conn.itab == params->tls_conn_itab_vaddr + bias &&
	    ns_read_iface(&conn, conn.data + params->tls_conn_conn_off))
		goto unreadable;
	if (!params->tcp_conn_itab_vaddr || conn.itab != params->tcp_conn_itab_vaddr + bias)
		return;
	if (ns_read_u64(&fd, conn.data) || ns_read_iface(&addr, fd + params->net_fd_raddr_off))
		goto unreadable;
	if (addr.itab == params->tcp_addr_itab_vaddr + bias)
		ns_read_tcp_addr(addr.data, params->tcp_addr_ip_off, params->tcp_addr_port_off, out);
	return;
unreadable:
	ns_count(NS_LOSS_FIELD_UNREADABLE);
}

#endif /* NODESPAN_SOCKET_ADDRESS_H */
