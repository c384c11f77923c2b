// SPDX-License-Identifier: Apache-2.0
#include "otlp/answer.h"

#include "proto/otlp_trace_service.pb.h"
#include "proto/rpc_status.pb.h"

namespace nodespan::otlp {
namespace {

constexpr std::string_view kRetryInfoType = "google.rpc.RetryInfo";

template <typename Message>
bool Parse(std::string_view bytes, Message& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

CallResult ReadResponse(std::string_view bytes) {
  CallResult result;
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse response;
  if (!Parse(bytes, response)) {
    result.status = absl::InternalError("the collector's answer is not an OTLP response");
    return result;
  }
  result.rejected_count = response.partial_success().rejected_spans();
  result.partial_success_message = response.partial_success().error_message();
  return result;
}

std::optional<ErrorDetails> ReadErrorDetails(std::string_view bytes) {
  google::rpc::Status status;
  if (bytes.empty() || !Parse(bytes, status)) {
    return std::nullopt;
  }
  ErrorDetails result{.message = status.message(), .retry_delay = std::nullopt};
  for (const google::rpc::Status::Detail& detail : status.details()) {
    const std::string_view url = detail.type_url();
    google::rpc::RetryInfo retry_info;
    if (url.substr(url.rfind('/') + 1) == kRetryInfoType && retry_info.ParseFromString(detail.value())) {
      result.retry_delay =
          absl::Seconds(retry_info.retry_delay().seconds()) + absl::Nanoseconds(retry_info.retry_delay().nanos());
      break;
    }
  }
  return result;
}

}  // namespace nodespan::otlp
