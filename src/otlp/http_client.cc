// SPDX-License-Identifier: Apache-2.0
#include "otlp/http_client.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "base/token.h"
#include "fmt/format.h"
#include "http/curl_handles.h"
#include "otlp/gzip.h"
#include "otlp/http_answer.h"
#include "otlp/http_endpoint.h"

namespace nodespan::otlp {
namespace {

constexpr size_t kMaxAnswerBytes = size_t{4} * 1024 * 1024;
constexpr long kConnectTimeoutMs = 10'000;
// A connection is used for so long: a load balancer behind a name gets its share, and new certificates are used.
constexpr long kConnectionLifeSeconds = 300;
constexpr absl::Duration kLongestPoll = absl::Minutes(1);

// Tokens of RFC 9110 without the names that HTTP or this client uses itself.
bool IsHeaderName(std::string_view name) {
  constexpr std::array<std::string_view, 10> kReserved = {
      "connection", "content-encoding", "content-length", "content-type",     "expect", "host",
      "te",         "trailer",          "user-agent",     "transfer-encoding"};
  return base::IsToken(name) && std::find(kReserved.begin(), kReserved.end(), name) == kReserved.end();
}

bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

absl::StatusOr<http::HeaderList> MakeHeaders(const HttpClientOptions& options, std::vector<std::string>* warnings) {
  http::HeaderList list;
  // "Expect:" keeps libcurl from asking before it sends a large body.
  for (const char* line : {"Content-Type: application/x-protobuf", "Expect:"}) {
    NODESPAN_RETURN_IF_ERROR(list.Add(line));
  }
  if (options.gzip) {
    NODESPAN_RETURN_IF_ERROR(list.Add("Content-Encoding: gzip"));
  }
  for (const auto& [name, value] : options.headers) {
    std::string lower = name;
    absl::AsciiStrToLower(&lower);
    // Values are secrets: a warning names the key only.
    if (!IsHeaderName(lower)) {
      warnings->push_back(fmt::format("OTLP header \"{}\" is left out: not a name OTLP/HTTP can send", name));
    } else if (!IsHeaderValue(value)) {
      warnings->push_back(fmt::format("OTLP header \"{}\" is left out: its value is not printable ASCII", name));
    } else {
      NODESPAN_RETURN_IF_ERROR(list.Add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value)));
    }
  }
  return list;
}

// Milliseconds from now, rounded up: what is waited for must have come.
long MsUntil(absl::Time time, absl::Duration longest) {
  const absl::Duration left = std::clamp(time - absl::Now(), absl::ZeroDuration(), longest);
  return static_cast<long>(absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1))));
}

CallResult Cancelled() {
  CallResult result;
  result.status = absl::CancelledError("shutting down");
  result.failure = Failure::kRetryable;
  return result;
}

// One request under way.
struct Transfer {
  uint64_t id = 0;
  http::Easy easy;
  std::shared_ptr<const WireBuffer> body;
  std::string packed_body;  // of gzip
  std::string answer;
  bool is_too_long = false;
  std::array<char, CURL_ERROR_SIZE> error{};

  std::string_view sent() const { return packed_body.empty() ? body->view() : std::string_view(packed_body); }

  static size_t OnBytes(char* bytes, size_t, size_t size, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    transfer->is_too_long = transfer->answer.size() + size > kMaxAnswerBytes;
    if (transfer->is_too_long) {
      return 0;
    }
    transfer->answer.append(bytes, size);
    return size;
  }
};

// The text that libcurl has for one of its infos.
std::string_view Info(const Transfer& transfer, CURLINFO info) {
  char* text = nullptr;
  return curl_easy_getinfo(transfer.easy.get(), info, &text) == CURLE_OK && text != nullptr ? text : "";
}

