/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Map keys and values: what the daemon tells the programs before a probe is attached. */
#ifndef NODESPAN_ABI_PARAMS_H
#define NODESPAN_ABI_PARAMS_H

#include "bpf/abi/base.h"

/* ---- Sites ---- */

/* General registers, by the order in which Go passes integer arguments and results; the rest behind them. */
enum ns_register {
	NS_REG_ARG0, /* amd64: AX BX CX DI SI R8 R9 R10 R11; arm64: R0.. */
	NS_REG_DX = 9,
	NS_REG_BP,
	NS_REG_R12,
	NS_REG_R13,
	NS_REG_R15,
	NS_REG_COUNT = 16
};

enum ns_value_source {
	NS_VALUE_NONE,
	NS_VALUE_REGISTER, /* value: enum ns_register */
	NS_VALUE_STACK,	   /* value: offset from the stack pointer at the hit */
	NS_VALUE_CONSTANT, /* value: the number itself */
	NS_VALUE_ADDRESS,  /* value, taken as unsigned: an address as linked */
	NS_VALUE_MEMORY,   /* value, taken as unsigned: address, as linked, of a variable of the program */
};

struct ns_value_location {
	int32_t value;
	uint8_t source; /* enum ns_value_source */
	uint8_t pad[3];
};

/* Bits of ns_site.flags */
#define NS_SITE_STACK_CHECK 0x1 /* on the stack check's branch: a hit on the way to morestack comes again, drop it */
#define NS_SITE_EDGE 0x2	/* only hits count whose flags take, or do not take, the branch: see `edge` */
#define NS_SITE_EDGE_TAKEN 0x4	/* the edge is the one that is taken */
#define NS_SITE_CALLER 0x8	/* the word at the stack pointer is compared with the caller's range */
#define NS_SITE_OTHER_EDGE_NEXT 0x10 /* hits along the other edge belong to the next site, which has no probe */

#define NS_SITE_RESULTS 4

/* One probed instruction of a binary. Value of the array map `sites`: ns_binary_params.first_site + index. */
struct ns_site {
	uint64_t vaddr;	       /* of the instruction, as linked */
	uint64_t caller_vaddr; /* the function that calls this one in the ordinary case */
	uint32_t caller_bytes;
	uint8_t flags; /* NS_SITE_* */
	uint8_t edge;  /* condition code of the jcc: low four bits of its opcode */
	uint8_t tag;   /* which of what the program serves: enum ns_db_operation, or a router */
	uint8_t error; /* index of the error's first word in `results` */
	struct ns_value_location results[NS_SITE_RESULTS];
};
NS_ASSERT(sizeof(struct ns_site) == 56);

#define NS_MAX_SITES 256 /* per binary */

/* A probe's cookie: target slot in the low half, index of the site in the high half. */

/* ---- Go maps ---- */

/* How http.Header is laid out in the traced binary; all from its map descriptor. */
enum ns_map_kind {
	NS_MAP_NONE,	/* headers cannot be read */
	NS_MAP_CLASSIC, /* runtime.hmap with buckets and overflow chains */
	NS_MAP_SWISS,	/* internal/runtime/maps: groups, directory of tables */
};
#define NS_MAP_GROUP_BYTES 336 /* largest group or bucket of a map[string][]string */

struct ns_map_layout {
	uint8_t kind; /* enum ns_map_kind */
	/* A slot is live when its control byte c has (uint8_t)(c - control_min) <= control_span: classic tophash values
	 * start at 5 (runtime/map.go, minTopHash), Swiss control bytes of full slots have the top bit clear. */
	uint8_t control_min;
	uint8_t control_span;
	uint8_t pad;
	uint16_t group_bytes; /* size of a group (Swiss) or bucket (classic), <= NS_MAP_GROUP_BYTES */
	uint16_t control_off; /* in the group: 8 control bytes, or 8 tophash bytes */
	uint16_t key_off;     /* in the group: first key */
	uint16_t key_stride;
	uint16_t elem_off; /* in the group: first element */
	uint16_t elem_stride;
	uint16_t overflow_off; /* classic: in the bucket, pointer to the next one */
	/* classic: offsets in runtime.hmap */
	uint16_t hmap_b_off;
	uint16_t hmap_buckets_off;
	uint16_t hmap_oldbuckets_off;
	/* Swiss: offsets in maps.Map, maps.table and maps.groupsReference */
	uint16_t swiss_dir_ptr_off;
	uint16_t swiss_dir_len_off;
	uint16_t swiss_table_groups_off; /* of the groups reference in the table */
	uint16_t swiss_groups_data_off;	 /* in the groups reference */
	uint16_t swiss_groups_mask_off;	 /* in the groups reference: number of groups - 1 */
};
NS_ASSERT(sizeof(struct ns_map_layout) == 34);

#define NS_WINDOW_BYTES 512 /* most that is read of one Go value in one go: a net/http.Request, part of a response */

/* ---- net/http.Request, as servers and clients read it ---- */

/* Bits of ns_http_request_params.present */
#define NS_HTTP_PARAM_REMOTE_ADDR 0x1
#define NS_HTTP_PARAM_PATTERN 0x2 /* Request.Pattern (Go >= 1.23) */
#define NS_HTTP_PARAM_PAT_STR 0x4 /* Request.pat.str (Go 1.22) */
#define NS_HTTP_PARAM_PROTO 0x8
#define NS_HTTP_PARAM_TLS 0x10
#define NS_HTTP_PARAM_CONTENT_LENGTH 0x20
#define NS_HTTP_PARAM_HOST 0x40
#define NS_HTTP_PARAM_URI 0x80
#define NS_HTTP_PARAM_CONTEXT 0x100
#define NS_HTTP_PARAM_REDIRECT 0x200 /* Request.Response and Response.Request */

