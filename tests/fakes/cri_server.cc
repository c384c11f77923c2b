// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/cri_server.h"

#include <unistd.h>

#include <map>
#include <mutex>
#include <thread>

#include "grpcpp/grpcpp.h"
#include "proto/cri.grpc.pb.h"

namespace nodespan::testing {

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

}  // namespace nodespan::testing
