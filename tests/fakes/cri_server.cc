// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/cri_server.h"

#include <unistd.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "proto/cri.grpc.pb.h"

namespace nodespan::testing {
namespace {

// A client that goes away wakes nobody.
constexpr auto kCancelCheckPeriod = std::chrono::milliseconds(10);

}  // namespace

struct CriServer::State {
  std::string path;
  std::unique_ptr<Service> service;
  std::unique_ptr<grpc::Server> server;

  mutable std::mutex mutex;
  std::map<std::string, runtime::v1::PodSandbox> sandboxes;
  std::map<std::string, runtime::v1::Container> containers;
  int failure = 0;
  std::chrono::milliseconds delay{0};
  size_t list_count = 0;

  Events events = Events::kUnimplemented;
  std::vector<runtime::v1::ContainerEventType> sent_events;
  int breaks = 0;  // a stream ends when there are more than at its beginning
  size_t event_call_count = 0;
  size_t event_stream_count = 0;
  std::condition_variable changed;
};

class CriServer::Service final : public runtime::v1::RuntimeService::Service {
 public:
  explicit Service(State* state) : state_(state) {}

  grpc::Status Version(grpc::ServerContext*, const runtime::v1::VersionRequest*,
                       runtime::v1::VersionResponse* response) override {
    const grpc::Status status = Begin();
    response->set_version("0.1.0");
    response->set_runtime_name("fakeruntime");
    response->set_runtime_version("1.2.3");
    response->set_runtime_api_version("v1");
    return status;
  }

  grpc::Status ListPodSandbox(grpc::ServerContext*, const runtime::v1::ListPodSandboxRequest* request,
                              runtime::v1::ListPodSandboxResponse* response) override {
    const grpc::Status status = Begin();
    const std::lock_guard lock(state_->mutex);
    ++state_->list_count;
    for (const auto& [id, sandbox] : state_->sandboxes) {
      if (!request->filter().has_state() || request->filter().state().state() == sandbox.state()) {
        *response->add_items() = sandbox;
      }
    }
    return status;
  }

  grpc::Status ListContainers(grpc::ServerContext*, const runtime::v1::ListContainersRequest* request,
                              runtime::v1::ListContainersResponse* response) override {
    const grpc::Status status = Begin();
    const std::lock_guard lock(state_->mutex);
    for (const auto& [id, container] : state_->containers) {
      if (!request->filter().has_state() || request->filter().state().state() == container.state()) {
        *response->add_containers() = container;
      }
    }
    return status;
  }

  grpc::Status GetContainerEvents(grpc::ServerContext* context, const runtime::v1::GetEventsRequest*,
                                  grpc::ServerWriter<runtime::v1::ContainerEventResponse>* writer) override {
    std::unique_lock lock(state_->mutex);
    ++state_->event_call_count;
    if (state_->events != Events::kServed) {
      return state_->events == Events::kEndAtOnce ? grpc::Status::OK
                                                  : grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "unknown method");
    }
    ++state_->event_stream_count;
    const int breaks = state_->breaks;
    size_t told = state_->sent_events.size();
    while (breaks == state_->breaks && !context->IsCancelled()) {
      if (told == state_->sent_events.size()) {
        state_->changed.wait_for(lock, kCancelCheckPeriod);
        continue;
      }
      runtime::v1::ContainerEventResponse event;
      event.set_container_event_type(state_->sent_events[told++]);
      lock.unlock();
      (void)writer->Write(event);
      lock.lock();
    }
    --state_->event_stream_count;
    return {grpc::StatusCode::UNAVAILABLE, "told to end"};
  }

 private:
  grpc::Status Begin() const {
    std::unique_lock lock(state_->mutex);
    const auto delay = state_->delay;
    const int failure = state_->failure;
    lock.unlock();
    std::this_thread::sleep_for(delay);
    return failure == 0 ? grpc::Status::OK : grpc::Status(static_cast<grpc::StatusCode>(failure), "told to fail");
  }

  State* const state_;
};

CriServer::CriServer() : state_(std::make_unique<State>()) {}

CriServer::~CriServer() { Stop(); }

std::unique_ptr<CriServer> CriServer::Start(const std::string& path) {
  std::unique_ptr<CriServer> server(new CriServer());
  server->state_->path = path;
  return server->Restart() ? std::move(server) : nullptr;
}

bool CriServer::Restart() {
  state_->service = std::make_unique<Service>(state_.get());
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + state_->path, grpc::InsecureServerCredentials());
  builder.RegisterService(state_->service.get());
  state_->server = builder.BuildAndStart();
  return state_->server != nullptr;
}

void CriServer::Stop() {
  if (state_->server != nullptr) {
    state_->server->Shutdown(std::chrono::system_clock::now());
    state_->server.reset();
    (void)::unlink(state_->path.c_str());
  }
}

void CriServer::Put(const runtime::v1::PodSandbox& sandbox) {
  const std::lock_guard lock(state_->mutex);
  state_->sandboxes[sandbox.id()] = sandbox;
}

void CriServer::Put(const runtime::v1::Container& container) {
  const std::lock_guard lock(state_->mutex);
  state_->containers[container.id()] = container;
}

void CriServer::RemoveAll() {
  const std::lock_guard lock(state_->mutex);
  state_->sandboxes.clear();
  state_->containers.clear();
}

void CriServer::SetEvents(Events events) {
  const std::lock_guard lock(state_->mutex);
  state_->events = events;
}

void CriServer::SendEvent(runtime::v1::ContainerEventType type) {
  const std::lock_guard lock(state_->mutex);
  state_->sent_events.push_back(type);
  state_->changed.notify_all();
}

void CriServer::BreakEvents() {
  const std::lock_guard lock(state_->mutex);
  ++state_->breaks;
  state_->changed.notify_all();
}

void CriServer::FailWith(int code) {
  const std::lock_guard lock(state_->mutex);
  state_->failure = code;
}

void CriServer::SetDelay(std::chrono::milliseconds delay) {
  const std::lock_guard lock(state_->mutex);
  state_->delay = delay;
}

size_t CriServer::list_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->list_count;
}

size_t CriServer::event_call_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->event_call_count;
}

size_t CriServer::event_stream_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->event_stream_count;
}

}  // namespace nodespan::testing
