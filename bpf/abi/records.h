/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the BPF programs put into the rings. */
#ifndef NODESPAN_ABI_RECORDS_H
#define NODESPAN_ABI_RECORDS_H

#include "bpf/abi/base.h"
#include "bpf/abi/captured_headers.h"

/* ---- Records: one per finished operation, in the ring `records` ---- */
enum ns_record_type {
	NS_RECORD_HTTP_SERVER = 1,
	NS_RECORD_HTTP_CLIENT = 2,
	NS_RECORD_DATABASE = 3,
	NS_RECORD_GRPC_SERVER = 4,
	NS_RECORD_GRPC_CLIENT = 5,
	NS_RECORD_API = 6,
	NS_RECORD_KAFKA = 7,
	NS_RECORD_PANIC = 8, /* no operation: a panic within one */
};

/* Bits of ns_record_header.flags */
#define NS_SPAN_REMOTE_PARENT 0x1 /* parent_span_id came from a header of the request */

#define NS_RECORD_STRINGS 12 /* most strings of any record */

/*
 * What the entry `ot` of a tracestate says: 56-bit numbers, with NS_OT_PRESENT when they are there, else 0. Source:
 * OpenTelemetry specification, "TraceState: Probability Sampling".
 */
struct ns_ot_sampling {
	uint64_t threshold;  /* th: the trace was sampled because its randomness is not below */
	uint64_t randomness; /* rv; without it the last 7 bytes of the trace id are the randomness */
};
#define NS_OT_PRESENT (1ULL << 56)
#define NS_OT_MASK (NS_OT_PRESENT - 1)

/*
 * The strings of a record stand behind its fixed part, concatenated in the order of the record's own enumeration,
 * without terminators. NS_*_MAX_*: bytes kept of each; a longer one is cut and its bit set in strings_cut.
 */
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
	uint16_t strings_cut;
	uint16_t string_bytes[NS_RECORD_STRINGS];
	uint8_t pad[4];
	struct ns_ot_sampling ot; /* of this span */
};
NS_ASSERT(sizeof(struct ns_record_header) == 112);

/* An address as net.TCPAddr has it. */
struct ns_socket_address {
	uint8_t ip[16];
	uint16_t port;
	uint8_t ip_bytes; /* 4, 16; 0: not known */
	uint8_t pad[5];
};
NS_ASSERT(sizeof(struct ns_socket_address) == 24);

/* ---- HTTP server ---- */
enum ns_http_string {
	NS_HTTP_METHOD,
	NS_HTTP_URI,	     /* Request.RequestURI: the request target as sent */
	NS_HTTP_HOST,	     /* Request.Host */
	NS_HTTP_REMOTE_ADDR, /* Request.RemoteAddr: host:port of the socket peer; of fasthttp see `peer` */
	NS_HTTP_USER_AGENT,
	NS_HTTP_FORWARDED,
	NS_HTTP_X_FORWARDED_FOR,
	NS_HTTP_X_FORWARDED_HOST,
	NS_HTTP_X_FORWARDED_PROTO,
	NS_HTTP_CAPTURED, /* struct ns_captured_item */
	NS_HTTP_TRACESTATE,
	NS_HTTP_PATTERN, /* of the route, as its router has it. The last one: it is added and replaced late */
	NS_HTTP_STRING_COUNT
};
NS_ASSERT(NS_HTTP_STRING_COUNT <= NS_RECORD_STRINGS);
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
#define NS_STRINGS_BYTES 2048 /* room for all strings of any record */
NS_ASSERT(NS_HTTP_MAX_METHOD + NS_HTTP_MAX_URI + NS_HTTP_MAX_HOST + NS_HTTP_MAX_REMOTE_ADDR + NS_HTTP_MAX_USER_AGENT +
		  NS_HTTP_MAX_FORWARDED + NS_HTTP_MAX_X_FORWARDED_FOR + NS_HTTP_MAX_X_FORWARDED_HOST +
		  NS_HTTP_MAX_X_FORWARDED_PROTO + NS_CAPTURED_MAX_BYTES + NS_HTTP_MAX_TRACESTATE +
		  NS_HTTP_MAX_PATTERN <=
	  NS_STRINGS_BYTES);

