// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/otlp_receiver.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "grpcpp/alarm.h"
#include "grpcpp/grpcpp.h"
#include "proto/otlp_trace_service.grpc.pb.h"
#include "proto/rpc_status.pb.h"

namespace nodespan::testing {
namespace {

using opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse;
using opentelemetry::proto::collector::trace::v1::TraceService;

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  (void)buffer.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer ToByteBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string Details(const OtlpAnswer& answer) {
  if (!answer.raw_details.empty() || !answer.retry_delay) {
    return answer.raw_details;
  }
  google::rpc::RetryInfo retry_info;
  retry_info.mutable_retry_delay()->set_seconds(answer.retry_delay->count() / 1000);
  retry_info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(answer.retry_delay->count() % 1000) * 1'000'000);
  google::rpc::Status status;
  status.set_code(answer.code);
  status.set_message(answer.message);
  google::rpc::Status::Detail* detail = status.add_details();
  detail->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  detail->set_value(retry_info.SerializeAsString());
  return status.SerializeAsString();
}

std::string Response(const OtlpAnswer& answer) {
  if (answer.raw_response) {
    return *answer.raw_response;
  }
  ExportTraceServiceResponse response;
  if (answer.rejected_spans != 0 || !answer.partial_message.empty()) {
    response.mutable_partial_success()->set_rejected_spans(answer.rejected_spans);
    response.mutable_partial_success()->set_error_message(answer.partial_message);
  }
  return response.SerializeAsString();
}

// Answers after the delay, or at once when the client has gone. Deletes itself when gRPC is done with it.
class Reactor final : public grpc::ServerUnaryReactor {
 public:
  Reactor(const OtlpAnswer& answer, grpc::ByteBuffer* response) : answer_(answer), response_(response) {
    if (answer_.delay.count() == 0) {
      Reply();
    } else {
      alarm_.Set(std::chrono::system_clock::now() + answer_.delay, [this](bool) { Reply(); });
    }
  }

  void OnCancel() override { alarm_.Cancel(); }
  void OnDone() override { delete this; }

 private:
  void Reply() {
    *response_ = ToByteBuffer(Response(answer_));
    Finish(answer_.code == 0
               ? grpc::Status::OK
               : grpc::Status(static_cast<grpc::StatusCode>(answer_.code), answer_.message, Details(answer_)));
  }

  const OtlpAnswer answer_;
  grpc::ByteBuffer* response_;
  grpc::Alarm alarm_;
};

}  // namespace

struct OtlpReceiver::State {
  std::string listen;
  int port = 0;
  bool keep_requests = true;
  std::unique_ptr<Service> service;
  std::unique_ptr<grpc::Server> server;

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::deque<OtlpAnswer> next_answers;
  OtlpAnswer default_answer;
  std::vector<OtlpCall> calls;
  size_t accepted_spans = 0;
};

// Takes bytes instead of messages, so that it can also give bytes that are no message.
class OtlpReceiver::Service final : public TraceService::WithRawCallbackMethod_Export<TraceService::Service> {
 public:
  explicit Service(State* state) : state_(state) {}

  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    OtlpCall call;
    const std::string bytes = ToString(*request);
    call.request_bytes = bytes.size();
    call.parsed = call.request.ParseFromString(bytes);
    for (const auto& resource_spans : call.request.resource_spans()) {
      for (const auto& scope_spans : resource_spans.scope_spans()) {
        call.span_count += static_cast<size_t>(scope_spans.spans_size());
      }
    }
    for (const auto& [key, value] : context->client_metadata()) {
      call.metadata.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
    }
    return new Reactor(Record(std::move(call)), response);
  }

 private:
  OtlpAnswer Record(OtlpCall call) {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    OtlpAnswer answer = state_->default_answer;
    if (!state_->next_answers.empty()) {
      answer = std::move(state_->next_answers.front());
      state_->next_answers.pop_front();
    }
    call.answer = answer;
    if (answer.code == 0) {
      const auto spans = static_cast<int64_t>(call.span_count);
      state_->accepted_spans += static_cast<size_t>(spans - std::clamp<int64_t>(answer.rejected_spans, 0, spans));
    }
    if (!state_->keep_requests) {
      call.request.Clear();
    }
    state_->calls.push_back(std::move(call));
    state_->changed.notify_all();
    return answer;
  }

  State* state_;
};

OtlpReceiver::OtlpReceiver() : state_(std::make_unique<State>()) {}

std::unique_ptr<OtlpReceiver> OtlpReceiver::Start(Options options) {
  std::unique_ptr<OtlpReceiver> receiver(new OtlpReceiver());
  State& state = *receiver->state_;
  state.keep_requests = options.keep_requests;
  state.service = std::make_unique<Service>(&state);
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  if (options.tls) {
    grpc::SslServerCredentialsOptions tls(options.tls->client_ca_pem.empty()
                                              ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                              : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = options.tls->client_ca_pem;
    tls.pem_key_cert_pairs.push_back({options.tls->key_pem, options.tls->certificate_pem});
    credentials = grpc::SslServerCredentials(tls);
  }
  grpc::ServerBuilder builder;
  // Without port sharing a second receiver on a taken port fails instead of stealing every other connection.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, !options.refuse_gzip);
  builder.AddListeningPort(options.listen, credentials, &state.port);
  builder.RegisterService(state.service.get());
  state.server = builder.BuildAndStart();
  if (state.server == nullptr || state.port == 0) {
    return nullptr;
  }
  return receiver;
}

OtlpReceiver::~OtlpReceiver() { Stop(); }

int OtlpReceiver::port() const { return state_->port; }

std::string OtlpReceiver::endpoint() const { return "http://127.0.0.1:" + std::to_string(state_->port); }

void OtlpReceiver::AnswerNext(OtlpAnswer answer) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->next_answers.push_back(std::move(answer));
}

void OtlpReceiver::SetDefaultAnswer(OtlpAnswer answer) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->default_answer = std::move(answer);
}

void OtlpReceiver::Stop() {
  if (state_->server != nullptr) {
    state_->server->Shutdown(std::chrono::system_clock::now());
    state_->server->Wait();
    state_->server.reset();
  }
}

size_t OtlpReceiver::accepted_spans() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->accepted_spans;
}

std::vector<OtlpCall> OtlpReceiver::calls() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->calls;
}

std::vector<opentelemetry::proto::trace::v1::Span> OtlpReceiver::spans() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  std::vector<opentelemetry::proto::trace::v1::Span> spans;
  for (const OtlpCall& call : state_->calls) {
    if (call.answer.code != 0) {
      continue;
    }
    for (const auto& resource_spans : call.request.resource_spans()) {
      for (const auto& scope_spans : resource_spans.scope_spans()) {
        spans.insert(spans.end(), scope_spans.spans().begin(), scope_spans.spans().end());
      }
    }
  }
  return spans;
}

bool OtlpReceiver::WaitForSpans(size_t count, std::chrono::milliseconds timeout) const {
  std::unique_lock<std::mutex> lock(state_->mutex);
  return state_->changed.wait_for(lock, timeout, [&] { return state_->accepted_spans >= count; });
}

bool OtlpReceiver::WaitForCalls(size_t count, std::chrono::milliseconds timeout) const {
  std::unique_lock<std::mutex> lock(state_->mutex);
  return state_->changed.wait_for(lock, timeout, [&] { return state_->calls.size() >= count; });
}

}  // namespace nodespan::testing
