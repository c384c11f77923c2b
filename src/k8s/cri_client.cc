// SPDX-License-Identifier: Apache-2.0
#include "k8s/cri_client.h"

#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "fmt/format.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "k8s/cri_channel.h"
#include "proto/cri.pb.h"

namespace nodespan::k8s {
namespace {

// Labels and annotations that the kubelet adds (pkg/kubelet/types/labels.go, pkg/kubelet/kuberuntime/labels.go).
constexpr const char* kContainerType = "io.kubernetes.container.type";

ContainerKind KindOf(const google::protobuf::Map<std::string, std::string>& annotations) {
  const auto found = annotations.find(kContainerType);
  if (found == annotations.end()) {
    return ContainerKind::kRegular;
  }
  return found->second == "init"        ? ContainerKind::kInit
         : found->second == "ephemeral" ? ContainerKind::kEphemeral
                                        : ContainerKind::kRegular;
}

Container ToContainer(const runtime::v1::Container& from, const std::string& runtime) {
  const runtime::v1::ImageSpec& image = from.image();
  return {.name = Identifier(from.metadata().name()),
          .id = Identifier(from.id()),
          .runtime = runtime,
          .image = Identifier(image.user_specified_image().empty() ? image.image() : image.user_specified_image(),
                              kMaxImageBytes),
          .image_id = Identifier(from.image_ref(), kMaxImageBytes),
          .kind = KindOf(from.annotations()),
          .restart_count = from.metadata().attempt()};
}

Pod ToPod(const runtime::v1::PodSandbox& from, const MetadataFilter& filter) {
  Pod pod;
  pod.uid = Identifier(from.metadata().uid());
  pod.name = Identifier(from.metadata().name());
  pod.namespace_name = Identifier(from.metadata().namespace_());
  if (from.created_at() > 0) {
    pod.start_time = absl::FromUnixNanos(from.created_at());
  }
  for (const auto& [key, value] : from.labels()) {
    filter.AddLabel(pod, key, value);
  }
  for (const auto& [key, value] : from.annotations()) {
    filter.AddAnnotation(pod, key, value);
  }
  return pod;
}

}  // namespace

struct CriClient::Impl {
  explicit Impl(const std::string& socket_path) : channel(MakeCriChannel(socket_path)) {}

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(std::string_view method, const Request& request, absl::Duration timeout) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    {
      absl::MutexLock lock(&mutex);
      if (is_cancelled) {
        return absl::CancelledError("the pod source ends");
      }
      current = &context;
    }
    grpc::CompletionQueue queue;
    grpc::TemplatedGenericStub<Request, Response> stub(channel);
    Response response;
    grpc::Status status;
    const auto call = stub.PrepareUnaryCall(&context, fmt::format("{}{}", kCriService, method), request, &queue);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    (void)queue.Next(&tag, &ok);  // returns at the deadline, or when the call is cancelled
    {
      absl::MutexLock lock(&mutex);
      current = nullptr;
    }
    if (!status.ok()) {
      return base::Annotate(ToStatus(status), method);
    }
    return response;
  }

  const std::shared_ptr<grpc::Channel> channel;
  std::string runtime_name;

  absl::Mutex mutex;
  grpc::ClientContext* current ABSL_GUARDED_BY(mutex) = nullptr;
  bool is_cancelled ABSL_GUARDED_BY(mutex) = false;
};

CriClient::CriClient(const std::string& socket_path) : impl_(std::make_unique<Impl>(socket_path)) {}

CriClient::~CriClient() = default;

absl::StatusOr<std::string> CriClient::Connect(absl::Duration timeout) {
  runtime::v1::VersionRequest request;
  request.set_version("v1");
  NODESPAN_ASSIGN_OR_RETURN(
      const runtime::v1::VersionResponse response,
      (impl_->Call<runtime::v1::VersionRequest, runtime::v1::VersionResponse>("Version", request, timeout)));
  impl_->runtime_name = Identifier(response.runtime_name());
  return impl_->runtime_name;
}

absl::StatusOr<std::vector<Pod>> CriClient::ListPods(const MetadataFilter& filter, absl::Duration timeout,
                                                     size_t& malformed_count) {
  using runtime::v1::ListContainersRequest;
  using runtime::v1::ListContainersResponse;
  using runtime::v1::ListPodSandboxRequest;
  using runtime::v1::ListPodSandboxResponse;
  // Containers first: the sandbox of a container that was there stays until after it.
  ListContainersRequest container_request;
  container_request.mutable_filter()->mutable_state()->set_state(runtime::v1::CONTAINER_RUNNING);
  NODESPAN_ASSIGN_OR_RETURN(
      const ListContainersResponse containers,
      (impl_->Call<ListContainersRequest, ListContainersResponse>("ListContainers", container_request, timeout)));
  ListPodSandboxRequest sandbox_request;
  sandbox_request.mutable_filter()->mutable_state()->set_state(runtime::v1::SANDBOX_READY);
  NODESPAN_ASSIGN_OR_RETURN(
      const ListPodSandboxResponse sandboxes,
      (impl_->Call<ListPodSandboxRequest, ListPodSandboxResponse>("ListPodSandbox", sandbox_request, timeout)));
  std::vector<Pod> pods;
  std::map<std::string, size_t, std::less<>> by_sandbox;
  for (const runtime::v1::PodSandbox& sandbox : sandboxes.items()) {
    Pod pod = ToPod(sandbox, filter);
    if (!CheckPod(pod).ok()) {
      ++malformed_count;
      continue;
    }
    by_sandbox[sandbox.id()] = pods.size();
    pods.push_back(std::move(pod));
  }
  for (const runtime::v1::Container& container : containers.containers()) {
    const auto sandbox = by_sandbox.find(container.pod_sandbox_id());
    if (sandbox != by_sandbox.end() && pods[sandbox->second].containers.size() < kMaxContainersPerPod) {
      pods[sandbox->second].containers.push_back(ToContainer(container, impl_->runtime_name));
    }
  }
  return pods;
}

void CriClient::Cancel() {
  absl::MutexLock lock(&impl_->mutex);
  impl_->is_cancelled = true;
  if (impl_->current != nullptr) {
    impl_->current->TryCancel();
  }
}

}  // namespace nodespan::k8s
