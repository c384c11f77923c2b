// SPDX-License-Identifier: Apache-2.0
#include "otlp/otlp_json.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/errors.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "otlp/span_order.h"

namespace nodespan::otlp {
namespace {

using Json = nlohmann::ordered_json;

template <size_t N>
std::string Hex(const std::array<uint8_t, N>& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * N);
  for (const uint8_t byte : id) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 0xF];
  }
  return hex;
}

// JSON has no name for these; protobuf's mapping writes them as strings.
Json Double(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "Infinity" : "-Infinity";
  }
  return value;
}

Json Value(const model::AttributeValue& value) {
  return std::visit(
      [](const auto& held) -> Json {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, bool>) {
          return {{"boolValue", held}};
        } else if constexpr (std::is_same_v<T, int64_t>) {
          return {{"intValue", std::to_string(held)}};
        } else if constexpr (std::is_same_v<T, double>) {
          return {{"doubleValue", Double(held)}};
        } else if constexpr (std::is_same_v<T, std::string>) {
          return {{"stringValue", held}};
        } else {
          Json values = Json::array();
          for (const std::string& text : held) {
            values.push_back({{"stringValue", text}});
          }
          return {{"arrayValue", {{"values", std::move(values)}}}};
        }
      },
      value);
}

template <typename Attributes>
Json KeyValues(const Attributes& attributes) {
  Json list = Json::array();
  for (const auto& attribute : attributes) {
    Json key_value;
    key_value["key"] = attribute.key;
    key_value["value"] = Value(attribute.value);
    list.push_back(std::move(key_value));
  }
  return list;
}

void AddText(Json& object, const char* key, std::string_view text) {
  if (!text.empty()) {
    object[key] = text;
  }
}

void AddNumber(Json& object, const char* key, uint32_t number) {
  if (number != 0) {
    object[key] = number;
  }
}

template <typename Items>
void AddList(Json& object, const char* key, const Items& items, Json (*convert)(const typename Items::value_type&)) {
  if (items.empty()) {
    return;
  }
  Json list = Json::array();
  for (const auto& item : items) {
    list.push_back(convert(item));
  }
  object[key] = std::move(list);
}

template <typename Attributes>
void AddAttributes(Json& object, const Attributes& attributes) {
  if (!attributes.empty()) {
    object["attributes"] = KeyValues(attributes);
  }
}

Json Event(const model::SpanEvent& event) {
  Json json;
  json["timeUnixNano"] = std::to_string(event.time_unix_ns);
  AddText(json, "name", event.name);
  AddAttributes(json, event.attributes);
  AddNumber(json, "droppedAttributesCount", event.dropped_attributes_count);
  return json;
}

Json Link(const model::SpanLink& link) {
  Json json;
  json["traceId"] = Hex(link.trace_id);
  json["spanId"] = Hex(link.span_id);
  AddText(json, "traceState", link.trace_state);
  AddAttributes(json, link.attributes);
  AddNumber(json, "flags", link.flags);
  return json;
}

Json Span(const model::Span& span) {
  Json json;
  json["traceId"] = Hex(span.trace_id);
  json["spanId"] = Hex(span.span_id);
  AddText(json, "traceState", span.trace_state);
  if (!model::IsZero(span.parent_span_id)) {
    json["parentSpanId"] = Hex(span.parent_span_id);
  }
  AddText(json, "name", span.name);
  json["kind"] = static_cast<int>(span.kind);
  json["startTimeUnixNano"] = std::to_string(span.start_unix_ns);
  json["endTimeUnixNano"] = std::to_string(span.end_unix_ns);
  AddAttributes(json, span.attributes);
  AddNumber(json, "droppedAttributesCount", span.dropped_attributes_count);
  AddList(json, "events", span.events, &Event);
  AddNumber(json, "droppedEventsCount", span.dropped_events_count);
  AddList(json, "links", span.links, &Link);
  AddNumber(json, "droppedLinksCount", span.dropped_links_count);
  if (span.status != model::StatusCode::kUnset) {
    Json status;
    if (span.status == model::StatusCode::kError) {
      AddText(status, "message", span.status_message);
    }
    status["code"] = static_cast<int>(span.status);
    json["status"] = std::move(status);
  }
  AddNumber(json, "flags", span.flags);
  return json;
}

Json ResourceEnvelope(const model::Resource* resource) {
  Json json;
  json["resource"] = Json::object();
  json["scopeSpans"] = Json::array();
  if (resource != nullptr) {
    AddAttributes(json["resource"], resource->attributes);
    AddText(json, "schemaUrl", resource->schema_url);
  }
  return json;
}

Json ScopeEnvelope(const model::InstrumentationScope* scope) {
  Json json;
  json["scope"] = Json::object();
  json["spans"] = Json::array();
  if (scope != nullptr) {
    AddText(json["scope"], "name", scope->name);
    AddText(json["scope"], "version", scope->version);
    AddText(json, "schemaUrl", scope->schema_url);
  }
  return json;
}

