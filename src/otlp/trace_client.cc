// SPDX-License-Identifier: Apache-2.0
#include "otlp/trace_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/synchronization/mutex.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "grpc/support/time.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "model/version.h"
#include "otlp/endpoint.h"
#include "proto/otlp_trace_service.pb.h"
#include "proto/rpc_status.pb.h"

namespace nodespan::otlp {
namespace {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// Fixed by the service definition (SPEC section 2.1).
constexpr char kExportMethod[] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
constexpr int64_t kSecondsPerDay = 86'400;
constexpr std::string_view kRetryInfoType = "google.rpc.RetryInfo";

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

// A clear error now instead of failing handshakes later.
absl::Status CheckPemFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  if (!file) {
    return base::ErrnoStatus(errno == 0 ? EIO : errno, fmt::format("read {}", path));
  }
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("-----BEGIN ")) {
      return absl::OkStatus();
    }
  }
  return base::MakeStatus(absl::StatusCode::kInvalidArgument, "{} is not a PEM file", path);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeTlsCredentials(const TlsFiles& files,
                                                                             std::vector<std::string>* warnings) {
  namespace tls = grpc::experimental;
  const bool has_client = !files.client_cert_file.empty() && !files.client_key_file.empty();
  if (!has_client && (!files.client_cert_file.empty() || !files.client_key_file.empty())) {
    warnings->push_back("OTLP client certificate and key are both needed; only one is set, no client certificate used");
  }
  const std::string cert_file = has_client ? files.client_cert_file : "";
  const std::string key_file = has_client ? files.client_key_file : "";
  for (const std::string& path : {files.ca_file, cert_file, key_file}) {
    if (!path.empty()) {
      NODESPAN_RETURN_IF_ERROR(CheckPemFile(path));
    }
  }
  if (files.ca_file.empty() && !has_client) {
    return grpc::SslCredentials(grpc::SslCredentialsOptions());
  }
  const auto interval_s =
      static_cast<unsigned int>(std::clamp<int64_t>(absl::ToInt64Seconds(files.reload_interval), 1, kSecondsPerDay));
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<tls::FileWatcherCertificateProvider>(key_file, cert_file, files.ca_file, interval_s));
  options.set_certificate_verifier(std::make_shared<tls::HostNameCertificateVerifier>());
  if (!files.ca_file.empty()) {
    options.watch_root_certs();
  }
  if (has_client) {
    options.watch_identity_key_cert_pairs();
  }
  return tls::TlsCredentials(options);
}

grpc::ChannelArguments MakeChannelArguments(const TraceClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix(fmt::format("nodespan/{} OTel-OTLP-Exporter-Cpp/{}", model::kVersion, model::kVersion));
  const auto longest_ms =
      static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(options.max_reconnect_interval), 100, 120'000));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, std::min(1000, longest_ms));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, longest_ms);
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

// The delay of a RetryInfo in grpc-status-details-bin; nothing when there is none or the bytes are something else.
std::optional<absl::Duration> FindRetryDelay(const std::string& details) {
  google::rpc::Status status;
  if (details.empty() || !status.ParseFromString(details)) {
    return std::nullopt;
  }
  for (const google::rpc::Status::Detail& detail : status.details()) {
    const std::string_view url = detail.type_url();
    google::rpc::RetryInfo retry_info;
    if (url.substr(url.rfind('/') + 1) == kRetryInfoType && retry_info.ParseFromString(detail.value())) {
      return absl::Seconds(retry_info.retry_delay().seconds()) + absl::Nanoseconds(retry_info.retry_delay().nanos());
    }
  }
  return std::nullopt;
}

CallResult ReadResponse(const grpc::ByteBuffer& buffer) {
  using opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse;
  CallResult result;
  grpc::Slice slice;
  ExportTraceServiceResponse response;
  if (!buffer.DumpToSingleSlice(&slice).ok() ||
      !response.ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) {
    result.status = base::MakeStatus(absl::StatusCode::kInternal, "the collector's answer is not an OTLP response");
    return result;
  }
  result.rejected_span_count = response.partial_success().rejected_spans();
  result.partial_success_message = response.partial_success().error_message();
  return result;
}

}  // namespace