struct ns_http_request_params {
	uint32_t present; /* NS_HTTP_PARAM_* */
	uint16_t bytes;	  /* sizeof, <= NS_WINDOW_BYTES */
	uint16_t method_off;
	uint16_t url_off;
	uint16_t header_off;
	uint16_t uri_off;
	uint16_t host_off;
	uint16_t remote_addr_off;
	uint16_t content_length_off;
	uint16_t tls_off;
	uint16_t proto_major_off;
	uint16_t proto_minor_off;
	uint16_t ctx_off;
	uint16_t response_off; /* Request.Response: the redirect that caused this request */
	uint16_t pattern_off;
	uint16_t pat_off;
	uint16_t pat_str_off; /* net/http.pattern.str */
};
NS_ASSERT(sizeof(struct ns_http_request_params) == 36);

/* Which protocol a type of http.ResponseWriter speaks, and so how its state is found and the end of a request told. */
enum ns_http_writer_kind {
	NS_WRITER_HTTP1 = 1, /* *http.response is the state */
	NS_WRITER_HTTP2 = 2, /* points to the state */
};

/* Bits of ns_http_writer.flags */
#define NS_WRITER_STARTS_EARLIER 0x1 /* operations start with their stream, before serverHandler.ServeHTTP */
#define NS_WRITER_STREAM_REQUEST 0x2 /* with no http.Request yet: see ns_binary_params.stream_request */

struct ns_http_writer {
	uint64_t itab_vaddr; /* of (http.ResponseWriter, T), as linked; 0: the binary has none */
	/* the window of the state that holds the fields which the end reads, and these relative to it */
	uint16_t window_off;
	uint16_t window_bytes; /* <= NS_WINDOW_BYTES */
	uint16_t status_rel;
	uint16_t written_rel;
	uint16_t handler_done_rel; /* HTTP/1 */
	/* HTTP/2: the state's stream, whose number tells a pushed one */
	uint16_t state_off;  /* in the writer, of the pointer to the state */
	uint16_t stream_off; /* in the state, of the pointer to the stream */
	uint16_t stream_id_off;
	uint8_t kind;  /* enum ns_http_writer_kind */
	uint8_t flags; /* NS_WRITER_* */
	uint8_t pad[6];
};
NS_ASSERT(sizeof(struct ns_http_writer) == 32);

#define NS_HTTP_WRITERS 4 /* a power of two */

/* Index in ns_site.results of the start of a stream: constant, which of the writers it has */
#define NS_STREAM_SITE_WRITER 0

struct ns_http_server_params {
	struct ns_http_writer writers[NS_HTTP_WRITERS];
};
NS_ASSERT(sizeof(struct ns_http_server_params) == 128);

/* ---- Routers ---- */

enum ns_route_kind {
	NS_ROUTE_STRING = 1, /* the object has the route as a string */
	NS_ROUTE_STRINGS,    /* the object has a []string that makes up the route */
	NS_ROUTE_VALUE,	     /* the two words of the site are the string */
	NS_ROUTE_REQUEST,    /* the object is the http.Request in which the router will leave its pattern */
};

/* Words of a router's site, by their index in ns_site.results; its tag is the index into ns_binary_params.routes */
#define NS_ROUTE_SITE_HANDLER 0 /* with the next: the http.Handler that was chosen, for NS_HANDLER_WORDS */
#define NS_ROUTE_SITE_FIRST 2	/* type of the object, or the string's address */
#define NS_ROUTE_SITE_SECOND 3	/* address of the object, or the string's length */

/* Where a router's object, or its site, has the handler that it chose. */
enum ns_handler_kind {
	NS_HANDLER_NONE,
	NS_HANDLER_WORDS,	/* an http.Handler in the words of the site */
	NS_HANDLER_INTERFACE,	/* an http.Handler in the object */
	NS_HANDLER_FUNC,	/* a func in the object */
	NS_HANDLER_LAST_FUNC,	/* a []func in the object, whose last one it is */
	NS_HANDLER_STATIC_FUNC, /* a func in the object, which is a handler for certain when it captures nothing */
};

struct ns_route_params {
	uint64_t type_vaddr; /* of the object, as linked; 0: not told at the site */
	/* code, as linked, of a closure that the router puts around a handler; 0: there is none */
	uint64_t wrapper_vaddr;
	uint16_t pointer_off; /* in the object, of a pointer to what has the route, if has_pointer */
	uint16_t route_off;
	uint16_t handler_off; /* in the object itself */
	uint16_t wrapped_off; /* in that closure, of the handler */
	uint8_t kind;	      /* enum ns_route_kind */
	uint8_t source;	      /* enum ns_route_source */
	uint8_t has_pointer;
	uint8_t handler_kind; /* enum ns_handler_kind */
	/* The object is captured by the closure that is hit, which captures its owner too: the one of them that has the
	 * other one at owner_off. If has_owner. */
	uint8_t has_owner;
	uint8_t has_unless;	   /* it is no route when the bool next to it, at unless_off, is set */
	uint8_t handler_is_behind; /* handler_off is next to the route as well, behind the pointer */
	uint8_t pad[1];
	uint16_t owner_off;
	uint16_t unless_off;
	uint8_t more_pad[4];
};
NS_ASSERT(sizeof(struct ns_route_params) == 40);

#define NS_ROUTES 8 /* routers in one binary; a power of two */

/* Bits of ns_handler_params.present */
#define NS_HANDLER_PARAM_SERVER 0x1 /* the way from an HTTP/1 response to the handler of its server */

/* How the function behind an http.Handler is found. */
struct ns_handler_params {
	uint64_t func_itab_vaddr;  /* (http.Handler, http.HandlerFunc), as linked; 0: not in the binary */
	uint64_t chain_itab_vaddr; /* (http.Handler, *chi.ChainHandler): middlewares of one route; 0: not in the binary
				    */
	uint32_t present;	   /* NS_HANDLER_PARAM_* */
	uint16_t chain_endpoint_off; /* of the http.Handler that the middlewares stand around */
	uint16_t response_conn_off;  /* net/http.response */
	uint16_t conn_server_off;    /* net/http.conn */
	uint16_t server_handler_off; /* net/http.Server */
	uint8_t pad[4];
};
NS_ASSERT(sizeof(struct ns_handler_params) == 32);