// Keeps SIGPIPE from the thread while it lives, and takes back one that was raised meanwhile: write() has no
// MSG_NOSIGNAL, and the process-wide disposition is not ours to change.
class ScopedNoSigpipe {
 public:
  ScopedNoSigpipe() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &sigpipe_, &old_mask_);
  }
  ~ScopedNoSigpipe() {
    if (!was_pending_) {
      const timespec no_wait{};
      (void)sigtimedwait(&sigpipe_, nullptr, &no_wait);
    }
    (void)pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }
  ScopedNoSigpipe(const ScopedNoSigpipe&) = delete;
  ScopedNoSigpipe& operator=(const ScopedNoSigpipe&) = delete;

 private:
  sigset_t sigpipe_;
  sigset_t old_mask_;
  bool was_pending_ = false;
};

// Milliseconds for poll(), rounded up so that it does not spin at the end.
int PollTimeout(absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) {
    return -1;
  }
  const int64_t left_ms = absl::ToInt64Milliseconds(absl::Ceil(deadline - absl::Now(), absl::Milliseconds(1)));
  return static_cast<int>(std::clamp<int64_t>(left_ms, 0, 60'000));
}

}  // namespace

std::string ToOtlpJson(std::span<const model::Span> spans) {
  Json resources = Json::array();
  const model::Span* previous = nullptr;
  for (const uint32_t index : GroupedOrder(spans)) {
    const model::Span& span = spans[index];
    const bool new_resource = previous == nullptr || span.resource != previous->resource;
    if (new_resource) {
      resources.push_back(ResourceEnvelope(span.resource.get()));
    }
    Json& scopes = resources.back()["scopeSpans"];
    if (new_resource || span.scope != previous->scope) {
      scopes.push_back(ScopeEnvelope(span.scope));
    }
    scopes.back()["spans"].push_back(Span(span));
    previous = &span;
  }
  Json request;
  request["resourceSpans"] = std::move(resources);
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<std::unique_ptr<StdoutJsonExporter>> StdoutJsonExporter::Create(
    int fd, metrics::Counters* counters, std::function<void(const absl::Status&)> on_status) {
  base::UniqueFd cancel_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!cancel_fd.valid()) {
    return base::ErrnoStatus("eventfd");
  }
  return std::unique_ptr<StdoutJsonExporter>(
      new StdoutJsonExporter(fd, std::move(cancel_fd), counters, std::move(on_status)));
}

StdoutJsonExporter::StdoutJsonExporter(int fd, base::UniqueFd cancel_fd, metrics::Counters* counters,
                                       std::function<void(const absl::Status&)> on_status)
    : fd_(fd), cancel_fd_(std::move(cancel_fd)), counters_(counters), on_status_(std::move(on_status)) {}

void StdoutJsonExporter::Export(std::vector<model::Span> spans, absl::Time deadline) {
  using metrics::Counter;
  counters_->Add(Counter::kExportRequests);
  std::string text = line_is_open_ ? "\n" : "";
  text += ToOtlpJson(spans);
  text += '\n';
  const absl::Status status = Write(text, deadline);
  if (status.ok()) {
    counters_->Add(Counter::kSpansExported, spans.size());
    return;
  }
  counters_->Add(absl::IsCancelled(status) ? Counter::kSpansDroppedShutdown : Counter::kSpansDroppedExport,
                 spans.size());
  on_status_(base::MakeStatus(status.code(), "{}; {} spans dropped", base::Message(status), spans.size()));
}

void StdoutJsonExporter::Cancel() {
  const uint64_t one = 1;
  (void)!::write(cancel_fd_.get(), &one, sizeof one);
}

absl::Status StdoutJsonExporter::Write(std::string_view text, absl::Time deadline) {
  const ScopedNoSigpipe no_sigpipe;
  while (!text.empty()) {
    NODESPAN_RETURN_IF_ERROR(WaitWritable(deadline));
    // A writable pipe takes PIPE_BUF bytes without blocking (pipe(7)); more could block a descriptor in blocking mode.
    const ssize_t written = ::write(fd_, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
    if (written < 0) {
      const int error = errno;
      if (error == EINTR || error == EAGAIN) {
        continue;
      }
      return base::ErrnoStatus(error, "write OTLP/JSON");
    }
    if (written > 0) {
      line_is_open_ = static_cast<size_t>(written) < text.size();
      text.remove_prefix(static_cast<size_t>(written));
    }
  }
  return absl::OkStatus();
}

absl::Status StdoutJsonExporter::WaitWritable(absl::Time deadline) {
  while (true) {
    std::array<pollfd, 2> fds = {{{fd_, POLLOUT, 0}, {cancel_fd_.get(), POLLIN, 0}}};
    const int ready = ::poll(fds.data(), fds.size(), PollTimeout(deadline));
    if (ready < 0) {
      const int error = errno;
      if (error == EINTR) {
        continue;
      }
      return base::ErrnoStatus(error, "poll the output of OTLP/JSON");
    }
    if (fds[1].revents != 0) {
      return absl::CancelledError("OTLP/JSON output cancelled");
    }
    if (fds[0].revents != 0) {  // POLLERR and POLLHUP too: write() says what it is
      return absl::OkStatus();
    }
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError("the reader of OTLP/JSON is too slow");
    }
  }
}

}  // namespace nodespan::otlp
