// SPDX-License-Identifier: Apache-2.0
#include "otlp/grpc_client.h"

#include <algorithm>
#include <array>
#include <deque>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "grpc/support/time.h"
#include "grpcpp/alarm.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "otlp/answer.h"
#include "otlp/endpoint.h"
#include "otlp/retry.h"

namespace nodespan::otlp {
namespace {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// Fixed by the service definitions (SPEC section 2.1).
const char* ExportMethod(Signal signal) {
  switch (signal) {
    case Signal::kTraces: return "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    case Signal::kMetrics: return "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
  }
  return "";
}
constexpr int64_t kSecondsPerDay = 86'400;
constexpr int kGrpcConnectTimeoutMs = 5000;

// gRPC aborts the process on metadata it cannot send, so nothing unchecked reaches it.
// Rules: the gRPC-over-HTTP/2 document, "Custom-Metadata"; names that HTTP/2 or gRPC use themselves are excluded.
bool IsMetadataKey(std::string_view key) {
  constexpr std::array<std::string_view, 6> kReserved = {"host",       "te",         "content-type",
                                                         "user-agent", "connection", "content-length"};
  const bool valid = std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
  return valid && !key.empty() && !key.starts_with("grpc-") &&
         std::find(kReserved.begin(), kReserved.end(), key) == kReserved.end();
}

bool IsMetadataText(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

Metadata ToMetadata(const Metadata& headers, std::vector<std::string>* warnings) {
  Metadata metadata;
  for (const auto& [name, text] : headers) {
    std::string key = name;
    absl::AsciiStrToLower(&key);
    std::string value = text;
    // Values are secrets: a warning names the key only.
    if (!IsMetadataKey(key)) {
      warnings->push_back(fmt::format("OTLP header \"{}\" is left out: not a name gRPC can send", name));
    } else if (key.ends_with("-bin") && !absl::Base64Unescape(base::ToAbsl(text), &value)) {
      warnings->push_back(fmt::format("OTLP header \"{}\" is left out: its value is not base64", name));
    } else if (!key.ends_with("-bin") && !IsMetadataText(value)) {
      warnings->push_back(fmt::format("OTLP header \"{}\" is left out: its value is not printable ASCII", name));
    } else {
      metadata.emplace_back(std::move(key), std::move(value));
    }
  }
  return metadata;
}

std::shared_ptr<grpc::ChannelCredentials> MakeTlsCredentials(const TlsFiles& files) {
  namespace tls = grpc::experimental;
  const bool has_client = !files.client_cert_file.empty();
  if (files.ca_file.empty() && !has_client) {
    return grpc::SslCredentials(grpc::SslCredentialsOptions());
  }
  const auto interval_s =
      static_cast<unsigned int>(std::clamp<int64_t>(absl::ToInt64Seconds(files.reload_interval), 1, kSecondsPerDay));
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<tls::FileWatcherCertificateProvider>(
      files.client_key_file, files.client_cert_file, files.ca_file, interval_s));
  options.set_certificate_verifier(std::make_shared<tls::HostNameCertificateVerifier>());
  if (!files.ca_file.empty()) {
    options.watch_root_certs();
  }
  if (has_client) {
    options.watch_identity_key_cert_pairs();
  }
  return tls::TlsCredentials(options);
}

grpc::ChannelArguments MakeChannelArguments(const GrpcClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix(UserAgent());
  const auto longest_ms =
      static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(options.max_reconnect_interval), 100, 120'000));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, std::min(1000, longest_ms));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, longest_ms);
  // gRPC's name for how long it waits for a connection to come about, a collector that is on its way out included:
  // twenty seconds if it is not told (src/core/ext/filters/client_channel/subchannel.cc).
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kGrpcConnectTimeoutMs);
  // A collector that has moved is looked up when the connection breaks; gRPC's own thirty seconds between two look-ups
  // would be as long a loss.
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, longest_ms);
  return arguments;
}

// The bytes are shared with gRPC, which may hold on to them for a while after a cancelled call.
grpc::ByteBuffer ToByteBuffer(std::shared_ptr<const WireBuffer> body) {
  uint8_t* data = body->data.get();
  const size_t size = body->size;
  auto* owner = new std::shared_ptr<const WireBuffer>(std::move(body));
  const grpc::Slice slice(
      data, size, [](void* held) { delete static_cast<std::shared_ptr<const WireBuffer>*>(held); }, owner);
  return grpc::ByteBuffer(&slice, 1);
}

Failure Classify(absl::StatusCode code, const std::optional<absl::Duration>& retry_delay, bool is_connected) {
  if (!IsRetryable(code, retry_delay)) {
    return Failure::kFinal;
  }
  return code == absl::StatusCode::kUnavailable || !is_connected ? Failure::kAway : Failure::kRetryable;
}

CallResult ToResult(const grpc::ByteBuffer& response) {
  grpc::Slice slice;
  const bool is_whole = response.DumpToSingleSlice(&slice).ok();
  return ReadResponse(is_whole ? std::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size())
                               : std::string_view("\xFF", 1));
}

gpr_timespec Monotonic(absl::Time time) {
  if (time == absl::InfiniteFuture()) {
    return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  }
  // Setting the system's time must not end a call.
  const int64_t left_ns = std::max<int64_t>(absl::ToInt64Nanoseconds(time - absl::Now()), 0);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(left_ns, GPR_TIMESPAN));
}

struct Call {
  uint64_t id = 0;
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  grpc::Status status;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
};

}  // namespace

