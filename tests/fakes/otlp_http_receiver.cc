// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/otlp_http_receiver.h"

#include <stdlib.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <utility>

#include "httplib.h"

namespace nodespan::testing {
namespace {

using opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse;

// A connection holds one while it is open.
constexpr size_t kThreads = 16;

std::string Body(const OtlpHttpAnswer& answer) {
  if (answer.raw_body) {
    return *answer.raw_body;
  }
  ExportTraceServiceResponse response;
  if (answer.rejected_spans != 0 || !answer.partial_message.empty()) {
    response.mutable_partial_success()->set_rejected_spans(answer.rejected_spans);
    response.mutable_partial_success()->set_error_message(answer.partial_message);
  }
  return response.SerializeAsString();
}

// httplib reads certificates from files.
class PemFolder {
 public:
  PemFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "otlp-http-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~PemFolder() { std::filesystem::remove_all(path_); }
  PemFolder(const PemFolder&) = delete;
  PemFolder& operator=(const PemFolder&) = delete;

  std::string Write(const char* name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<httplib::Server> MakeServer(const OtlpHttpReceiver::Options& options) {
  if (!options.tls) {
    return std::make_unique<httplib::Server>();
  }
  const PemFolder folder;
  const std::string certificate = folder.Write("server.crt", options.tls->certificate_pem);
  const std::string key = folder.Write("server.key", options.tls->key_pem);
  const std::string client_ca = folder.Write("client_ca.crt", options.tls->client_ca_pem);
  const bool wants_client = !options.tls->client_ca_pem.empty();
  return std::make_unique<httplib::SSLServer>(certificate.c_str(), key.c_str(),
                                              wants_client ? client_ca.c_str() : nullptr);
}

}  // namespace

struct OtlpHttpReceiver::State {
  bool has_tls = false;
  int port = 0;
  std::unique_ptr<httplib::Server> server;
  std::thread thread;

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  bool is_stopping = false;
  std::deque<OtlpHttpAnswer> next_answers;
  OtlpHttpAnswer default_answer;
  std::vector<OtlpHttpCall> calls;
  size_t accepted_spans = 0;

  void Answer(const httplib::Request& request, httplib::Response& response);
};

void OtlpHttpReceiver::State::Answer(const httplib::Request& request, httplib::Response& response) {
  OtlpHttpCall call;
  call.target = request.target;
  call.headers.insert(request.headers.begin(), request.headers.end());
  call.parsed = call.request.ParseFromString(request.body);
  call.client_port = request.remote_port;
  for (const auto& resource_spans : call.request.resource_spans()) {
    for (const auto& scope_spans : resource_spans.scope_spans()) {
      call.span_count += static_cast<size_t>(scope_spans.spans_size());
    }
  }
  std::unique_lock lock(mutex);
  OtlpHttpAnswer answer = default_answer;
  if (!next_answers.empty()) {
    answer = std::move(next_answers.front());
    next_answers.pop_front();
  }
  if (answer.status / 100 == 2) {
    const auto spans = static_cast<int64_t>(call.span_count);
    accepted_spans += static_cast<size_t>(spans - std::clamp<int64_t>(answer.rejected_spans, 0, spans));
  }
  calls.push_back(std::move(call));
  changed.notify_all();
  changed.wait_for(lock, answer.delay, [this] { return is_stopping; });
  response.status = answer.status;
  response.set_content(Body(answer), answer.content_type);
  for (const auto& [name, value] : answer.headers) {
    response.set_header(name, value);
  }
}

OtlpHttpReceiver::OtlpHttpReceiver() : state_(std::make_unique<State>()) {}

std::unique_ptr<OtlpHttpReceiver> OtlpHttpReceiver::Start(const Options& options) {
  std::unique_ptr<OtlpHttpReceiver> receiver(new OtlpHttpReceiver());
  State* state = receiver->state_.get();
  state->has_tls = options.tls.has_value();
  state->server = MakeServer(options);
  state->server->new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  state->server->set_keep_alive_max_count(1'000'000);
  state->server->set_keep_alive_timeout(1);  // seconds; what Stop() may have to wait for
  state->server->Post(".*", [state](const httplib::Request& request, httplib::Response& response) {
    state->Answer(request, response);
  });
  if (options.port == 0) {
    state->port = state->server->bind_to_any_port(options.host);
  } else {
    state->port = state->server->bind_to_port(options.host, options.port) ? options.port : -1;
  }
  if (state->port <= 0) {
    return nullptr;
  }
  state->thread = std::thread([state] { state->server->listen_after_bind(); });
  while (!state->server->is_running()) {
    std::this_thread::yield();  // before that, stop() does nothing
  }
  return receiver;
}

OtlpHttpReceiver::~OtlpHttpReceiver() { Stop(); }

int OtlpHttpReceiver::port() const { return state_->port; }

std::string OtlpHttpReceiver::endpoint() const {
  return (state_->has_tls ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(state_->port);
}

void OtlpHttpReceiver::AnswerNext(OtlpHttpAnswer answer) {
  const std::lock_guard lock(state_->mutex);
  state_->next_answers.push_back(std::move(answer));
}

void OtlpHttpReceiver::SetDefaultAnswer(OtlpHttpAnswer answer) {
  const std::lock_guard lock(state_->mutex);
  state_->default_answer = std::move(answer);
}

void OtlpHttpReceiver::Stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_stopping = true;
    state_->changed.notify_all();
  }
  if (state_->thread.joinable()) {
    state_->server->stop();
    state_->thread.join();
  }
}

size_t OtlpHttpReceiver::accepted_spans() const {
  const std::lock_guard lock(state_->mutex);
  return state_->accepted_spans;
}

std::vector<OtlpHttpCall> OtlpHttpReceiver::calls() const {
  const std::lock_guard lock(state_->mutex);
  return state_->calls;
}

bool OtlpHttpReceiver::WaitForCalls(size_t count, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, timeout, [&] { return state_->calls.size() >= count; });
}

}  // namespace nodespan::testing
