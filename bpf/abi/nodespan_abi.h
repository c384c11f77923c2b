/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the BPF programs and the daemon: ring records, map keys and values, loss reasons.
 *
 * Plain C with fixed-width types, read by clang -target bpf and by the C++ compiler. Fields are ordered largest first,
 * padding is explicit, structures are never packed. A change to any of them bumps NODESPAN_ABI_VERSION.
 *
 * All numbers are in the byte order of the machine; trace and span ids are in the order in which they are written on
 * the wire. "addr" is an address in the traced process, "off" an offset within a Go value.
 */
#ifndef NODESPAN_ABI_H
#define NODESPAN_ABI_H

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
#define NS_ASSERT(cond) static_assert(cond, #cond)
#else
#include <stddef.h>
#include <stdint.h>
#define NS_ASSERT(cond) _Static_assert(cond, #cond)
#endif

#define NODESPAN_ABI_VERSION 1

/* ---- Losses and activity: index into the per-CPU array map `counters` (u64 each) ---- */
enum ns_counter {
	/* activity */
	NS_COUNT_OPS_STARTED,	/* operations seen, whatever became of them */
	NS_COUNT_OPS_UNSAMPLED, /* operations left out by the sampling decision */
	NS_COUNT_RECORDS,	/* records submitted to the ring */
	/* losses: each one is an operation without a span */
	NS_LOSS_RING_FULL,	/* the daemon did not drain the ring in time */
	NS_LOSS_INFLIGHT_FULL,	/* too many operations at once (--max-inflight) */
	NS_LOSS_READ_FAILED,	/* memory of the operation could not be read at its start */
	NS_LOSS_SUPERSEDED,	/* its end was never seen: the next one started on the same goroutine */
	NS_LOSS_NO_SCRATCH,	/* more than four hits at once were preempted on one CPU */
	NS_LOSS_UNKNOWN_WRITER, /* a server operation of a protocol that is not traced */
	/* losses of detail: the span exists */
	NS_LOSS_HEADERS_CUT,	  /* the header map was larger than what is scanned */
	NS_LOSS_FIELD_UNREADABLE, /* a string or value could not be read and was left out */
	NS_LOSS_BAD_TRACEPARENT,  /* a traceparent header was there and is not valid; a new trace was started */
	NS_COUNTER_COUNT
};

/* ---- Records: one per finished operation, in the ring `records` ---- */
enum ns_record_type {
	NS_RECORD_HTTP_SERVER = 1,
};

/* Bits of ns_record_header.flags */
#define NS_SPAN_REMOTE_PARENT 0x1 /* parent_span_id came from a header of the request */

struct ns_record_header {
	uint32_t size_bytes;	    /* of the whole record, strings included */
	uint16_t type;		    /* enum ns_record_type */
	uint16_t abi_version;	    /* NODESPAN_ABI_VERSION */
	uint32_t target_slot;	    /* index into `targets` */
	uint32_t target_generation; /* tells successive users of one slot apart */
	uint64_t start_mono_ns;	    /* bpf_ktime_get_ns() */
	uint64_t end_mono_ns;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_span_id[8]; /* zero: root */
	uint8_t trace_flags;	   /* W3C trace flags of this span */
	uint8_t flags;		   /* NS_SPAN_* */
	uint8_t pad[6];
};
NS_ASSERT(sizeof(struct ns_record_header) == 72);

/*
 * Strings of an HTTP server record, concatenated in this order behind the fixed part, without terminators.
 * NS_HTTP_MAX_*: bytes kept of each; a longer one is cut and its bit set in strings_cut.
 */
enum ns_http_string {
	NS_HTTP_METHOD,
	NS_HTTP_URI,	     /* Request.RequestURI: the request target as sent */
	NS_HTTP_HOST,	     /* Request.Host */
	NS_HTTP_REMOTE_ADDR, /* Request.RemoteAddr: host:port of the socket peer */
	NS_HTTP_USER_AGENT,
	NS_HTTP_FORWARDED,
	NS_HTTP_X_FORWARDED_FOR,
	NS_HTTP_X_FORWARDED_HOST,
	NS_HTTP_X_FORWARDED_PROTO,
	NS_HTTP_TRACESTATE,
	NS_HTTP_PATTERN, /* ServeMux pattern: [METHOD ][HOST]/path */
	NS_HTTP_STRING_COUNT
};
#define NS_HTTP_MAX_METHOD 16
#define NS_HTTP_MAX_URI 320
#define NS_HTTP_MAX_HOST 96
#define NS_HTTP_MAX_REMOTE_ADDR 56
#define NS_HTTP_MAX_USER_AGENT 160
#define NS_HTTP_MAX_FORWARDED 96
#define NS_HTTP_MAX_X_FORWARDED_FOR 64
#define NS_HTTP_MAX_X_FORWARDED_HOST 64
#define NS_HTTP_MAX_X_FORWARDED_PROTO 8
#define NS_HTTP_MAX_TRACESTATE 512
#define NS_HTTP_MAX_PATTERN 144
#define NS_HTTP_STRINGS_BYTES 1536
NS_ASSERT(NS_HTTP_MAX_METHOD + NS_HTTP_MAX_URI + NS_HTTP_MAX_HOST + NS_HTTP_MAX_REMOTE_ADDR + NS_HTTP_MAX_USER_AGENT +
		  NS_HTTP_MAX_FORWARDED + NS_HTTP_MAX_X_FORWARDED_FOR + NS_HTTP_MAX_X_FORWARDED_HOST +
		  NS_HTTP_MAX_X_FORWARDED_PROTO + NS_HTTP_MAX_TRACESTATE + NS_HTTP_MAX_PATTERN ==
	  NS_HTTP_STRINGS_BYTES);