enum ns_http_outcome {
	NS_HTTP_HANDLED = 1,  /* the handler returned and the response was finished: status is final */
	NS_HTTP_PANICKED = 2, /* panic, http.ErrAbortHandler or runtime.Goexit: status may be 0 */
	NS_HTTP_HIJACKED = 3, /* the handler took the connection over: no status */
};

/* Which router said what the pattern is. */
enum ns_route_source {
	NS_ROUTE_NONE,
	NS_ROUTE_SERVE_MUX, /* [METHOD ][HOST]/path */
	NS_ROUTE_GIN,	    /* the others: the template; empty when the router found no route */
	NS_ROUTE_ECHO,
	NS_ROUTE_CHI, /* the patterns of all routers on the way, joined as they are */
	NS_ROUTE_GORILLA,
	NS_ROUTE_FIBER,
	NS_ROUTE_SOURCE_COUNT
};

enum ns_http_library {
	NS_HTTP_NET_HTTP, /* and golang.org/x/net/http2 */
	NS_HTTP_FASTHTTP,
	NS_HTTP_LIBRARY_COUNT
};

/* Bits of `present` of both HTTP records: which of the optional fields were read */
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
	uint8_t route_source; /* enum ns_route_source */
	uint8_t library;      /* enum ns_http_library */
	uint8_t pad[4];
	uint64_t handler_vaddr; /* code of the handler that was chosen, as linked; 0: not known */
	struct ns_socket_address peer;
	/* strings follow */
};
NS_ASSERT(sizeof(struct ns_http_server_record) == 176);

/* ---- HTTP client: one attempt to send a request ---- */
enum ns_http_client_string {
	NS_CLIENT_METHOD,
	NS_CLIENT_SCHEME, /* URL.Scheme */
	NS_CLIENT_HOST,	  /* URL.Host: host[:port] */
	NS_CLIENT_OPAQUE, /* URL.Opaque */
	NS_CLIENT_PATH,	 /* URL.RawPath when it is set, else URL.Path (decoded); of fasthttp path and query, as sent, or
			    the whole URL when nothing was sent */
	NS_CLIENT_QUERY, /* URL.RawQuery */
	NS_CLIENT_FRAGMENT, /* URL.Fragment, decoded; not sent, but part of the URL */
	NS_CLIENT_ERROR,    /* text of the error, when its type holds one that can be read */
	NS_CLIENT_STRING_COUNT
};
NS_ASSERT(NS_CLIENT_STRING_COUNT <= NS_RECORD_STRINGS);
#define NS_CLIENT_MAX_METHOD 16
#define NS_CLIENT_MAX_SCHEME 8
#define NS_CLIENT_MAX_HOST 128
#define NS_CLIENT_MAX_OPAQUE 128
#define NS_CLIENT_MAX_PATH 320
#define NS_CLIENT_MAX_QUERY 320
#define NS_CLIENT_MAX_FRAGMENT 64
#define NS_CLIENT_MAX_ERROR 128
#define NS_CLIENT_MAX_TARGET (NS_CLIENT_MAX_PATH + NS_CLIENT_MAX_QUERY) /* the path of fasthttp */
NS_ASSERT(NS_CLIENT_MAX_METHOD + NS_CLIENT_MAX_SCHEME + NS_CLIENT_MAX_HOST + NS_CLIENT_MAX_OPAQUE + NS_CLIENT_MAX_PATH +
		  NS_CLIENT_MAX_QUERY + NS_CLIENT_MAX_FRAGMENT + NS_CLIENT_MAX_ERROR <=
	  NS_STRINGS_BYTES);

/* Further bits of ns_http_client_record.present */
#define NS_CLIENT_HAS_USER_INFO 0x100 /* the URL has credentials, which are not read */
#define NS_CLIENT_PATH_IS_RAW 0x200   /* the path is escaped as sent; else it is decoded */
#define NS_CLIENT_EMPTY_QUERY 0x1000  /* there is a "?" with nothing behind it: URL.ForceQuery */
#define NS_CLIENT_FAILED 0x400	      /* there is an error and no response */
#define NS_CLIENT_PANICKED 0x800      /* the attempt ended by a panic or runtime.Goexit */