struct TraceClient::Impl {
  Metadata metadata;
  bool gzip = false;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<grpc::GenericStub> stub;
  grpc::CompletionQueue completions;

  absl::Mutex mutex;
  bool cancelled ABSL_GUARDED_BY(mutex) = false;
  grpc::ClientContext* running ABSL_GUARDED_BY(mutex) = nullptr;  // the call Cancel() has to end

  ~Impl() {
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
    if (deadline != absl::InfiniteFuture()) {
      // On the monotonic clock: setting the system's time must not end a call.
      const int64_t left_ns = std::max<int64_t>(absl::ToInt64Nanoseconds(deadline - absl::Now()), 0);
      context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(left_ns, GPR_TIMESPAN)));
    }
  }

  // False: Cancel() came first.
  bool SetRunning(grpc::ClientContext* context) {
    absl::MutexLock lock(&mutex);
    running = context;
    return !cancelled;
  }
};

TraceClient::TraceClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TraceClient::~TraceClient() = default;

absl::StatusOr<std::unique_ptr<TraceClient>> TraceClient::Create(const TraceClientOptions& options,
                                                                 std::vector<std::string>* warnings) {
  NODESPAN_ASSIGN_OR_RETURN(Endpoint endpoint, ParseEndpoint(options.endpoint, options.insecure));
  std::move(endpoint.warnings.begin(), endpoint.warnings.end(), std::back_inserter(*warnings));
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (endpoint.use_tls) {
    NODESPAN_ASSIGN_OR_RETURN(credentials, MakeTlsCredentials(options.tls, warnings));
  }
  auto impl = std::make_unique<Impl>();
  impl->metadata = ToMetadata(options.headers, warnings);
  impl->gzip = options.gzip;
  impl->channel = grpc::CreateCustomChannel(endpoint.target, credentials, MakeChannelArguments(options));
  impl->stub = std::make_unique<grpc::GenericStub>(impl->channel);
  return std::unique_ptr<TraceClient>(new TraceClient(std::move(impl)));
}

CallResult TraceClient::Export(std::shared_ptr<const WireBuffer> body, absl::Time deadline) {
  grpc::ClientContext context;
  impl_->PrepareContext(context, deadline);
  grpc::ByteBuffer response;
  grpc::Status status(grpc::StatusCode::CANCELLED, "shutting down");
  if (impl_->SetRunning(&context)) {
    const auto call =
        impl_->stub->PrepareUnaryCall(&context, kExportMethod, ToByteBuffer(std::move(body)), &impl_->completions);
    call->StartCall();
    call->Finish(&response, &status, call.get());
    void* tag = nullptr;
    bool ok = false;
    // The call ends at its deadline or by Cancel(), and then its completion arrives.
    (void)impl_->completions.Next(&tag, &ok);
  }
  (void)impl_->SetRunning(nullptr);
  if (status.ok()) {
    return ReadResponse(response);
  }
  CallResult result;
  // gRPC and absl number their codes alike.
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  result.status = absl::Status(code, base::ToAbsl(status.error_message()));
  result.retry_delay = FindRetryDelay(status.error_details());
  return result;
}

void TraceClient::Cancel() {
  absl::MutexLock lock(&impl_->mutex);
  impl_->cancelled = true;
  if (impl_->running != nullptr) {
    impl_->running->TryCancel();
  }
}

bool TraceClient::IsConnected() const {
  return impl_->channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
}

void TraceClient::ResetConnectionBackoff() { grpc::experimental::ChannelResetConnectionBackoff(impl_->channel.get()); }

}  // namespace nodespan::otlp