CallResult ReadAnswer(const Transfer& transfer) {
  long status = 0;
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RETRY_AFTER, &retry_after_s);
  HttpAnswer answer{.status = static_cast<int>(status),
                    .content_type = Info(transfer, CURLINFO_CONTENT_TYPE),
                    .body = transfer.answer,
                    .location = Info(transfer, CURLINFO_REDIRECT_URL),
                    .retry_after = std::nullopt};
  if (retry_after_s > 0) {
    answer.retry_after = absl::Seconds(retry_after_s);
  }
  return ReadHttpAnswer(answer);
}

// There was no whole answer.
CallResult ReadFailure(const Transfer& transfer, CURLcode code) {
  CallResult result;
  if (transfer.is_too_long) {
    result.status = base::MakeStatus(absl::StatusCode::kResourceExhausted, "the collector's answer exceeds {} bytes",
                                     kMaxAnswerBytes);
    return result;
  }
  curl_off_t sending_after_us = 0;  // until the request could be sent; 0: it never was
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_PRETRANSFER_TIME_T, &sending_after_us);
  const bool is_timeout = code == CURLE_OPERATION_TIMEDOUT;
  result.failure = is_timeout && sending_after_us > 0 ? Failure::kRetryable : Failure::kAway;
  const std::string_view text = transfer.error[0] != '\0' ? transfer.error.data() : curl_easy_strerror(code);
  const bool is_no_http = code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY;
  result.status = base::MakeStatus(is_timeout ? absl::StatusCode::kDeadlineExceeded : absl::StatusCode::kUnavailable,
                                   "{}{}", text, is_no_http ? " (is it the port of OTLP/gRPC?)" : "");
  return result;
}

}  // namespace

struct HttpClient::Impl {
  std::string url;
  std::string user_agent = UserAgent();
  http::HeaderList headers;
  bool gzip = false;
  TlsFiles tls;
  http::Multi multi;
  std::map<uint64_t, Transfer> transfers;  // their handles are in `multi`
  std::deque<EndedCall> ended;             // not told yet

  // Both are looked at after the wake-up that follows them.
  std::atomic<bool> is_woken = false;
  std::atomic<bool> is_cancelled = false;

  ~Impl() {
    for (const auto& [id, transfer] : transfers) {
      curl_multi_remove_handle(multi.get(), transfer.easy.get());
    }
  }

  // False: the handle does not take it, for lack of memory.
  bool Configure(Transfer& transfer, absl::Time deadline) {
    CURL* easy = transfer.easy.get();
    const auto set = [easy](CURLoption option, auto value) {
      return curl_easy_setopt(easy, option, value) == CURLE_OK;
    };
    const auto set_file = [&set](CURLoption option, const std::string& file) {
      return file.empty() || set(option, file.c_str());
    };
    bool ok = set(CURLOPT_URL, url.c_str()) && set(CURLOPT_PROTOCOLS_STR, "http,https") && set(CURLOPT_NOSIGNAL, 1L) &&
              set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
              set(CURLOPT_USERAGENT, user_agent.c_str()) && set(CURLOPT_HTTPHEADER, headers.get()) &&
              set(CURLOPT_POST, 1L) &&
              set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.sent().size())) &&
              set(CURLOPT_POSTFIELDS, transfer.sent().data()) && set(CURLOPT_WRITEFUNCTION, &Transfer::OnBytes) &&
              set(CURLOPT_WRITEDATA, &transfer) && set(CURLOPT_ERRORBUFFER, transfer.error.data()) &&
              set(CURLOPT_PRIVATE, &transfer) && set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs) &&
              set(CURLOPT_MAXLIFETIME_CONN, kConnectionLifeSeconds) && set(CURLOPT_TCP_KEEPALIVE, 1L) &&
              set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);  // a new connection looks where the collector is now
    if (deadline != absl::InfiniteFuture()) {
      // Zero would mean no limit.
      ok = ok && set(CURLOPT_TIMEOUT_MS, std::max(MsUntil(deadline, absl::Hours(24)), 1L));
    }
    // Nothing of an earlier connection's verification is kept, so that new files are used.
    ok = ok && set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
         set(CURLOPT_SSL_SESSIONID_CACHE, 0L) && set_file(CURLOPT_CAINFO, tls.ca_file) &&
         set_file(CURLOPT_SSLCERT, tls.client_cert_file) && set_file(CURLOPT_SSLKEY, tls.client_key_file);