struct ns_http_client_record {
	struct ns_record_header header;
	int64_t request_body_bytes;  /* Request.ContentLength: 0 with a body means unknown */
	int64_t response_body_bytes; /* Response.ContentLength: -1 when unknown */
	uint64_t error_type_vaddr;   /* descriptor of the error's concrete type, as linked; 0: not known */
	struct ns_socket_address peer;
	uint32_t present; /* NS_HTTP_HAS_*, NS_CLIENT_* */
	uint16_t status;
	uint8_t proto_major;
	uint8_t proto_minor;
	uint8_t resend_count; /* redirects before this request */
	uint8_t library;      /* enum ns_http_library */
	uint8_t pad[6];
	/* strings follow */
};
NS_ASSERT(sizeof(struct ns_http_client_record) == 176);

/* ---- A call of a database: of database/sql, one of its driver ---- */
enum ns_db_library {
	NS_DB_LIBRARY_SQL, /* database/sql */
	NS_DB_LIBRARY_REDIS,
	NS_DB_LIBRARY_PGX,
	NS_DB_LIBRARY_MONGO,
	NS_DB_LIBRARY_COUNT
};

enum ns_db_string {
	NS_DB_QUERY, /* text; of NS_DB_OP_COPY the name of the table; of Redis no text: struct ns_redis_command with its
			name, one behind the other; of MongoDB the command, a BSON document */
	NS_DB_SERVER, /* host, host:port or the folder of a socket, as the driver was told */
	NS_DB_DATABASE,
	NS_DB_CODE,    /* SQLSTATE of the error */
	NS_DB_MESSAGE, /* text of the error */
	NS_DB_STRING_COUNT
};
NS_ASSERT(NS_DB_STRING_COUNT <= NS_RECORD_STRINGS);
#define NS_DB_MAX_QUERY 1024
#define NS_DB_MAX_SERVER 96
#define NS_DB_MAX_DATABASE 64
#define NS_DB_MAX_CODE 8
#define NS_DB_MAX_MESSAGE 160
NS_ASSERT(NS_DB_MAX_QUERY + NS_DB_MAX_SERVER + NS_DB_MAX_DATABASE + NS_DB_MAX_CODE + NS_DB_MAX_MESSAGE <=
	  NS_STRINGS_BYTES);

/* A command of Redis; its name follows. */
struct ns_redis_command {
	uint8_t name_bytes;
	uint8_t argument_count; /* behind the name; 255: or more */
};
NS_ASSERT(sizeof(struct ns_redis_command) == 2);
#define NS_REDIS_MAX_NAME 32
#define NS_REDIS_MAX_COMMANDS 24 /* further ones of a pipeline are a string that was cut */
NS_ASSERT(NS_REDIS_MAX_COMMANDS *(2 + NS_REDIS_MAX_NAME) <= NS_DB_MAX_QUERY);

enum ns_db_operation {
	NS_DB_OP_QUERY = 1,
	NS_DB_OP_EXEC,
	NS_DB_OP_PREPARED_QUERY,
	NS_DB_OP_PREPARED_EXEC,
	NS_DB_OP_BEGIN,
	NS_DB_OP_COMMIT,
	NS_DB_OP_ROLLBACK,
	NS_DB_OP_PING,
	NS_DB_OP_COMMAND,  /* of Redis or MongoDB */
	NS_DB_OP_PIPELINE, /* of Redis, or a transaction: then MULTI and EXEC are the first and the last command */
	NS_DB_OP_CLUSTER_PIPELINE, /* the same, of several servers */
	NS_DB_OP_PREPARE,
	NS_DB_OP_BATCH,
	NS_DB_OP_COPY,
	NS_DB_OP_COUNT
};

/* Bits of ns_database_record.present */
#define NS_DB_FAILED 0x1
#define NS_DB_PANICKED 0x2
#define NS_DB_HAS_PORT 0x4
#define NS_DB_HAS_ERROR_NUMBER 0x8
#define NS_DB_HAS_INDEX 0x10
#define NS_DB_KNOWN_ERROR 0x20 /* of a type that is made of what servers answer */

