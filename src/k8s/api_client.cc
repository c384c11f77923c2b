// SPDX-License-Identifier: Apache-2.0
#include "k8s/api_client.h"

#include <atomic>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "fmt/format.h"
#include "http/curl_handles.h"
#include "k8s/pod.h"
#include "model/version.h"

namespace nodespan::k8s {
namespace {

constexpr absl::Duration kConnectTimeout = absl::Seconds(5);
// Finds out within a minute that the other end of a silent watch is gone.
constexpr long kKeepAliveIdleSeconds = 20;
constexpr long kKeepAliveIntervalSeconds = 10;
// Of an answer that is an error, for its message.
constexpr size_t kMaxErrorBytes = 2048;
constexpr size_t kMaxTokenBytes = size_t{64} * 1024;

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string token(kMaxTokenBytes, '\0');
  file.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<size_t>(file.gcount()));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
    token.pop_back();
  }
  // A line break within would make a header of its own.
  if (token.empty() || token.find_first_of("\r\n") != std::string::npos) {
    return base::MakeStatus(absl::StatusCode::kUnavailable, "no token of a service account in {}", path);
  }
  return token;
}

absl::Status HttpError(long code, std::string_view body) {
  const absl::StatusCode status_code = code == 401   ? absl::StatusCode::kUnauthenticated
                                       : code == 403 ? absl::StatusCode::kPermissionDenied
                                       : code == 404 ? absl::StatusCode::kNotFound
                                       : code == 410 ? absl::StatusCode::kOutOfRange
                                       : code == 429 ? absl::StatusCode::kResourceExhausted
                                                     : absl::StatusCode::kFailedPrecondition;
  // A Status object in JSON, or what a proxy says: any text. It is shown only when it is fit for one line.
  std::string text = Identifier(body.substr(0, body.find('\n')), kMaxErrorBytes);
  return base::MakeStatus(status_code, "the API server answers {}{}{}", code, text.empty() ? "" : ": ", text);
}

}  // namespace

struct ApiClient::Impl {
  ApiServer server;
  http::Multi multi;
  http::Easy easy;                       // before `multi`: it is removed from it after each request
  std::atomic<bool> is_stopped = false;  // ordered by the wake-up that follows it

  // Of the current request.
  const OnBytes* on_bytes = nullptr;
  std::string error_body;
  bool is_refused = false;  // on_bytes said so

  static size_t Write(char* bytes, size_t, size_t size, void* self) {
    return static_cast<Impl*>(self)->OnBody({bytes, size});
  }

  size_t OnBody(std::string_view bytes) {
    long code = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &code);
    if (code != 200) {
      error_body.append(bytes.substr(0, kMaxErrorBytes - std::min(error_body.size(), kMaxErrorBytes)));
      return bytes.size();
    }
    is_refused = !(*on_bytes)(bytes);
    return is_refused ? 0 : bytes.size();
  }

  void Configure() const {
    CURL* handle = easy.get();
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");  // the API server is never behind the proxy of the environment
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_CAINFO, server.ca_file.c_str());
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(kConnectTimeout)));
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleSeconds);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Impl::Write);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  }

  // Until the request is over. The result of curl, or nothing when it was stopped.
  std::optional<CURLcode> Perform() {
    curl_multi_add_handle(multi.get(), easy.get());
    std::optional<CURLcode> result;
    int running = 1;
    while (running > 0 && !is_stopped.load()) {
      if (curl_multi_perform(multi.get(), &running) != CURLM_OK) {
        result = CURLE_FAILED_INIT;
        break;
      }
      if (running > 0 && curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr) != CURLM_OK) {
        result = CURLE_FAILED_INIT;
        break;
      }
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg == CURLMSG_DONE) {
        result = message->data.result;
      }
    }
    curl_multi_remove_handle(multi.get(), easy.get());
    return result;
  }

  absl::Status ToStatus(std::optional<CURLcode> result) const {
    if (!result || is_stopped.load()) {
      return absl::CancelledError("the pod source ends");
    }
    long code = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &code);
    if (*result == CURLE_OK && code == 200) {
      return absl::OkStatus();
    }
    if (*result == CURLE_OK) {
      return HttpError(code, error_body);
    }
    if (*result == CURLE_WRITE_ERROR && is_refused) {
      return absl::OkStatus();
    }
    return base::MakeStatus(
        *result == CURLE_OPERATION_TIMEDOUT ? absl::StatusCode::kDeadlineExceeded : absl::StatusCode::kUnavailable,
        "{}: {}", server.base_url, curl_easy_strerror(*result));
  }
};

ApiClient::ApiClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ApiClient::~ApiClient() = default;

absl::StatusOr<std::unique_ptr<ApiClient>> ApiClient::Create(ApiServer server) {
  auto impl = std::make_unique<Impl>();
  impl->server = std::move(server);
  NODESPAN_ASSIGN_OR_RETURN(impl->multi, http::MakeMulti());
  NODESPAN_ASSIGN_OR_RETURN(impl->easy, http::MakeEasy());
  impl->Configure();
  return std::unique_ptr<ApiClient>(new ApiClient(std::move(impl)));
}

absl::Status ApiClient::Get(const std::string& path, absl::Duration timeout, absl::Duration is_stalled_after,
                            const OnBytes& on_bytes) {
  NODESPAN_ASSIGN_OR_RETURN(const std::string token, ReadToken(impl_->server.token_file));
  http::HeaderList headers;
  for (const std::string& header :
       {std::string("Accept: application/json"), fmt::format("Authorization: Bearer {}", token),
        fmt::format("User-Agent: nodespan/{}", model::kVersion)}) {
    NODESPAN_RETURN_IF_ERROR(headers.Add(header));
  }
  CURL* easy = impl_->easy.get();
  curl_easy_setopt(easy, CURLOPT_URL, fmt::format("{}{}", impl_->server.base_url, path).c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(timeout)));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(absl::ToInt64Seconds(is_stalled_after)));
  impl_->on_bytes = &on_bytes;
  impl_->error_body.clear();
  impl_->is_refused = false;
  absl::Status status = impl_->ToStatus(impl_->Perform());
  impl_->on_bytes = nullptr;
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
  return status;
}

void ApiClient::Stop() {
  impl_->is_stopped = true;
  curl_multi_wakeup(impl_->multi.get());
}

}  // namespace nodespan::k8s