/* Bits of ns_http_client_params.present */
#define NS_CLIENT_PARAM_PROTO 0x1
#define NS_CLIENT_PARAM_CONTENT_LENGTH 0x2
#define NS_CLIENT_PARAM_HTTP2 0x4 /* transports of HTTP/2 that are used without net/http's own */
#define NS_CLIENT_PARAM_OPAQUE 0x10
#define NS_CLIENT_PARAM_RAW_PATH 0x20
#define NS_CLIENT_PARAM_FORCE_QUERY 0x40
#define NS_CLIENT_PARAM_FRAGMENT 0x80

/* The way from a net.Conn to its peer. */
struct ns_peer_params {
	/* itabs of the concrete types that are looked through, as linked; 0: not in the binary */
	uint64_t tcp_conn_itab_vaddr; /* (net.Conn, *net.TCPConn) */
	uint64_t tls_conn_itab_vaddr; /* (net.Conn, *tls.Conn) */
	uint64_t tcp_addr_itab_vaddr; /* (net.Addr, *net.TCPAddr) */
	uint16_t tls_conn_conn_off;
	uint16_t net_fd_raddr_off;
	uint16_t tcp_addr_ip_off;
	uint16_t tcp_addr_port_off;
};
NS_ASSERT(sizeof(struct ns_peer_params) == 32);

/* Tag of the sites where a request of a client begins and ends: what sends it */
enum ns_http_transport {
	NS_TRANSPORT_NET_HTTP, /* http.Transport */
	NS_TRANSPORT_HTTP2,    /* http2.Transport; not where the site's caller is, which is what the other one does */
};

/* Index in ns_site.results, where a request is handed to a connection: offset in the receiver of its net.Conn, a
 * constant */
#define NS_CLIENT_SITE_CONN_OFF 0

struct ns_http_client_params {
	uint32_t present; /* NS_CLIENT_PARAM_* */
	/* net/url.URL */
	uint16_t url_bytes; /* <= NS_WINDOW_BYTES */
	uint16_t url_scheme_off;
	uint16_t url_opaque_off;
	uint16_t url_user_off;
	uint16_t url_host_off;
	uint16_t url_path_off;
	uint16_t url_raw_path_off;
	uint16_t url_raw_query_off;
	uint16_t url_force_query_off;
	uint16_t url_fragment_off;
	/* net/http.Response */
	uint16_t response_bytes; /* up to the last field that is read, <= NS_WINDOW_BYTES */
	uint16_t response_status_off;
	uint16_t response_proto_major_off;
	uint16_t response_proto_minor_off;
	uint16_t response_content_length_off;
	uint16_t response_request_off;
};
NS_ASSERT(sizeof(struct ns_http_client_params) == 36);

/* ---- valyala/fasthttp ---- */

/* Index in ns_site.results, where a request begins: offset of the first argument in the RequestCtx, a constant */
#define NS_FASTHTTP_SITE_PART_OFF 0

/* Bits of ns_fasthttp_params.present */
#define NS_FASTHTTP_PARAM_TLS 0x1
#define NS_FASTHTTP_PARAM_PROTO 0x2
#define NS_FASTHTTP_PARAM_CONTENT_LENGTH 0x4
#define NS_FASTHTTP_PARAM_HOST 0x8
#define NS_FASTHTTP_PARAM_USER_AGENT 0x10
#define NS_FASTHTTP_PARAM_HEADERS 0x20
#define NS_FASTHTTP_PARAM_CONN 0x40
#define NS_FASTHTTP_PARAM_BODY 0x80
#define NS_FASTHTTP_PARAM_HANDLER 0x100
#define NS_FASTHTTP_PARAM_CONTENT_TYPE 0x200

struct ns_fasthttp_params {
	uint32_t present; /* NS_FASTHTTP_PARAM_* */
	/* fasthttp.RequestCtx, with what is in it */
	uint16_t request_header_off; /* Request.Header */
	uint16_t is_tls_off;	     /* Request.isTLS */
	uint16_t status_off;	     /* Response.Header.statusCode */
	uint16_t response_length_off;
	uint16_t body_stream_off; /* Response.bodyStream: io.Reader */
	uint16_t body_raw_off;	  /* Response.bodyRaw */
	uint16_t body_off;	  /* Response.body: *ByteBuffer */
	uint16_t conn_off;
	uint16_t server_off;
	uint16_t handler_off; /* fasthttp.Server */
	uint16_t buffer_off;  /* bytebufferpool.ByteBuffer: []byte */
	/* fasthttp.RequestHeader */
	uint16_t header_bytes; /* sizeof, <= NS_WINDOW_BYTES */
	uint16_t method_off;
	uint16_t uri_off;
	uint16_t host_off;
	uint16_t user_agent_off;
	uint16_t content_type_off;
	uint16_t content_length_off;
	uint16_t no_http11_off;
	uint16_t args_off; /* []argsKV: further headers */
	/* fasthttp.argsKV */
	uint16_t arg_bytes; /* sizeof */
	uint16_t arg_key_off;
	uint16_t arg_value_off;
	uint16_t pad[1];
};
NS_ASSERT(sizeof(struct ns_fasthttp_params) == 52);

/* Bits of ns_fasthttp_client_params.present */
#define NS_FASTHTTP_CLIENT_PARAM_PEER 0x1

struct ns_fasthttp_client_params {
	uint32_t present; /* NS_FASTHTTP_CLIENT_PARAM_* */
	/* fasthttp.Request, with what is in it: []byte, but for the length */
	uint16_t method_off;
	uint16_t target_off; /* Header.requestURI */
	uint16_t request_length_off;
	uint16_t scheme_off; /* uri.scheme */
	uint16_t host_off;   /* uri.host */
	uint16_t user_off;   /* uri.username */
	/* fasthttp.Response, likewise */
	uint16_t status_off;
	uint16_t response_length_off;
	uint16_t no_http11_off;
	uint16_t peer_off; /* raddr: net.Addr */
};
NS_ASSERT(sizeof(struct ns_fasthttp_client_params) == 24);

/* ---- Trace context in outgoing messages ---- */

