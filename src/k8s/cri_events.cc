// SPDX-License-Identifier: Apache-2.0
#include "k8s/cri_events.h"

#include <pthread.h>

#include <utility>

#include "absl/time/clock.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "fmt/format.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "k8s/cri_channel.h"
#include "k8s/cri_socket.h"
#include "proto/cri.pb.h"

namespace nodespan::k8s {
namespace {

using metrics::Counter;
using runtime::v1::ContainerEventResponse;
using runtime::v1::GetEventsRequest;

// CRI-O without `enable_pod_events` ends the stream instead of refusing it.
constexpr absl::Duration kShortStream = absl::Seconds(1);

Backoff::Options RefusedBackoff(const CriEventsOptions& options) {
  Backoff::Options backoff = options.backoff;
  backoff.max = options.max_refused_wait;
  return backoff;
}

}  // namespace

CriEvents::CriEvents(CriEventsOptions options, metrics::Counters* counters, std::function<void()> on_start)
    : options_(std::move(options)),
      counters_(counters),
      on_start_(std::move(on_start)),
      backoff_(options_.backoff, [this] { return absl::Uniform(random_, 0.0, 1.0); }),
      refused_backoff_(RefusedBackoff(options_), [this] { return absl::Uniform(random_, 0.0, 1.0); }),
      thread_([this] { Run(); }) {
  (void)pthread_setname_np(thread_.native_handle(), "ns-cri-events");
}

CriEvents::~CriEvents() {
  stop_.Stop();
  {
    absl::MutexLock lock(&mutex_);
    if (context_ != nullptr) {
      context_->TryCancel();
    }
  }
  thread_.join();
}

void CriEvents::Run() {
  while (!stop_.is_stopped()) {
    const absl::Status status = Listen();
    if (stop_.is_stopped()) {
      return;
    }
    counters_->Add(Counter::kContainerEventErrors);
    Tell(status);
    stop_.Sleep(absl::IsUnimplemented(status) ? refused_backoff_.Next() : backoff_.Next());
  }
}

// Never fine: a stream has no end.
absl::Status CriEvents::Listen() {
  NODESPAN_ASSIGN_OR_RETURN(const std::string socket_path, ChooseCriSocket(options_.socket_path));
  grpc::ClientContext context;
  if (!SetContext(&context)) {
    return absl::CancelledError("the pod source ends");
  }
  const absl::Status status = Read(context, socket_path);
  (void)SetContext(nullptr);
  return base::Annotate(status, socket_path);
}

absl::Status CriEvents::Read(grpc::ClientContext& context, const std::string& socket_path) {
  const absl::Time start = absl::Now();
  grpc::CompletionQueue queue;
  // Each step is waited for before the next begins; a cancelled call fails them.
  const auto is_done = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  grpc::TemplatedGenericStub<GetEventsRequest, ContainerEventResponse> stub(MakeCriChannel(socket_path));
  const auto call = stub.PrepareCall(&context, fmt::format("{}GetContainerEvents", kCriService), &queue);
  call->StartCall(nullptr);
  bool is_open = is_done();
  if (is_open) {
    call->WriteLast(GetEventsRequest(), grpc::WriteOptions(), nullptr);
    is_open = is_done();
  }
  size_t event_count = 0;
  while (is_open) {
    ContainerEventResponse event;
    call->Read(&event, nullptr);
    is_open = is_done();
    if (!is_open) {
      break;
    }
    ++event_count;
    backoff_.Reset();
    refused_backoff_.Reset();
    Tell(absl::OkStatus());
    counters_->Add(Counter::kContainerEvents);
    if (event.container_event_type() == runtime::v1::CONTAINER_STARTED_EVENT) {
      on_start_();
    }
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  (void)is_done();
  if (!status.ok()) {
    return ToStatus(status);
  }
  return event_count == 0 && absl::Now() - start < kShortStream
             ? absl::UnimplementedError("it ends the stream of events at once (CRI-O: enable_pod_events)")
             : absl::UnavailableError("it has ended the stream of events");
}

// False: everything ends, and nobody would cancel the call.
bool CriEvents::SetContext(grpc::ClientContext* context) {
  absl::MutexLock lock(&mutex_);
  context_ = context;
  return !stop_.is_stopped();
}

// Once for each kind of error, and when it is over.
void CriEvents::Tell(const absl::Status& status) {
  if (told_ == status.code()) {
    return;
  }
  told_ = status.code();
  if (status.ok()) {
    spdlog::info("the container runtime tells of containers when they start");
  } else {
    spdlog::warn("events of the container runtime: {}; polling alone, trying again {}", base::Message(status),
                 absl::IsUnimplemented(status) ? "now and then" : "soon");
  }
}

}  // namespace nodespan::k8s
