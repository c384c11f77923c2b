// SPDX-License-Identifier: Apache-2.0
#include "spans/kafka_span.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "fmt/format.h"
#include "spans/attribute_writer.h"
#include "spans/go_error.h"
#include "spans/host_port.h"
#include "spans/kafka_error_name.h"
#include "spans/messaging_attribute_names.h"
#include "spans/scopes.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

using events::EventString;
using events::KafkaEvent;
using events::KafkaLibrary;
using events::KafkaOperation;
using model::SemconvMode;

constexpr Scopes kKafkaGoScopes("nodespan/github.com/segmentio/kafka-go");
constexpr Scopes kSaramaScopes("nodespan/github.com/IBM/sarama");

const Scopes& ScopesOf(KafkaLibrary library) {
  return library == KafkaLibrary::kSarama ? kSaramaScopes : kKafkaGoScopes;
}

// Enough for every attribute below, so that the vector grows once.
constexpr size_t kMaxAttributes = 14;
constexpr size_t kMaxAttributesOfBoth = 20;

struct OperationRow {
  std::string_view name;  // also its type
  std::string_view old_name;
  model::SpanKind kind;
  model::SpanKind old_kind;
};

OperationRow RowOf(KafkaOperation operation) {
  using model::SpanKind;
  switch (operation) {
    case KafkaOperation::kSend: return {"send", "publish", SpanKind::kProducer, SpanKind::kProducer};
    case KafkaOperation::kReceive: return {"receive", "receive", SpanKind::kClient, SpanKind::kConsumer};
    case KafkaOperation::kProcess: break;
  }
  return {"process", "process", SpanKind::kConsumer, SpanKind::kConsumer};
}

// A string that is only useful as a whole.
std::string Whole(const EventString& string) { return string.cut ? std::string() : Clean(string.text); }

void AddIfKnown(const AttributeName& name, std::string value, AttributeWriter& attributes) {
  if (!value.empty()) {
    attributes.AddText(name, std::move(value));
  }
}

void AddLinks(const KafkaEvent& event, model::Span& span) {
  span.links.reserve(event.links.size());
  for (size_t i = 0; i < event.links.size(); ++i) {
    const events::KafkaLink link = event.links.At(i);
    model::SpanLink& added = span.links.emplace_back();
    added.trace_id = link.trace_id;
    added.span_id = link.span_id;
    added.flags = RemoteFlags(link.trace_flags);
  }
  span.dropped_links_count = event.dropped_links;
}

void AddMessage(const KafkaEvent& event, AttributeWriter& attributes) {
  if (event.message_count > 1) {
    attributes.AddInt(messaging::kMessageCount, event.message_count);
  }
  if (event.partition) {
    attributes.AddText(messaging::kPartitionStable, fmt::format("{}", *event.partition));
    attributes.AddInt(messaging::kPartitionOld, *event.partition);
  }
  if (event.offset) {
    attributes.AddInt(messaging::kOffset, *event.offset);
  }
  if (!event.key.cut && base::IsValidUtf8(event.key.text)) {
    AddIfKnown(messaging::kKey, std::string(event.key.text), attributes);
  }
  if (event.is_tombstone) {
    attributes.AddBool(messaging::kTombstone, true);
  }
}

void AddBroker(const KafkaEvent& event, AttributeWriter& attributes) {
  if (event.broker.empty() || event.broker.cut) {
    return;
  }
  const HostPort broker = SplitHostPort(event.broker.text);
  if (broker.host.empty()) {
    return;
  }
  attributes.AddText(messaging::kServerAddress, Clean(broker.host));
  if (broker.port) {
    attributes.AddInt(messaging::kServerPort, *broker.port);
  }
}

void AddError(const events::KafkaError& error, const model::TypeNames* types, model::Span& span,
              AttributeWriter& attributes) {
  span.status = model::StatusCode::kError;
  if (error.code) {
    attributes.AddText(messaging::kErrorType, KafkaErrorName(*error.code));
    return;
  }
  std::string type = error.is_panic ? "panic" : GoErrorType(types, error.type_vaddr);
  span.status_message = GoErrorMessage(type, Clean(error.message));
  attributes.AddText(messaging::kErrorType, std::move(type));
}

}  // namespace

void BuildKafkaSpan(const KafkaEvent& event, SemconvMode mode, const model::ResourcePtr& resource,
                    const model::TypeNames* types, const WallClock& clock, model::Span& span) {
  const OperationRow row = RowOf(event.operation);
  const bool only_old = mode == SemconvMode::kOld;
  span.kind = only_old ? row.old_kind : row.kind;
  span.scope = ScopesOf(event.library).Of(mode);
  span.resource = resource;
  CopyIdentity(event.header, clock, span);
  AddLinks(event, span);

  std::string topic = Whole(event.topic);
  if (topic.empty()) {
    span.name = only_old ? row.old_name : row.name;
  } else {
    span.name = only_old ? fmt::format("{} {}", topic, row.old_name) : fmt::format("{} {}", row.name, topic);
  }
  span.attributes.reserve(mode == SemconvMode::kDup ? kMaxAttributesOfBoth : kMaxAttributes);
  AttributeWriter attributes(mode, &span.attributes);
  attributes.AddText(messaging::kSystem, "kafka");
  attributes.AddText(messaging::kOperationName, std::string(row.name));
  attributes.AddText(messaging::kOperationTypeStable, std::string(row.name));
  attributes.AddText(messaging::kOperationOld, std::string(row.old_name));
  AddIfKnown(messaging::kDestinationName, std::move(topic), attributes);
  AddMessage(event, attributes);
  AddIfKnown(messaging::kGroup, Whole(event.group), attributes);
  AddIfKnown(messaging::kClientId, Whole(event.client_id), attributes);
  AddBroker(event, attributes);
  if (event.error) {
    AddError(*event.error, types, span, attributes);
  }
}

}  // namespace nodespan::spans