/* Indices in ns_site.results. Where a request is about to be sent: constants */
#define NS_PROPAGATE_POINTER_OFF 0 /* in the second argument, of the pointer to the request; -1: it is the request */
/* and, as well where it is written as HTTP/1: */
#define NS_PROPAGATE_HEADER_OFF 1 /* in the request, of its map of headers */
/* HTTP/1 write: */
#define NS_PROPAGATE_REQUEST 0 /* the request */
/* gRPC write: arguments of the function that writes, and what its call has returned */
#define NS_PROPAGATE_WRITER 0 /* the loopyWriter */
#define NS_PROPAGATE_FIELDS 1 /* address of the first header field */
#define NS_PROPAGATE_ERROR 2  /* first word of the error */

struct ns_propagation_params {
	uint64_t buffered_writer_itab_vaddr; /* (io.Writer, *bufio.Writer), as linked; 0: no HTTP/1 */
	/* bufio.Writer */
	uint16_t writer_buf_off;
	uint16_t writer_n_off;
	/* grpc/internal/transport */
	uint16_t frame_fields_off; /* in what is put to be written, of the slice of header fields */
	uint16_t field_bytes;	   /* sizeof(hpack.HeaderField) */
	uint16_t field_name_off;
	uint16_t loopy_block_off; /* loopyWriter: the bytes.Buffer that the fields are encoded into */
	uint16_t block_read_off;  /* bytes.Buffer: how much of it was taken */
	uint16_t loopy_framer_off;
	uint16_t framer_writer_off;
	uint16_t batch_buf_off; /* bufWriter: a []byte, or the address of one */
	uint16_t batch_n_off;
	uint8_t batch_buf_is_pointer;
	uint8_t pad[1];
};
NS_ASSERT(sizeof(struct ns_propagation_params) == 32);

/* ---- Goroutines and contexts ---- */

/* Bits of ns_go_params.present */
#define NS_GO_PARAM_GOID 0x1	    /* goid */
#define NS_GO_PARAM_PARENT_GOID 0x2 /* parentGoid (Go >= 1.21), m.p, p.goidcache and goidcacheend */

/* Bits of ns_error_kind.present */
#define NS_ERROR_TEXT 0x1      /* text_off: of its whole text, a string */
#define NS_ERROR_CAUSE 0x2     /* cause_off: of the error that it wraps */
#define NS_ERROR_CAUSES 0x4    /* cause_off: of a []error, whose first one counts */
#define NS_ERROR_SAME_TEXT 0x8 /* its text is that of the error that it wraps */

/* A type of errors that the programs can look into. */
struct ns_error_kind {
	uint64_t itab_vaddr; /* (error, a pointer to the type), as linked; 0: no such kind */
	uint16_t text_off;   /* in what the error points to */
	uint16_t cause_off;
	uint8_t present; /* NS_ERROR_* */
	uint8_t pad[3];
};
NS_ASSERT(sizeof(struct ns_error_kind) == 16);

#define NS_ERROR_KINDS 8

struct ns_go_params {
	struct ns_error_kind errors[NS_ERROR_KINDS]; /* those that are in the binary come first */
	/* what the executable has in memory: a func value in there captures nothing */
	uint64_t image_vaddr;
	uint64_t image_bytes;
	uint32_t present;     /* NS_GO_PARAM_* */
	uint16_t g_panic_off; /* runtime.g._panic */
	uint16_t g_goid_off;
	uint16_t g_parent_goid_off;
	uint16_t g_m_off;
	uint16_t m_p_off;
	uint16_t p_goid_cache_off;
	uint16_t p_goid_cache_end_off;
	uint16_t pad[3];
};
NS_ASSERT(sizeof(struct ns_go_params) == 168);

/* ---- google.golang.org/grpc ---- */

/* A function, as linked; of no bytes when the binary does not have it. */
struct ns_code_range {
	uint64_t vaddr;
	uint64_t bytes;
};
NS_ASSERT(sizeof(struct ns_code_range) == 16);

/* Callers for which the status that a server writes is its last word on the call: index into end_callers. */
enum ns_grpc_end_caller {
	NS_GRPC_CALLER_UNARY,	  /* processUnaryRPC: the handler has returned */
	NS_GRPC_CALLER_STREAMING, /* processStreamingRPC */
	NS_GRPC_CALLER_RPC,	  /* processRPC: both in one */
	NS_GRPC_CALLER_HANDLE,	  /* handleStream: nobody registered the method */
	NS_GRPC_CALLER_MALFORMED, /* handleMalformedMethodName */
	NS_GRPC_CALLER_COUNT
};

/* Bits of ns_grpc_params.present */
#define NS_GRPC_PARAM_STREAM_POINTER 0x1 /* ServerStream has a pointer to its Stream */
#define NS_GRPC_PARAM_METADATA 0x2
#define NS_GRPC_PARAM_SERVER_PEER 0x4
#define NS_GRPC_PARAM_CLIENT_PEER 0x8
#define NS_GRPC_PARAM_ERROR_PROTO 0x10 /* status.Error has the message itself, and no Status */
#define NS_GRPC_PARAM_TARGET 0x40
#define NS_GRPC_PARAM_TCP_ADDR 0x80
#define NS_GRPC_PARAM_SERVICE 0x100

#define NS_GRPC_ARGUMENT_WORDS 8 /* of a function that finishes a call: enough to reach the service */

