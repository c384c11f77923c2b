// SPDX-License-Identifier: Apache-2.0
#include "otlp/http_endpoint.h"

#include <algorithm>
#include <memory>

#include "base/errors.h"
#include "base/status_macros.h"
#include "http/curl_handles.h"

namespace nodespan::otlp {
namespace {

std::string_view SignalPath(Signal signal) { return signal == Signal::kMetrics ? "v1/metrics" : "v1/traces"; }

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

absl::Status InvalidUrl(std::string_view text, std::string_view why) {
  return base::MakeStatus(absl::StatusCode::kInvalidArgument, "OTLP endpoint \"{}\": {}", text, why);
}

// Empty when the URL has no such part.
std::string Part(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) {
    return "";
  }
  std::string result(text);
  curl_free(text);
  return result;
}

}  // namespace

absl::StatusOr<std::string> ParseHttpEndpoint(std::string_view text, bool insecure, bool is_complete, Signal signal) {
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; })) {
    return InvalidUrl(text, "contains a character that no address has");
  }
  std::string full(text);
  if (text.find("://") == std::string_view::npos) {
    full.insert(0, insecure ? "http://" : "https://");
  }
  const Url url(curl_url());
  if (url == nullptr) {
    return absl::ResourceExhaustedError("out of memory for a URL");
  }
  // Any scheme, so that a wrong one is told as such.
  if (const CURLUcode bad = curl_url_set(url.get(), CURLUPART_URL, full.c_str(), CURLU_NON_SUPPORT_SCHEME);
      bad != CURLUE_OK) {
    return InvalidUrl(text, curl_url_strerror(bad));
  }
  if (const std::string scheme = Part(url, CURLUPART_SCHEME); scheme != "http" && scheme != "https") {
    return InvalidUrl(text, "OTLP/HTTP needs http:// or https://");
  }
  if (!Part(url, CURLUPART_USER).empty() || !Part(url, CURLUPART_PASSWORD).empty()) {
    // The text holds the password.
    return absl::InvalidArgumentError(
        "OTLP endpoint: user and password do not belong there; use OTEL_EXPORTER_OTLP_HEADERS");
  }
  if (!is_complete) {
    std::string path = Part(url, CURLUPART_PATH);
    path.append(path.ends_with('/') ? "" : "/").append(SignalPath(signal));
    curl_url_set(url.get(), CURLUPART_PATH, path.c_str(), 0);
  }
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  std::string result = Part(url, CURLUPART_URL);
  return result.empty() ? InvalidUrl(text, "it makes no URL") : absl::StatusOr<std::string>(std::move(result));
}

}  // namespace nodespan::otlp
