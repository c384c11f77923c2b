// SPDX-License-Identifier: Apache-2.0
#include "spans/grpc_span.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "model/version.h"
#include "spans/attribute_writer.h"
#include "spans/grpc_target.h"
#include "spans/host_port.h"
#include "spans/rpc_attribute_names.h"
#include "spans/socket_address.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

using events::GrpcEvent;
using events::GrpcSide;
using model::SemconvMode;

constexpr std::string_view kScopeName = "nodespan/google.golang.org/grpc";
constexpr model::InstrumentationScope kScope{kScopeName, model::kVersion, kSchemaUrl};
constexpr model::InstrumentationScope kScopeWithOldNames{kScopeName, model::kVersion, ""};

constexpr std::string_view kSystemName = "grpc";
constexpr std::string_view kOther = "_OTHER";

// Enough for every attribute below, so that the vector grows once.
constexpr size_t kMaxAttributes = 10;
constexpr size_t kMaxAttributesOfBoth = 13;

enum Code : uint32_t { kOk = 0, kCancelled = 1, kUnknown = 2, kDeadlineExceeded = 4 };

struct CodeRow {
  std::string_view name;
  bool is_server_error;
};

// Position: google.rpc.Code. A server's span has an error for what is the server's fault.
constexpr std::array<CodeRow, 17> kCodes = {{
    {"OK", false},
    {"CANCELLED", false},
    {"UNKNOWN", true},
    {"INVALID_ARGUMENT", false},
    {"DEADLINE_EXCEEDED", true},
    {"NOT_FOUND", false},
    {"ALREADY_EXISTS", false},
    {"PERMISSION_DENIED", false},
    {"RESOURCE_EXHAUSTED", false},
    {"FAILED_PRECONDITION", false},
    {"ABORTED", false},
    {"OUT_OF_RANGE", false},
    {"UNIMPLEMENTED", true},
    {"INTERNAL", true},
    {"UNAVAILABLE", true},
    {"DATA_LOSS", true},
    {"UNAUTHENTICATED", false},
}};

std::string CodeName(uint32_t code) {
  return code < kCodes.size() ? std::string(kCodes[code].name) : fmt::format("{}", code);
}

bool IsError(GrpcSide side, uint32_t code) {
  if (side == GrpcSide::kClient) {
    return code != kOk;
  }
  return code < kCodes.size() && kCodes[code].is_server_error;
}

// The code of the call, also of an error that has none.
std::optional<uint32_t> CodeOf(const GrpcEvent& event, const model::TypeNames* types) {
  if (event.code || !event.failed) {
    return event.code;
  }
  if (event.message.text == "EOF") {
    return kOk;
  }
  const std::string_view type = types == nullptr ? std::string_view() : types->Find(event.error_type_vaddr.value_or(0));
  if (event.message.text == "context canceled") {
    return kCancelled;
  }
  return type == "context.deadlineExceededError" ? kDeadlineExceeded : kUnknown;
}

void AddMethod(const GrpcEvent& event, std::string_view path, AttributeWriter& attributes, SemconvMode mode) {
  if (path.empty()) {
    return;
  }
  std::string full = Clean(path, event.method.cut);
  const size_t slash = full.rfind('/');
  if (slash != std::string::npos && model::EmitsOld(mode)) {
    attributes.AddText(rpc::kService, full.substr(0, slash));
    if (!model::EmitsNew(mode)) {
      attributes.AddText(rpc::kMethodOld, full.substr(slash + 1));
    }
  }
  if (event.unregistered) {
    attributes.AddText(rpc::kMethodStable, std::string(kOther));
    attributes.AddText(rpc::kMethodOriginal, std::move(full));
  } else {
    attributes.AddText(rpc::kMethodStable, std::move(full));
  }
}

void AddServer(const GrpcEvent& event, AttributeWriter& attributes) {
  if (event.target.empty() || event.target.cut) {
    return;
  }
  GrpcServerName server;
  if (event.side == GrpcSide::kClient) {
    server = ParseGrpcTarget(event.target.text);
  } else {
    const HostPort authority = SplitHostPort(event.target.text);
    server = {authority.host, authority.port};
  }
  if (server.address.empty()) {
    return;
  }
  attributes.AddText(rpc::kServerAddress, Clean(server.address));
  if (server.port) {
    attributes.AddInt(rpc::kServerPort, *server.port);
  }
}

void AddResult(const GrpcEvent& event, std::optional<uint32_t> code, model::Span& span, AttributeWriter& attributes) {
  if (event.panicked) {
    span.status = model::StatusCode::kError;
    attributes.AddText(rpc::kErrorType, "panic");
    return;
  }
  if (!code) {
    return;
  }
  attributes.AddText(rpc::kStatusCodeStable, CodeName(*code));
  attributes.AddInt(rpc::kStatusCodeOld, *code);
  if (IsError(event.side, *code)) {
    span.status = model::StatusCode::kError;
    span.status_message = Clean(event.message);
    attributes.AddText(rpc::kErrorType, CodeName(*code));
  }
}

}  // namespace

void BuildGrpcSpan(const GrpcEvent& event, SemconvMode mode, const model::ResourcePtr& resource,
                   const model::TypeNames* types, const WallClock& clock, model::Span& span) {
  span.kind = event.side == GrpcSide::kServer ? model::SpanKind::kServer : model::SpanKind::kClient;
  span.scope = model::EmitsOld(mode) ? &kScopeWithOldNames : &kScope;
  span.resource = resource;
  CopyIdentity(event.header, clock, span, event.header.has_remote_parent ? event.tracestate : events::EventString());

  std::string_view path = event.method.text;
  if (path.starts_with('/')) {
    path.remove_prefix(1);
  }
  span.name = path.empty() || event.unregistered ? std::string(kSystemName) : Clean(path, event.method.cut);

  span.attributes.reserve(mode == SemconvMode::kDup ? kMaxAttributesOfBoth : kMaxAttributes);
  AttributeWriter attributes(mode, &span.attributes);
  attributes.AddText(rpc::kSystem, std::string(kSystemName));
  AddMethod(event, path, attributes, mode);
  AddResult(event, CodeOf(event, types), span, attributes);
  AddServer(event, attributes);
  if (event.peer) {
    attributes.AddText(rpc::kPeerAddress, AddressText(*event.peer));
    attributes.AddInt(rpc::kPeerPort, event.peer->port);
  }
}

}  // namespace nodespan::spans