struct ns_grpc_params {
	/* concrete types that are looked through: itabs and descriptors, as linked */
	uint64_t http2_server_itab_vaddr; /* (transport.ServerTransport, *http2Server) */
	uint64_t http2_client_itab_vaddr; /* (transport.ClientTransport, *http2Client) */
	uint64_t tcp_addr_itab_vaddr;	  /* (net.Addr, *net.TCPAddr) */
	uint64_t value_ctx_itab_vaddr;	  /* (context.Context, *context.valueCtx) */
	uint64_t metadata_type_vaddr;	  /* metadata.MD */
	uint64_t status_error_itab_vaddr; /* (error, *status.Error) */
	struct ns_code_range end_callers[NS_GRPC_CALLER_COUNT];
	uint32_t present;	    /* NS_GRPC_PARAM_* */
	uint16_t server_stream_off; /* of Stream, or of the pointer to it, in what handleStream is given */
	uint16_t stream_ctx_off;
	uint16_t stream_method_off;
	uint16_t value_ctx_parent_off;
	uint16_t value_ctx_val_off;
	uint16_t server_peer_off;  /* in http2Server: net.Addr */
	uint16_t status_proto_off; /* in status.Status */
	uint16_t proto_code_off;
	uint16_t proto_message_off;
	uint16_t error_status_off; /* in status.Error */
	uint16_t desc_server_streams_off;
	uint16_t desc_client_streams_off;
	uint16_t conn_target_off; /* in ClientConn */
	uint16_t stream_desc_off; /* in clientStream */
	uint16_t stream_conn_off;
	/* the way from a clientStream to its peer */
	uint16_t stream_attempt_off;
	uint16_t attempt_transport_off;
	uint16_t client_peer_off; /* in http2Client: net.Addr */
	uint16_t tcp_addr_ip_off;
	uint16_t tcp_addr_port_off;
	/* Bit per argument word of the first three of end_callers: it is in its slot above the function's frame for as
	 * long as the function calls others. */
	uint16_t argument_slots[NS_GRPC_CALLER_RPC + 1];
	uint16_t service_impl_off; /* in what they are given next to the stream: any */
	struct ns_map_layout metadata_map;
	uint8_t pad[2];
};
NS_ASSERT(sizeof(struct ns_grpc_params) == 216);

/* ---- Databases ---- */

#define NS_PATH_STEPS 4
#define NS_DB_ERRORS 24

/* A way from a value to one of its parts: every step but the last follows a pointer. */
struct ns_value_path {
	uint16_t off[NS_PATH_STEPS];
	uint8_t steps; /* 0: there is no such part */
	uint8_t pad[3];
};
NS_ASSERT(sizeof(struct ns_value_path) == 12);

/* Where a connection leads to, from the struct that stands for it. */
struct ns_db_address {
	struct ns_value_path server; /* a string */
	struct ns_value_path port;   /* uint16 */
	struct ns_value_path database;
};
NS_ASSERT(sizeof(struct ns_db_address) == 36);

enum ns_code_kind {
	NS_CODE_NONE,
	NS_CODE_STRING,
	NS_CODE_NUMBER, /* uint16 */
};

struct ns_known_error {
	uint64_t itab_vaddr; /* (error, the error's type), as linked; 0: none */
	uint16_t code_off;
	uint16_t message_off;
	uint8_t code_kind; /* enum ns_code_kind */
	uint8_t pad[3];
};
NS_ASSERT(sizeof(struct ns_known_error) == 16);

/* What the libraries for databases share. */
struct ns_database_params {
	struct ns_known_error errors[NS_DB_ERRORS];
};
NS_ASSERT(sizeof(struct ns_database_params) == 384);

/* ---- database/sql ---- */

#define NS_SQL_DRIVERS 4

struct ns_sql_driver {
	uint64_t conn_itab_vaddr; /* (driver.Conn, the driver's type), as linked; 0: none */
	struct ns_db_address address;
	uint8_t pad[4];
};
NS_ASSERT(sizeof(struct ns_sql_driver) == 48);

/* A function that gets a connection from the pool for an operation that it begins next. */
struct ns_sql_waiter {
	uint64_t vaddr; /* as linked */
	uint32_t bytes;
	uint32_t tag; /* enum ns_db_operation; a prepared statement is a query here. 0: there is no such function */
};
NS_ASSERT(sizeof(struct ns_sql_waiter) == 16);
#define NS_SQL_WAITERS 5

/* Index in ns_site.results, where a call waits: return address of (*DB).conn */
#define NS_SQL_SITE_RETURN_ADDRESS 0
/* and where it is refused, next to the error: text of the statement of what has one; DB and context, one behind the
 * other. On the stack, or not known; of a prepared statement never. */
#define NS_SQL_SITE_QUERY 0
#define NS_SQL_SITE_RECEIVER 3

/* Bits of ns_sql_params.present */
#define NS_SQL_PARAM_CONNECTOR 0x1
#define NS_SQL_PARAM_STMT_DB 0x2

struct ns_sql_params {
	struct ns_sql_driver drivers[NS_SQL_DRIVERS];
	struct ns_sql_waiter waiters[NS_SQL_WAITERS];
	uint64_t dsn_connector_itab_vaddr; /* (driver.Connector, sql.dsnConnector), as linked; 0: not in the binary */
	uint32_t present;		   /* NS_SQL_PARAM_* */
	uint16_t db_connector_off;	   /* database/sql.DB */
	uint16_t dsn_connector_driver_off;
	uint16_t stmt_db_off;	     /* database/sql.Stmt */
	uint16_t driver_conn_db_off; /* database/sql.driverConn */
	uint16_t driver_conn_ci_off;
	uint16_t tx_db_off; /* database/sql.Tx */
	uint16_t tx_dc_off;
	uint16_t tx_ctx_off;
	uint16_t stmt_query_off; /* database/sql.Stmt */
	uint8_t pad[2];
};
NS_ASSERT(sizeof(struct ns_sql_params) == 304);

/* ---- github.com/jackc/pgx ---- */

/* Index in ns_site.results, where a batch begins to be closed: offset of the Conn in its results, a constant */
#define NS_PGX_SITE_CONN 3

/* Bits of ns_pgx_params.present */
#define NS_PGX_PARAM_BATCH 0x1 /* how many statements it has */
#define NS_PGX_PARAM_QUEUED 0x2

struct ns_pgx_params {
	struct ns_db_address address; /* from a pgx.Conn */
	uint32_t present;	      /* NS_PGX_PARAM_* */
	uint16_t rows_conn_off;	      /* pgx.baseRows */
	uint16_t rows_err_off;
	uint16_t batch_queries_off; /* pgx.Batch: []*QueuedQuery */
	uint16_t queued_sql_off;
	uint8_t is_attached; /* operations of database/sql that are left out are noted */
	uint8_t pad[3];
};
NS_ASSERT(sizeof(struct ns_pgx_params) == 52);

/* ---- github.com/redis/go-redis ---- */

struct ns_redis_params {
	uint64_t string_type_vaddr;  /* descriptor of string, as linked */
	struct ns_value_path server; /* from a baseClient: a string */
	struct ns_value_path index;  /* int: the number of the database */
	uint16_t command_args_off;   /* []any, in what a Cmder points to */
	uint8_t pad[6];
};
NS_ASSERT(sizeof(struct ns_redis_params) == 40);