#if LIBCURL_VERSION_NUM >= 0x075700
    ok = ok && set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
    if (ok && !tls.ca_file.empty()) {
      ok = set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // the system's roots are not meant
    }
    return ok;
  }

  absl::Status Begin(uint64_t id, std::shared_ptr<const WireBuffer> body, absl::Time deadline) {
    NODESPAN_ASSIGN_OR_RETURN(http::Easy easy, http::MakeEasy());
    std::string packed;
    if (gzip) {
      NODESPAN_ASSIGN_OR_RETURN(packed, Gzip(body->view()));
    }
    Transfer& transfer = transfers[id];
    transfer.id = id;
    transfer.easy = std::move(easy);
    transfer.body = std::move(body);
    transfer.packed_body = std::move(packed);
    if (!Configure(transfer, deadline) || curl_multi_add_handle(multi.get(), transfer.easy.get()) != CURLM_OK) {
      transfers.erase(id);
      return absl::ResourceExhaustedError("out of memory for a request");
    }
    return absl::OkStatus();
  }

  void End(uint64_t id, CallResult result) {
    const auto found = transfers.find(id);
    curl_multi_remove_handle(multi.get(), found->second.easy.get());
    transfers.erase(found);
    ended.push_back({id, std::move(result)});
  }

  // Moves all transfers on and takes out those that are done.
  void Advance() {
    int running = 0;
    curl_multi_perform(multi.get(), &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) {
        continue;
      }
      const Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      const CURLcode code = message->data.result;
      End(transfer->id, code == CURLE_OK ? ReadAnswer(*transfer) : ReadFailure(*transfer, code));
    }
  }
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpClient::~HttpClient() = default;

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Create(const HttpClientOptions& options,
                                                               std::vector<std::string>* warnings) {
  auto impl = std::make_unique<Impl>();
  NODESPAN_ASSIGN_OR_RETURN(
      impl->url, ParseHttpEndpoint(options.endpoint, options.insecure, options.endpoint_is_complete, options.signal));
  if (impl->url.starts_with("https:")) {
    NODESPAN_ASSIGN_OR_RETURN(impl->tls, CheckTlsFiles(options.tls, warnings));
  }
  NODESPAN_ASSIGN_OR_RETURN(impl->headers, MakeHeaders(options, warnings));
  NODESPAN_ASSIGN_OR_RETURN(impl->multi, http::MakeMulti());
  impl->gzip = options.gzip;
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(impl)));
}

const std::string& HttpClient::endpoint() const { return impl_->url; }

void HttpClient::Start(uint64_t id, std::shared_ptr<const WireBuffer> body, absl::Time deadline) {
  if (const absl::Status begun = impl_->Begin(id, std::move(body), deadline); !begun.ok()) {
    CallResult result;
    result.status = begun;
    impl_->ended.push_back({id, result});
  }
}

std::optional<EndedCall> HttpClient::Wait(absl::Time until) {
  while (true) {
    if (impl_->is_cancelled.load()) {
      while (!impl_->transfers.empty()) {
        impl_->End(impl_->transfers.begin()->first, Cancelled());
      }
    } else {
      impl_->Advance();
    }
    if (!impl_->ended.empty()) {
      EndedCall call = std::move(impl_->ended.front());
      impl_->ended.pop_front();
      return call;
    }
    const long wait_ms = MsUntil(until, kLongestPoll);
    if (impl_->is_woken.exchange(false) || wait_ms == 0) {
      return std::nullopt;
    }
    curl_multi_poll(impl_->multi.get(), nullptr, 0, static_cast<int>(wait_ms), nullptr);
  }
}

void HttpClient::Wake() {
  impl_->is_woken = true;
  curl_multi_wakeup(impl_->multi.get());
}

void HttpClient::Cancel() {
  impl_->is_cancelled = true;
  curl_multi_wakeup(impl_->multi.get());
}

}  // namespace nodespan::otlp