struct ns_database_record {
	struct ns_record_header header;
	/* SQL: descriptor of the type behind driver.Conn, or without a connection of the driver.Connector or
	 * driver.Driver, as linked; 0: not known */
	uint64_t driver_type_vaddr;
	uint64_t error_type_vaddr; /* likewise of the error */
	uint64_t pool_wait_ns;	   /* SQL: since start_mono_ns, for a connection of the pool; 0: did not wait */
	uint64_t function_vaddr;   /* MongoDB, of what was not sent: what would have made the command, as linked */
	uint32_t present;	   /* NS_DB_* */
	uint32_t error_number;	   /* the vendor's */
	uint32_t batch_size;	   /* commands of a pipeline, statements of a batch; 0 of a batch: not known */
	uint32_t database_index;
	uint16_t server_port;
	uint8_t library;   /* enum ns_db_library */
	uint8_t operation; /* enum ns_db_operation */
	uint8_t pad[4];
	/* strings follow */
};
NS_ASSERT(sizeof(struct ns_database_record) == 168);

/* ---- gRPC: a call or stream, of a server or a client ---- */
enum ns_grpc_string {
	NS_GRPC_METHOD,	  /* /package.Service/Method */
	NS_GRPC_TARGET,	  /* client: what was dialled; server: :authority of the request */
	NS_GRPC_CAPTURED, /* server: struct ns_captured_item */
	NS_GRPC_TRACESTATE,
	NS_GRPC_MESSAGE, /* of the status, or of another error when its type holds one that can be read */
	NS_GRPC_STRING_COUNT
};
NS_ASSERT(NS_GRPC_STRING_COUNT <= NS_RECORD_STRINGS);
#define NS_GRPC_MAX_METHOD 256
#define NS_GRPC_MAX_TARGET 160
#define NS_GRPC_MAX_MESSAGE 160
NS_ASSERT(NS_GRPC_MAX_METHOD + NS_GRPC_MAX_TARGET + NS_CAPTURED_MAX_BYTES + NS_HTTP_MAX_TRACESTATE +
		  NS_GRPC_MAX_MESSAGE <=
	  NS_STRINGS_BYTES);

/* Bits of ns_grpc_record.present */
#define NS_GRPC_HAS_CODE 0x1
#define NS_GRPC_FAILED 0x2	 /* client: there is an error that has no code */
#define NS_GRPC_UNREGISTERED 0x4 /* server: the method is not one of its own */
#define NS_GRPC_PANICKED 0x8	 /* it ended by a panic that ended the process */

struct ns_grpc_record {
	struct ns_record_header header;
	uint64_t error_type_vaddr; /* descriptor of the type of an error without code, as linked; 0: not known */
	struct ns_socket_address peer;
	uint32_t present; /* NS_GRPC_*; behind it google.rpc.Code */
	uint32_t code;
	uint64_t service_type_vaddr; /* server: descriptor of the type that implements the service, as linked; 0: not
					known */
				     /* strings follow */
};
NS_ASSERT(sizeof(struct ns_grpc_record) == 160);

/*
 * ---- Spans that the program makes through the OpenTelemetry API: one record for each call ----
 *
 * Spans of go.opentelemetry.io/auto/sdk come whole, as NS_API_ENCODED. Those of the global tracer begin with
 * NS_API_BEGIN and end with NS_API_END; what happens to them in between is told by the other actions.
 */
enum ns_api_action {
	NS_API_BEGIN = 1,  /* text: name; tracer; items: options of Tracer.Start */
	NS_API_ATTRIBUTES, /* items */
	NS_API_STATUS,	   /* number: codes.Code; text: description */
	NS_API_NAME,	   /* text */
	NS_API_EVENT,	   /* text: name; items: its options */
	NS_API_ERROR,	   /* error_type_vaddr; text: of the error, when its type holds one; items: options */
	NS_API_END,	   /* items: options of Span.End */
	NS_API_ENCODED,	   /* body: the span as OTLP/JSON, without ids of its own */
	NS_API_ACTION_COUNT
};