/* ---- go.mongodb.org/mongo-driver ---- */

#define NS_MONGO_DEPLOYMENTS 6
#define NS_MONGO_OPERATION_WORDS 32 /* of a driver.Operation: enough to reach its batches */

/* The errors that have what the server has answered. */
enum ns_mongo_error_kind {
	NS_MONGO_ERROR,		      /* driver.Error */
	NS_MONGO_WRITE_ERROR,	      /* driver.WriteCommandError: the first of its WriteErrors */
	NS_MONGO_WRITE_CONCERN_ERROR, /* driver.WriteCommandError: its WriteConcernError */
	NS_MONGO_ERRORS
};

struct ns_mongo_error {
	uint64_t itab_vaddr;	   /* (error, the error's type), as linked; 0: not in the binary */
	struct ns_value_path code; /* its first 32 bits; 0: there is none */
	struct ns_value_path message;
};
NS_ASSERT(sizeof(struct ns_mongo_error) == 32);

/* Bits of ns_mongo_params.present */
#define NS_MONGO_PARAM_DEFERRED 0x1   /* g_defer_off and defer_fn_off */
#define NS_MONGO_PARAM_SPLIT_CONN 0x2 /* mnet.Connection, which has the connection as one of several interfaces */
#define NS_MONGO_PARAM_WRAPPED 0x4

struct ns_mongo_params {
	/* itabs of concrete types, as linked; 0: not in the binary */
	uint64_t own_deployment_itab_vaddr; /* (driver.Deployment, driver.SingleConnectionDeployment) */
	uint64_t deployment_itab_vaddrs[NS_MONGO_DEPLOYMENTS]; /* (driver.Deployment, others) */
	uint64_t batches_itab_vaddr;			       /* (driver.OperationBatches, *driver.Batches) */
	uint64_t conn_type_vaddr;			       /* descriptor of *topology.Connection, as linked */
	struct ns_mongo_error errors[NS_MONGO_ERRORS];
	struct ns_value_path server;	/* from a topology.Connection: host:port, or the path of a socket */
	uint32_t present;		/* NS_MONGO_PARAM_* */
	uint16_t g_defer_off;		/* runtime.g */
	uint16_t defer_fn_off;		/* runtime._defer */
	uint16_t split_conn_off;	/* mnet.Connection: mnet.ReadWriteCloser */
	uint16_t error_wrapped_off;	/* driver.Error */
	uint16_t batches_documents_off; /* driver.Batches: a slice */
	uint8_t pad[6];
};
NS_ASSERT(sizeof(struct ns_mongo_params) == 200);

/* ---- go.opentelemetry.io/otel ---- */

/* Types of spans that are noted: index into ns_otel_params.span_type_vaddrs, and tag of the sites of otel_span_start.
 */
enum ns_otel_span_type {
	NS_OTEL_SPAN_GLOBAL, /* global.nonRecordingSpan, by value */
	NS_OTEL_SPAN_SDK,    /* pointers: auto/sdk.span, */
	NS_OTEL_SPAN_AUTO,   /* trace.autoSpan */
	NS_OTEL_SPAN_TYPES
};

/* Tags of the sites of otel_global_start. */
enum ns_otel_start {
	NS_OTEL_START_NEW_SPAN = 1, /* newSpan(t, ctx, autoSpan, name, opts) */
	NS_OTEL_START_TRACER,	    /* Start(t, ctx, name, opts), which may have a delegate */
};

/* Bits of ns_otel_params.present */
#define NS_OTEL_PARAM_LINKS 0x1
#define NS_OTEL_PARAM_TIME 0x2
#define NS_OTEL_PARAM_ATTRIBUTES 0x4

struct ns_otel_params {
	/* type descriptors, as linked; 0: not in the binary */
	uint64_t context_key_type_vaddr;	       /* trace.traceContextKeyType */
	uint64_t span_type_vaddrs[NS_OTEL_SPAN_TYPES]; /* of what contexts have under that key */
	uint64_t attribute_option_type_vaddr;	       /* trace.attributeOption */
	uint64_t timestamp_option_type_vaddr;	       /* trace.timestampOption */
	uint64_t span_option_type_vaddr;	       /* trace.spanOptionFunc */
	uint32_t present;			       /* NS_OTEL_PARAM_* */
	uint16_t tracer_name_off;		       /* in global.tracer */
	uint16_t tracer_delegate_off;
	uint16_t key_value_bytes; /* attribute.KeyValue */
	uint16_t key_off;
	/* of attribute.Value, from the start of the KeyValue */
	uint16_t type_off;
	uint16_t numeric_off;
	uint16_t string_off;
	uint16_t slice_off;
	/* trace.Link and the SpanContext in it; what that has, from the start of the Link */
	uint16_t link_bytes;
	uint16_t link_trace_id_off;
	uint16_t link_span_id_off;
	uint16_t link_flags_off;
	/* time.Time */
	uint16_t time_wall_off;
	uint16_t time_ext_off;
};
NS_ASSERT(sizeof(struct ns_otel_params) == 88);

/* ---- Messages of Kafka ---- */

/* Bits of ns_message_layout.present */
#define NS_MESSAGE_PARAM_HEADERS 0x1
#define NS_MESSAGE_PARAM_HEADER_POINTERS 0x2 /* they are a list of pointers to headers */

/* Messages of one layout. */
enum ns_message_kind {
	NS_MESSAGES_KAFKA_GO,
	NS_MESSAGES_SARAMA_SENT,
	NS_MESSAGES_SARAMA_RECEIVED,
};

/* What is read of every message of a batch, and of its headers. */
struct ns_message_layout {
	uint32_t present;	/* NS_MESSAGE_PARAM_* */
	uint16_t message_bytes; /* sizeof */
	uint16_t topic_off;
	uint16_t headers_off;
	uint16_t header_bytes; /* from one to the next */
	uint16_t header_key_off;
	uint16_t header_value_off;
};
NS_ASSERT(sizeof(struct ns_message_layout) == 16);