struct GrpcClient::Impl {
  std::string endpoint;
  std::string method;
  Metadata metadata;
  bool gzip = false;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<grpc::GenericStub> stub;
  grpc::CompletionQueue completions;
  std::deque<uint64_t> refused;  // calls of after Cancel(), not started

  absl::Mutex mutex;
  bool is_cancelled ABSL_GUARDED_BY(mutex) = false;
  bool is_waking ABSL_GUARDED_BY(mutex) = false;  // the alarm is set, and its completion not taken yet
  grpc::Alarm alarm ABSL_GUARDED_BY(mutex);       // its completions have the tag of no call: null
  absl::flat_hash_map<Call*, std::unique_ptr<Call>> calls ABSL_GUARDED_BY(mutex);

  ~Impl() {
    CancelAll();
    completions.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (completions.Next(&tag, &ok)) {
    }
  }

  void PrepareContext(grpc::ClientContext& context, absl::Time deadline) const {
    for (const auto& [key, value] : metadata) {
      context.AddMetadata(key, value);
    }
    if (gzip) {
      context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    }
    context.set_deadline(Monotonic(deadline));
  }

  void CancelAll() {
    absl::MutexLock lock(&mutex);
    is_cancelled = true;
    for (const auto& [call, owner] : calls) {
      call->context.TryCancel();
    }
  }

  std::unique_ptr<Call> Take(Call* call) {
    absl::MutexLock lock(&mutex);
    return std::move(calls.extract(call).mapped());
  }

  CallResult ResultOf(const Call& call) const {
    if (call.status.ok()) {
      return ToResult(call.response);
    }
    CallResult result;
    // gRPC and absl number their codes alike.
    const auto code = static_cast<absl::StatusCode>(call.status.error_code());
    result.status = absl::Status(code, base::ToAbsl(call.status.error_message()));
    if (const std::optional<ErrorDetails> details = ReadErrorDetails(call.status.error_details())) {
      result.retry_delay = details->retry_delay;
    }
    const bool is_connected = channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
    result.failure = Classify(code, result.retry_delay, is_connected);
    return result;
  }
};

GrpcClient::GrpcClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcClient::~GrpcClient() = default;

absl::StatusOr<std::unique_ptr<GrpcClient>> GrpcClient::Create(const GrpcClientOptions& options,
                                                               std::vector<std::string>* warnings) {
  NODESPAN_ASSIGN_OR_RETURN(Endpoint endpoint, ParseEndpoint(options.endpoint, options.insecure));
  std::move(endpoint.warnings.begin(), endpoint.warnings.end(), std::back_inserter(*warnings));
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (endpoint.use_tls) {
    NODESPAN_ASSIGN_OR_RETURN(const TlsFiles files, CheckTlsFiles(options.tls, warnings));
    credentials = MakeTlsCredentials(files);
  }
  auto impl = std::make_unique<Impl>();
  impl->endpoint = options.endpoint;
  impl->method = ExportMethod(options.signal);
  impl->metadata = ToMetadata(options.headers, warnings);
  impl->gzip = options.gzip;
  impl->channel = grpc::CreateCustomChannel(endpoint.target, credentials, MakeChannelArguments(options));
  impl->stub = std::make_unique<grpc::GenericStub>(impl->channel);
  return std::unique_ptr<GrpcClient>(new GrpcClient(std::move(impl)));
}

const std::string& GrpcClient::endpoint() const { return impl_->endpoint; }

void GrpcClient::Start(uint64_t id, std::shared_ptr<const WireBuffer> body, absl::Time deadline) {
  auto owner = std::make_unique<Call>();
  Call* call = owner.get();
  call->id = id;
  impl_->PrepareContext(call->context, deadline);
  {
    absl::MutexLock lock(&impl_->mutex);
    if (impl_->is_cancelled) {
      impl_->refused.push_back(id);
      return;
    }
    impl_->calls.emplace(call, std::move(owner));
  }
  if (impl_->channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_TRANSIENT_FAILURE) {
    // When to try again is the exporter's decision, not that of gRPC's reconnection timer.
    grpc::experimental::ChannelResetConnectionBackoff(impl_->channel.get());
  }
  call->reader =
      impl_->stub->PrepareUnaryCall(&call->context, impl_->method, ToByteBuffer(std::move(body)), &impl_->completions);
  call->reader->StartCall();
  call->reader->Finish(&call->response, &call->status, call);
}

std::optional<EndedCall> GrpcClient::Wait(absl::Time until) {
  if (!impl_->refused.empty()) {
    const uint64_t id = impl_->refused.front();
    impl_->refused.pop_front();
    CallResult result;
    result.status = absl::CancelledError("shutting down");
    result.failure = Failure::kRetryable;
    return EndedCall{id, result};
  }
  void* tag = nullptr;
  bool ok = false;
  if (impl_->completions.AsyncNext(&tag, &ok, Monotonic(until)) != grpc::CompletionQueue::GOT_EVENT) {
    return std::nullopt;
  }
  if (tag == nullptr) {
    absl::MutexLock lock(&impl_->mutex);
    impl_->is_waking = false;
    return std::nullopt;
  }
  const std::unique_ptr<Call> call = impl_->Take(static_cast<Call*>(tag));
  return EndedCall{call->id, impl_->ResultOf(*call)};
}

void GrpcClient::Wake() {
  absl::MutexLock lock(&impl_->mutex);
  if (!std::exchange(impl_->is_waking, true)) {
    impl_->alarm.Set(&impl_->completions, gpr_now(GPR_CLOCK_MONOTONIC), nullptr);
  }
}

void GrpcClient::Cancel() { impl_->CancelAll(); }

}  // namespace nodespan::otlp