enum ns_http_outcome {
	NS_HTTP_HANDLED = 1,  /* the handler returned and the response was finished: status is final */
	NS_HTTP_PANICKED = 2, /* panic, http.ErrAbortHandler or runtime.Goexit: status may be 0 */
	NS_HTTP_HIJACKED = 3, /* the handler took the connection over: no status */
};

/* Bits of ns_http_server_record.present: which of the optional fields were read */
#define NS_HTTP_HAS_STATUS 0x1
#define NS_HTTP_HAS_REQUEST_BYTES 0x2
#define NS_HTTP_HAS_RESPONSE_BYTES 0x4
#define NS_HTTP_HAS_TLS 0x8 /* is_tls is known */
#define NS_HTTP_HAS_PROTO 0x10

struct ns_http_server_record {
	struct ns_record_header header;
	int64_t request_body_bytes;  /* Request.ContentLength: -1 when the client did not say */
	int64_t response_body_bytes; /* bytes the handler wrote */
	uint32_t present;	     /* NS_HTTP_HAS_* */
	uint16_t status;	     /* 0: nothing was written, which net/http answers with 200 */
	uint8_t outcome;	     /* enum ns_http_outcome */
	uint8_t is_tls;
	uint8_t proto_major;
	uint8_t proto_minor;
	uint16_t strings_cut; /* bit per enum ns_http_string */
	uint16_t string_bytes[NS_HTTP_STRING_COUNT];
	uint8_t pad[6];
	/* strings follow */
};
NS_ASSERT(sizeof(struct ns_http_server_record) == 128);

/* ---- Process events, in the ring `process_events` ---- */
enum ns_process_event_type {
	NS_PROCESS_EXEC = 1,
	NS_PROCESS_EXIT = 2,
};

struct ns_process_event {
	uint32_t type;
	uint32_t pid; /* thread group id in the initial pid namespace */
};

/* ---- Parameters: written by the daemon before a probe is attached, read by the programs ---- */

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

/* Bits of ns_http_server_params.present */
#define NS_HTTP_PARAM_REMOTE_ADDR 0x1
#define NS_HTTP_PARAM_PATTERN 0x2 /* Request.Pattern (Go >= 1.23) */
#define NS_HTTP_PARAM_PAT_STR 0x4 /* Request.pat.str (Go 1.22) */
#define NS_HTTP_PARAM_PROTO 0x8
#define NS_HTTP_PARAM_TLS 0x10
#define NS_HTTP_PARAM_CONTENT_LENGTH 0x20
#define NS_HTTP_PARAM_HOST 0x40
#define NS_HTTP_PARAM_URI 0x80

/* Bits of ns_http_server_params.branch_sites: the probe sits on the stack check's branch, so a hit with the branch
 * taken is the way to morestack and comes again. */
#define NS_HTTP_BRANCH_START 0x1
#define NS_HTTP_BRANCH_END 0x2

#define NS_WINDOW_BYTES 512 /* most that is read of one Go value in one go: a net/http.Request, part of a response */

struct ns_http_server_params {
	uint64_t response_itab_vaddr; /* itab of (http.ResponseWriter, *http.response), as linked */
	uint32_t present;	      /* NS_HTTP_PARAM_* */
	uint16_t branch_sites;	      /* NS_HTTP_BRANCH_* */
	/* net/http.Request */
	uint16_t request_bytes; /* sizeof, <= NS_WINDOW_BYTES */
	uint16_t request_method_off;
	uint16_t request_header_off;
	uint16_t request_uri_off;
	uint16_t request_host_off;
	uint16_t request_remote_addr_off;
	uint16_t request_content_length_off;
	uint16_t request_tls_off;
	uint16_t request_proto_major_off;
	uint16_t request_proto_minor_off;
	uint16_t request_pattern_off;
	uint16_t request_pat_off;
	uint16_t pattern_str_off; /* net/http.pattern.str */
	/* net/http.response: the window that holds all three, and the fields relative to it */
	uint16_t response_window_off;
	uint16_t response_window_bytes; /* <= NS_WINDOW_BYTES */
	uint16_t response_status_rel;
	uint16_t response_written_rel;
	uint16_t response_handler_done_rel;
	uint16_t pad[2];
	struct ns_map_layout header_map;
};
NS_ASSERT(sizeof(struct ns_http_server_params) == 88);

/* Value of the array map `binaries`: one per distinct Go binary that is being traced. */
struct ns_binary_params {
	struct ns_http_server_params http_server;
	uint16_t g_panic_off; /* runtime.g._panic */
	uint8_t pad[6];
};

enum ns_sampler_root {
	NS_SAMPLE_ALWAYS,
	NS_SAMPLE_NEVER,
	NS_SAMPLE_TRACE_ID_RATIO,
};

/* Value of the array map `targets`: one per process that is being traced. Its index is the probe's cookie. */
struct ns_target_params {
	uint64_t load_bias;	  /* run-time address - linked address; 0 unless PIE */
	uint64_t ratio_threshold; /* sampled when (be64(trace_id[8..15]) >> 1) < threshold */
	uint32_t binary_slot;	  /* index into `binaries` */
	uint32_t generation;	  /* of this slot; 0: the slot is free, hits are ignored */
	uint8_t sampler_root;	  /* enum ns_sampler_root */
	uint8_t parent_based;	  /* a valid parent decides */
	uint8_t pad[6];
};
NS_ASSERT(sizeof(struct ns_target_params) == 32);

/* Key of the hash maps `inflight_*`: an operation that has begun, by the goroutine that runs it. */
struct ns_inflight_key {
	uint64_t g_addr; /* address of the runtime.g */
	uint32_t target_slot;
	uint32_t target_generation;
};

#endif /* NODESPAN_ABI_H */
