// SPDX-License-Identifier: Apache-2.0
#include "attach/otel_catalog.h"

namespace nodespan::attach {
namespace {

using Otel = ns_otel_params;

constexpr std::string_view kString[] = {"string"};
constexpr std::string_view kAny[] = {"interface {}"};
constexpr std::string_view kUint64[] = {"uint64"};
constexpr std::string_view kInt64[] = {"int64"};
constexpr std::string_view kAtomicValue[] = {"atomic.Value"};
constexpr std::string_view kKey[] = {"attribute.Key"};
constexpr std::string_view kValue[] = {"attribute.Value"};
constexpr std::string_view kType[] = {"attribute.Type"};
constexpr std::string_view kSpanContext[] = {"trace.SpanContext"};
constexpr std::string_view kTraceId[] = {"trace.TraceID"};
constexpr std::string_view kSpanId[] = {"trace.SpanID"};
constexpr std::string_view kTraceFlags[] = {"trace.TraceFlags"};

// otel/trace/context.go, ContextWithSpan.
constexpr std::array<std::string_view, NS_OTEL_SPAN_TYPES> kSpanTypes = {
    "go.opentelemetry.io/otel/internal/global.nonRecordingSpan",
    "*go.opentelemetry.io/auto/sdk.span",
    "*go.opentelemetry.io/otel/trace.autoSpan",
};

// auto/sdk/tracer.go and span.go; otel/trace/auto.go. Made to be probed: never inlined.
constexpr std::string_view kSdkStart[] = {"go.opentelemetry.io/auto/sdk.(*tracer).start"};
constexpr std::string_view kSdkEnded[] = {"go.opentelemetry.io/auto/sdk.(*span).ended"};
constexpr std::string_view kApiStart[] = {"go.opentelemetry.io/otel/trace.(*autoTracer).start"};
constexpr std::string_view kApiEnded[] = {"go.opentelemetry.io/otel/trace.(*autoSpan).ended"};
constexpr std::string_view kSdkUsedWhen[] = {kSdkEnded[0], kApiEnded[0]};

constexpr OtelSdkCatalog kModules[] = {
    {NS_OTEL_SPAN_SDK, {Program::kOtelSpanStart, kSdkStart}, {Program::kOtelSpanEnded, kSdkEnded}},
    {NS_OTEL_SPAN_AUTO, {Program::kOtelSpanStart, kApiStart}, {Program::kOtelSpanEnded, kApiEnded}},
};

// otel/internal/global/trace.go. newSpan since 1.33; before it the same is part of Start.
constexpr std::string_view kNewSpan[] = {"go.opentelemetry.io/otel/internal/global.(*tracer).newSpan"};
constexpr std::string_view kStart[] = {"go.opentelemetry.io/otel/internal/global.(*tracer).Start"};
constexpr std::string_view kCreated[] = {kNewSpan[0], kStart[0]};
constexpr std::string_view kEnd[] = {"go.opentelemetry.io/otel/internal/global.(*nonRecordingSpan).End"};
constexpr std::string_view kAttributes[] = {
    "go.opentelemetry.io/otel/internal/global.(*nonRecordingSpan).SetAttributes"};
constexpr std::string_view kStatus[] = {"go.opentelemetry.io/otel/internal/global.(*nonRecordingSpan).SetStatus"};
constexpr std::string_view kName[] = {"go.opentelemetry.io/otel/internal/global.(*nonRecordingSpan).SetName"};
constexpr std::string_view kEvent[] = {"go.opentelemetry.io/otel/internal/global.(*nonRecordingSpan).AddEvent"};
constexpr std::string_view kError[] = {"go.opentelemetry.io/otel/internal/global.(*nonRecordingSpan).RecordError"};

constexpr OtelStartSpec kStarts[] = {
    {NS_OTEL_START_NEW_SPAN, {Program::kOtelGlobalStart, kNewSpan}},
    {NS_OTEL_START_TRACER, {Program::kOtelGlobalStart, kStart}},
};
constexpr OtelCallSpec kCalls[] = {
    {NS_API_END, {Program::kOtelGlobalCall, kEnd}, {}},
    {NS_API_ATTRIBUTES, {Program::kOtelGlobalCall, kAttributes}, "attributes that are set after the start"},
    {NS_API_STATUS, {Program::kOtelGlobalCall, kStatus}, "status"},
    {NS_API_NAME, {Program::kOtelGlobalCall, kName}, "names that are set after the start"},
    {NS_API_EVENT, {Program::kOtelGlobalCall, kEvent}, "events"},
    {NS_API_ERROR, {Program::kOtelGlobalCall, kError}, "recorded errors"},
};

// (context.Context, trace.Span): the return with a context that the function has made itself; the other one returns
// what the delegate did.
constexpr int kContextAndSpan[] = {0, 1, 3};

// sdk/trace/provider.go; span_exporter.go.
constexpr std::string_view kSdk[] = {"go.opentelemetry.io/otel/sdk/trace.(*TracerProvider).Tracer"};
constexpr std::string_view kNotExporters[] = {
    "*go.opentelemetry.io/otel/exporters/stdout/stdouttrace.Exporter",
    "*go.opentelemetry.io/otel/sdk/trace/tracetest.InMemoryExporter",
    "*go.opentelemetry.io/otel/sdk/trace/tracetest.NoopExporter",
};

constexpr FieldSpec<Otel> kFields[] = {
    {"go.opentelemetry.io/otel/internal/global.tracer", "name", kString, &Otel::tracer_name_off},
    {"go.opentelemetry.io/otel/internal/global.tracer", "delegate", kAtomicValue, &Otel::tracer_delegate_off},
};
constexpr FieldSpec<Otel> kKeyValueFields[] = {
    {"go.opentelemetry.io/otel/attribute.KeyValue", "Key", kKey, &Otel::key_off},
};
constexpr FieldSpec<Otel> kValueFields[] = {
    {"go.opentelemetry.io/otel/attribute.Value", "vtype", kType, &Otel::type_off},
    {"go.opentelemetry.io/otel/attribute.Value", "numeric", kUint64, &Otel::numeric_off},
    {"go.opentelemetry.io/otel/attribute.Value", "stringly", kString, &Otel::string_off},
    {"go.opentelemetry.io/otel/attribute.Value", "slice", kAny, &Otel::slice_off},
};
constexpr FieldSpec<Otel> kTimeFields[] = {
    {"time.Time", "wall", kUint64, &Otel::time_wall_off},
    {"time.Time", "ext", kInt64, &Otel::time_ext_off},
};
constexpr FieldSpec<Otel> kSpanContextFields[] = {
    {"go.opentelemetry.io/otel/trace.SpanContext", "traceID", kTraceId, &Otel::link_trace_id_off},
    {"go.opentelemetry.io/otel/trace.SpanContext", "spanID", kSpanId, &Otel::link_span_id_off},
    {"go.opentelemetry.io/otel/trace.SpanContext", "traceFlags", kTraceFlags, &Otel::link_flags_off},
};

}  // namespace

constexpr OwnSdkCatalog kOwnSdkCatalog = {
    .library = "own OpenTelemetry SDK",
    .used_when = kSdk,
    .exporter_interface = "go.opentelemetry.io/otel/sdk/trace.SpanExporter",
    .method = "ExportSpans",
    .program = Program::kOtelExporterExport,
    .not_exporters = kNotExporters,
};

constexpr OtelContextCatalog kOtelContextCatalog = {
    .key_type = "go.opentelemetry.io/otel/trace.traceContextKeyType",
    .span_types = kSpanTypes,
    .value_context = "*context.valueCtx",
    .value_context_struct = "context.valueCtx",
    .key_field = "key",
    .value_field = "val",
};

constexpr OtelSdksCatalog kOtelSdksCatalog = {"OpenTelemetry auto SDK", kSdkUsedWhen, kModules};

constexpr OtelGlobalCatalog kOtelGlobalCatalog = {
    .library = "OpenTelemetry API",
    .used_when = kStart,
    .starts = kStarts,
    .created = {.program = Program::kOtelGlobalCreated,
                .candidates = kCreated,
                .deferred = {},
                .result_words = kContextAndSpan,
                .error_word = 0,
                .is_error_from_closure = true,
                .allows_hot_return = true},
    .calls = kCalls,
    .fields = kFields,
    .attribute_option_type = "go.opentelemetry.io/otel/trace.attributeOption",
    .attributes = {"go.opentelemetry.io/otel/attribute.KeyValue", &Otel::key_value_bytes, kKeyValueFields, "Value",
                   kValue, kValueFields, NS_OTEL_PARAM_ATTRIBUTES},
    .span_option_type = "go.opentelemetry.io/otel/trace.spanOptionFunc",
    .timestamp_option_type = "go.opentelemetry.io/otel/trace.timestampOption",
    .time_fields = kTimeFields,
    .links = {"go.opentelemetry.io/otel/trace.Link",
              &Otel::link_bytes,
              {},
              "SpanContext",
              kSpanContext,
              kSpanContextFields,
              NS_OTEL_PARAM_LINKS},
};

}  // namespace nodespan::attach
