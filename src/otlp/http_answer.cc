// SPDX-License-Identifier: Apache-2.0
#include "otlp/http_answer.h"

#include <algorithm>

#include "base/errors.h"
#include "fmt/format.h"
#include "otlp/answer.h"

namespace nodespan::otlp {
namespace {

constexpr size_t kLongestMessage = 256;

bool IsProtobuf(std::string_view content_type) { return content_type.starts_with("application/x-protobuf"); }

// The start of a text that comes from anywhere, fit for one line of a log.
std::string OneLine(std::string_view text) {
  std::string line(text.substr(0, std::min(text.find('\n'), kLongestMessage)));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return line;
}

absl::StatusCode ToCode(int status) {
  switch (status) {
    case 400: return absl::StatusCode::kInvalidArgument;
    case 401: return absl::StatusCode::kUnauthenticated;
    case 403: return absl::StatusCode::kPermissionDenied;
    case 404: return absl::StatusCode::kNotFound;
    case 413:
    case 429: return absl::StatusCode::kResourceExhausted;
    case 502:
    case 503:
    case 504: return absl::StatusCode::kUnavailable;
    default: return status < 500 ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kInternal;
  }
}

Failure Classify(int status) {
  switch (status) {
    case 429: return Failure::kRetryable;
    case 502:
    case 503:
    case 504: return Failure::kAway;
    default: return Failure::kFinal;
  }
}

CallResult ReadSuccess(const HttpAnswer& answer) {
  if (answer.body.empty() || IsProtobuf(answer.content_type)) {
    return ReadResponse(answer.body);
  }
  // Some receivers answer in words. The status is what counts; a page of something else at that address gets noticed.
  CallResult result;
  result.partial_success_message =
      fmt::format("its answer is of type \"{}\" instead of protobuf", OneLine(answer.content_type));
  return result;
}

}  // namespace

CallResult ReadHttpAnswer(const HttpAnswer& answer) {
  if (answer.status >= 200 && answer.status < 300) {
    return ReadSuccess(answer);
  }
  CallResult result;
  result.failure = Classify(answer.status);
  result.retry_delay = result.failure == Failure::kFinal ? std::nullopt : answer.retry_after;
  std::string message;
  if (const std::optional<ErrorDetails> details =
          IsProtobuf(answer.content_type) ? ReadErrorDetails(answer.body) : std::nullopt) {
    message = OneLine(details->message);
  } else if (!answer.location.empty()) {
    message = fmt::format("redirects to {}, which is not followed", OneLine(answer.location));
  } else if (!IsProtobuf(answer.content_type)) {
    message = OneLine(answer.body);
  }
  result.status = base::MakeStatus(ToCode(answer.status), "HTTP status {}{}{}", answer.status,
                                   message.empty() ? "" : ": ", message);
  return result;
}

}  // namespace nodespan::otlp