/* ---- segmentio/kafka-go ---- */

/* Index in ns_site.results, where FetchMessage ends: offset of the Message from the stack pointer; no value */
#define NS_KAFKA_SITE_MESSAGE 2

/* Bits of ns_kafka_params.present */
#define NS_KAFKA_PARAM_WRITER_TOPIC 0x1
#define NS_KAFKA_PARAM_WRITER_ADDR 0x2
#define NS_KAFKA_PARAM_WRITER_CLIENT 0x4
#define NS_KAFKA_PARAM_READER_GROUP 0x8
#define NS_KAFKA_PARAM_READER_TOPIC 0x10
#define NS_KAFKA_PARAM_READER_BROKERS 0x20
#define NS_KAFKA_PARAM_READER_CLIENT 0x40

struct ns_kafka_params {
	/* concrete types that are looked through: itabs, as linked; 0: not in the binary */
	uint64_t error_itab_vaddr;	   /* (error, kafka.Error) */
	uint64_t write_errors_itab_vaddr;  /* (error, kafka.WriteErrors) */
	uint64_t deadline_itab_vaddr;	   /* (error, context.deadlineExceededError) */
	uint64_t network_addr_itab_vaddr;  /* (net.Addr, *kafka.networkAddress) */
	uint64_t transport_itab_vaddr;	   /* (kafka.RoundTripper, *kafka.Transport) */
	uint32_t present;		   /* NS_KAFKA_PARAM_* */
	struct ns_message_layout messages; /* kafka.Message, <= NS_WINDOW_BYTES, and kafka.Header */
	/* kafka.Message */
	uint16_t message_partition_off;
	uint16_t message_offset_off;
	uint16_t message_key_off;
	uint16_t message_value_off;
	/* kafka.Writer, or the WriterConfig in it */
	uint16_t writer_topic_off;
	uint16_t writer_addr_off;
	uint16_t writer_transport_off;
	uint16_t network_addr_address_off;
	uint16_t transport_client_id_off;
	/* kafka.Reader, and the ReaderConfig in it */
	uint16_t reader_config_off;
	uint16_t config_group_off;
	uint16_t config_topic_off;
	uint16_t config_brokers_off;
	uint16_t config_dialer_off;
	uint16_t dialer_client_id_off;
	uint8_t pad[6];
};
NS_ASSERT(sizeof(struct ns_kafka_params) == 96);

/* ---- IBM/sarama ---- */

/* Tags of the sites of sarama_producer and sarama_batch: what they have been given. */
enum ns_sarama_call {
	NS_SARAMA_MESSAGE,	   /* a *ProducerMessage; where it is given back, with an error */
	NS_SARAMA_MESSAGES,	   /* a []*ProducerMessage */
	NS_SARAMA_FAILED_MESSAGES, /* the same with an error */
};

struct ns_sarama_params {
	/* concrete types that are looked through: itabs, as linked; 0: not in the binary */
	uint64_t error_code_itab_vaddr;	     /* (error, sarama.KError) */
	uint64_t producer_errors_itab_vaddr; /* (error, sarama.ProducerErrors) */
	uint64_t string_encoder_itab_vaddr;  /* (sarama.Encoder, sarama.StringEncoder) */
	uint64_t byte_encoder_itab_vaddr;    /* (sarama.Encoder, sarama.ByteEncoder) */
	uint64_t client_itab_vaddr;	     /* (sarama.Client, *sarama.client) */
	uint64_t lent_client_itab_vaddr;     /* (sarama.Client, *sarama.nopCloserClient), around another one */
	struct ns_message_layout messages;   /* sarama.ProducerMessage and RecordHeader */
	/* from an asyncProducer */
	struct ns_value_path client_id; /* a string */
	struct ns_value_path acks;	/* int16: how many acknowledgements make a success */
	uint16_t producer_client_off;	/* sarama.Client */
	uint16_t sync_producer_off;	/* in a syncProducer: of its asyncProducer */
	/* sarama.ProducerMessage */
	uint16_t message_key_off; /* sarama.Encoder */
	uint16_t message_value_off;
	uint16_t message_partition_off; /* int32 */
	uint16_t message_offset_off;
	uint16_t message_expectation_off; /* chan, where a SyncProducer waits */
	uint16_t producer_error_err_off;
	/* the way from a client to the address of its broker */
	uint16_t lent_client_off;
	uint16_t client_seeds_off; /* []*sarama.Broker */
	uint16_t client_dead_seeds_off;
	uint16_t broker_addr_off;
	/* the answer to a request */
	uint16_t answer_set_off;    /* in a brokerProducerResponse: of the *produceSet that was sent */
	uint16_t sender_broker_off; /* in a brokerProducer */
	uint8_t pad[4];
};
NS_ASSERT(sizeof(struct ns_sarama_params) == 120);

struct ns_sarama_consumer_params {
	uint64_t error_code_itab_vaddr;	   /* (error, sarama.KError), as linked; 0: not in the binary */
	struct ns_message_layout messages; /* sarama.ConsumerMessage and RecordHeader */
	/* from a partitionConsumer: strings */
	struct ns_value_path client_id;
	struct ns_value_path broker;
	uint16_t topic_off;
	uint16_t partition_off; /* int32 */
	/* sarama.ConsumerMessage */
	uint16_t key_off; /* []byte, as the next */
	uint16_t value_off;
	uint16_t offset_off; /* int64 */
	uint8_t pad[6];
};
NS_ASSERT(sizeof(struct ns_sarama_consumer_params) == 64);

/* Value of the array map `binaries`: one per distinct Go binary that is being traced. */
struct ns_binary_params {
	struct ns_sql_params sql;
	struct ns_database_params database;
	struct ns_redis_params redis;
	struct ns_pgx_params pgx;
	struct ns_http_client_params http_client;
	struct ns_go_params go;
	struct ns_http_server_params http_server;
	struct ns_route_params routes[NS_ROUTES];
	struct ns_http_request_params http_request;
	struct ns_http_request_params stream_request;
	struct ns_map_layout http_header_map;
	uint32_t first_site;	/* index in `sites` */
	uint16_t site_count;	/* from there */
	uint8_t has_client_ops; /* operations are attached that look for a parent: servers note their spans */
	uint8_t pad[5];
	struct ns_grpc_params grpc;
	struct ns_otel_params otel;
	struct ns_kafka_params kafka;
	struct ns_sarama_params sarama;
	struct ns_sarama_consumer_params sarama_consumer;
	struct ns_handler_params handler;
	struct ns_peer_params peer;
	struct ns_propagation_params propagation;
	struct ns_fasthttp_params fasthttp;
	struct ns_fasthttp_client_params fasthttp_client;
	struct ns_mongo_params mongo;
};
NS_ASSERT(sizeof(struct ns_binary_params) == 2512);