enum ns_api_string {
	NS_API_TEXT,
	NS_API_TRACER, /* name of the instrumentation scope */
	NS_API_BODY,   /* items, or JSON */
	NS_API_STRING_COUNT
};
NS_ASSERT(NS_API_STRING_COUNT <= NS_RECORD_STRINGS);
#define NS_API_MAX_TEXT 256
#define NS_API_MAX_TRACER 128
#define NS_API_MAX_BODY 16384
#define NS_API_STRINGS_BYTES (NS_API_MAX_TEXT + NS_API_MAX_TRACER + NS_API_MAX_BODY)

/* An item of the body: this, then its key, then its value. Attributes have the numbers of attribute.Type. */
enum ns_api_item_kind {
	NS_ITEM_BOOL = 1, /* 8 bytes, like the other numbers */
	NS_ITEM_INT64,
	NS_ITEM_FLOAT64,
	NS_ITEM_STRING,
	NS_ITEM_BOOLS, /* the elements as Go has them */
	NS_ITEM_INT64S,
	NS_ITEM_FLOAT64S,
	NS_ITEM_STRINGS,   /* no value: followed by its elements */
	NS_ITEM_ELEMENT,   /* no key: a string of the last NS_ITEM_STRINGS */
	NS_ITEM_LEFT_OUT,  /* no key, no value: an attribute of a type that is not read, or unreadable */
	NS_ITEM_SPAN_KIND, /* 8 bytes: trace.SpanKind */
	NS_ITEM_TIMESTAMP, /* time.Time: wall and ext, 16 bytes */
	NS_ITEM_LINK,	   /* trace id, span id, trace flags: 25 bytes */
};

struct ns_api_item {
	uint8_t kind; /* enum ns_api_item_kind */
	uint8_t cut;  /* the value was longer */
	uint16_t key_bytes;
	uint16_t value_bytes;
};
NS_ASSERT(sizeof(struct ns_api_item) == 6);
#define NS_ITEM_MAX_KEY 128
#define NS_ITEM_MAX_VALUE 512

struct ns_api_record {
	struct ns_record_header header; /* end_mono_ns: of the call */
	uint64_t error_type_vaddr;	/* descriptor of the error's concrete type, as linked; 0: not known */
	uint32_t number;
	uint8_t action;	   /* enum ns_api_action */
	uint8_t items_cut; /* there were more items than fit */
	uint8_t pad[2];
	/* strings follow */
};
NS_ASSERT(sizeof(struct ns_api_record) == 128);

/* ---- Messages of Kafka: sent, fetched, or worked on ---- */
enum ns_kafka_library {
	NS_KAFKA_LIBRARY_KAFKA_GO, /* segmentio/kafka-go */
	NS_KAFKA_LIBRARY_SARAMA,   /* IBM/sarama */
	NS_KAFKA_LIBRARY_COUNT
};

enum ns_kafka_operation { NS_KAFKA_SEND = 1, NS_KAFKA_RECEIVE, NS_KAFKA_PROCESS, NS_KAFKA_OP_COUNT };

/* One context that a message brought along: an element of NS_KAFKA_LINKS. */
struct ns_kafka_link {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t trace_flags;
};
NS_ASSERT(sizeof(struct ns_kafka_link) == 25);
#define NS_KAFKA_MAX_LINK_COUNT 24 /* further ones are counted */

enum ns_kafka_string {
	NS_KAFKA_LINKS, /* no text: struct ns_kafka_link, one behind the other */
	NS_KAFKA_TOPIC, /* that all messages have */
	NS_KAFKA_KEY,	/* of a single message */
	NS_KAFKA_GROUP,
	NS_KAFKA_CLIENT_ID,
	NS_KAFKA_BROKER, /* host[:port]: of the broker that was asked, else what the program was told, if it is a single
			    one */
	NS_KAFKA_MESSAGE, /* text of the error, when its type holds one that can be read */
	NS_KAFKA_STRING_COUNT
};
NS_ASSERT(NS_KAFKA_STRING_COUNT <= NS_RECORD_STRINGS);
#define NS_KAFKA_MAX_LINKS (NS_KAFKA_MAX_LINK_COUNT * 25)
#define NS_KAFKA_MAX_TOPIC 256 /* Kafka's own limit is 249 */
#define NS_KAFKA_MAX_KEY 128
#define NS_KAFKA_MAX_GROUP 128
#define NS_KAFKA_MAX_CLIENT_ID 96
#define NS_KAFKA_MAX_BROKER 128
#define NS_KAFKA_MAX_MESSAGE 160
NS_ASSERT(NS_KAFKA_MAX_LINKS + NS_KAFKA_MAX_TOPIC + NS_KAFKA_MAX_KEY + NS_KAFKA_MAX_GROUP + NS_KAFKA_MAX_CLIENT_ID +
		  NS_KAFKA_MAX_BROKER + NS_KAFKA_MAX_MESSAGE <=
	  NS_STRINGS_BYTES);