/* Key of the hash map `context_types`: the itab of (context.Context, T), or the descriptor of a T for which the program
 * makes that itab when it runs. */
struct ns_context_type_key {
	uint64_t itab_vaddr;
	uint32_t binary_slot;
	uint32_t pad;
};

/* Its value: where T keeps the context it was derived from. */
struct ns_context_type {
	uint16_t parent_off;	  /* of a context.Context in T, or in what the indirection leads to */
	uint16_t indirection_off; /* of a pointer in T */
	uint16_t key_off;	  /* of context.valueCtx, when spans of the OpenTelemetry API are looked for */
	uint16_t val_off;
	uint8_t has_indirection;
	uint8_t is_root; /* there is none: context.Background and the like */
	uint8_t has_value;
	uint8_t is_pointer; /* at parent_off is a pointer to a context that is a root, and no interface */
};
NS_ASSERT(sizeof(struct ns_context_type) == 12);

enum ns_sampler_root {
	NS_SAMPLE_ALWAYS,
	NS_SAMPLE_NEVER,
	NS_SAMPLE_TRACE_ID_RATIO, /* (be64(trace_id[8..15]) >> 1) < threshold */
	NS_SAMPLE_CONSISTENT,	  /* 56-bit randomness >= threshold */
};

/* Value of the array map `targets`: one per process that is being traced. */
struct ns_target_params {
	uint64_t load_bias;    /* run-time address - linked address; 0 unless PIE */
	uint64_t threshold;    /* of the sampler */
	uint32_t binary_slot;  /* index into `binaries` */
	uint32_t generation;   /* of this slot; 0: the slot is free, hits are ignored */
	uint8_t sampler_root;  /* enum ns_sampler_root */
	uint8_t parent_based;  /* a valid parent decides */
	uint8_t exclusion_set; /* index into `exclusions` */
	uint8_t begins_traces; /* what requests say about the trace that they belong to is not read */
	uint8_t pad[4];
};
NS_ASSERT(sizeof(struct ns_target_params) == 32);

/* What an ns_object_key names. */
enum ns_object_kind {
	/* operations in flight, by the goroutine that runs them: addr is the address of its runtime.g */
	NS_OBJECT_HTTP_SERVER,
	NS_OBJECT_HTTP_CLIENT,
	NS_OBJECT_SQL,
	/* what is remembered for an operation that begins soon, by goroutine */
	NS_OBJECT_SQL_STATEMENT,
	/* spans that can be parents */
	NS_OBJECT_CONTEXT,   /* addr: of the data of a context.Context */
	NS_OBJECT_GOROUTINE, /* addr: the goroutine's number (goid) */
	/* more operations in flight: by goroutine as above */
	NS_OBJECT_GRPC_SERVER,
	NS_OBJECT_GRPC_CLIENT, /* while its stream is created, and unary calls until their end */
	NS_OBJECT_GRPC_STREAM, /* a client stream, which any goroutine may end. addr: of its grpc.clientStream */
	/* spans of the OpenTelemetry API */
	NS_OBJECT_API_STARTING, /* by goroutine, while Tracer.Start runs */
	NS_OBJECT_API_SPAN,	/* addr: what a trace.Span points to */
	NS_OBJECT_KAFKA_SEND,
	NS_OBJECT_KAFKA_RECEIVE,
	NS_OBJECT_KAFKA_PROCESS, /* of the message that was fetched last */
	NS_OBJECT_SQL_WAIT,	 /* since when a call waits for a connection: like NS_OBJECT_SQL_STATEMENT */
	NS_OBJECT_REDIS,
	NS_OBJECT_SQL_LEFT_OUT, /* a call that is not recorded, while it runs */
	NS_OBJECT_PGX,
	NS_OBJECT_PGX_CONN,    /* a query or batch, which any goroutine may end. addr: of its pgx.Conn */
	NS_OBJECT_PGX_CLOSING, /* addr of a goroutine that closes the results of a batch */
	/* trace context on its way into a message: see emit/outgoing.bpf.h */
	NS_OBJECT_OUTGOING_HTTP,    /* of a request that is not recorded, by goroutine */
	NS_OBJECT_OUTGOING_GRPC,    /* of a call that is not recorded, by goroutine */
	NS_OBJECT_OUTGOING_REQUEST, /* addr: of the request that will be written */
	NS_OBJECT_OUTGOING_STREAM,  /* by the goroutine that will write the headers of an HTTP/2 stream */
	NS_OBJECT_OUTGOING_FIELDS,  /* addr: of the first header field of a gRPC call that will be written */
	/* of sarama: since when a request is on its way. addr: of its produceSet */
	NS_OBJECT_SARAMA_REQUEST,
	NS_OBJECT_SARAMA_ANSWER,   /* whose answer a goroutine looks at */
	NS_OBJECT_MONGO,	   /* in flight, by goroutine, as the next */
	NS_OBJECT_HTTP2_CLIENT,	   /* of NS_TRANSPORT_HTTP2 */
	NS_OBJECT_SARAMA_CONSUMER, /* of whom a goroutine looks at an answer */
};

/* Key of the hash maps `inflight_*` and `parents`. */
struct ns_object_key {
	uint64_t addr;
	uint32_t target_slot;
	uint32_t target_generation;
	uint32_t kind;	/* enum ns_object_kind */
	uint32_t depth; /* of an operation: how many of its kind are open around it on its goroutine */
};
NS_ASSERT(sizeof(struct ns_object_key) == 24);

#endif /* NODESPAN_ABI_PARAMS_H */