/* Bits of ns_kafka_record.present */
#define NS_KAFKA_FAILED 0x1
#define NS_KAFKA_PANICKED 0x2
#define NS_KAFKA_HAS_CODE 0x4 /* the error is one of Kafka's own */
#define NS_KAFKA_HAS_PARTITION 0x8
#define NS_KAFKA_HAS_OFFSET 0x10 /* of a single message */
#define NS_KAFKA_TOMBSTONE 0x20	 /* a single message, whose value is nil */

struct ns_kafka_record {
	struct ns_record_header header;
	uint64_t error_type_vaddr; /* descriptor of the error's concrete type, as linked; 0: not known */
	int64_t offset;
	int64_t error_code;
	uint32_t present; /* NS_KAFKA_* */
	int32_t partition;
	uint32_t message_count;
	uint32_t dropped_links;
	uint8_t operation; /* enum ns_kafka_operation */
	uint8_t library;   /* enum ns_kafka_library */
	uint8_t pad[6];
	/* strings follow */
};
NS_ASSERT(sizeof(struct ns_kafka_record) == 160);

/* ---- A panic on a goroutine that has an operation open ---- */
enum ns_panic_string {
	NS_PANIC_FRAMES, /* return addresses of the stack, as linked, 8 bytes each: innermost first */
	NS_PANIC_TEXT,	 /* what the value's first two words lead to, were they a string: only its type tells */
	NS_PANIC_STRING_COUNT
};
NS_ASSERT(NS_PANIC_STRING_COUNT <= NS_RECORD_STRINGS);
#define NS_PANIC_MAX_FRAMES 32
#define NS_PANIC_MAX_TEXT 256

/* The ids in its header are those of the operation; start and end are the time of the panic. */
struct ns_panic_record {
	struct ns_record_header header;
	uint64_t type_vaddr; /* descriptor of the value's type, as linked; 0: panic(nil) */
	uint64_t load_bias;  /* of the process: pointers in `value` are addresses in it */
	uint64_t goid;	     /* 0: not known */
	uint8_t value[32];   /* of the value, or of what it points to */
	uint8_t value_bytes; /* read of it */
	uint8_t pad[7];
	/* strings follow */
};
NS_ASSERT(sizeof(struct ns_panic_record) == 176);

#define NS_RECORD_MAX_FIXED_BYTES 176
NS_ASSERT(sizeof(struct ns_panic_record) <= NS_RECORD_MAX_FIXED_BYTES);
NS_ASSERT(sizeof(struct ns_kafka_record) <= NS_RECORD_MAX_FIXED_BYTES);
NS_ASSERT(sizeof(struct ns_grpc_record) <= NS_RECORD_MAX_FIXED_BYTES);
NS_ASSERT(sizeof(struct ns_http_server_record) <= NS_RECORD_MAX_FIXED_BYTES);
NS_ASSERT(sizeof(struct ns_http_client_record) <= NS_RECORD_MAX_FIXED_BYTES);
NS_ASSERT(sizeof(struct ns_database_record) <= NS_RECORD_MAX_FIXED_BYTES);

/* ---- Process events, in the ring `process_events` ---- */
enum ns_process_event_type {
	NS_PROCESS_EXEC = 1,
	NS_PROCESS_EXIT = 2,
	NS_PROCESS_EXPORTS = 3, /* a traced process exports spans that its own SDK makes */
};

struct ns_process_event {
	uint32_t type;
	uint32_t pid; /* thread group id in the initial pid namespace */
	/* NS_PROCESS_EXPORTS; otherwise 0 */
	uint32_t target_slot;
	uint32_t target_generation;
};

#endif /* NODESPAN_ABI_RECORDS_H */
