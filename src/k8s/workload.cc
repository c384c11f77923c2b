// SPDX-License-Identifier: Apache-2.0
#include "k8s/workload.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace nodespan::k8s {
namespace {

// The random end of a generated name, "-x7k2p" (k8s.io/apiserver/pkg/storage/names).
constexpr size_t kRandomLength = 5;
// The API server cuts what stands before the random end to this length.
constexpr size_t kMaxGeneratedBase = 58;

constexpr std::string_view kTemplateHash = "pod-template-hash";

bool AreDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// `name` without "-suffix" at its end.
std::optional<std::string> WithoutSuffix(std::string_view name, std::string_view suffix) {
  if (suffix.empty() || name.size() < suffix.size() + 2 || !name.ends_with(suffix) ||
      name[name.size() - suffix.size() - 1] != '-') {
    return std::nullopt;
  }
  return std::string(name.substr(0, name.size() - suffix.size() - 1));
}

// `name` without its random end. Nothing when the rest may have been cut.
std::optional<std::string> WithoutRandomEnd(std::string_view name) {
  if (name.size() < kRandomLength || name.size() - kRandomLength >= kMaxGeneratedBase) {
    return std::nullopt;
  }
  return WithoutSuffix(name, name.substr(name.size() - kRandomLength));
}

// A CronJob names its jobs by the minute they are due, counted from 1970: eight digits from 1989 to 2160. Fewer digits
// are a name that somebody chose.
std::optional<std::string> CronJobOf(std::string_view job) {
  constexpr size_t kDigits = 8;
  if (job.size() <= kDigits || !AreDigits(job.substr(job.size() - kDigits))) {
    return std::nullopt;
  }
  return WithoutSuffix(job, job.substr(job.size() - kDigits));
}

std::vector<Workload> FromReplicaSet(const Pod& pod, std::string name, std::string uid) {
  std::vector<Workload> workloads;
  if (std::optional<std::string> deployment = WithoutSuffix(name, FindValue(pod.labels, kTemplateHash)); deployment) {
    workloads.push_back({"deployment", *std::move(deployment), ""});
  }
  workloads.push_back({"replicaset", std::move(name), std::move(uid)});
  return workloads;
}

std::vector<Workload> FromJob(std::string name, std::string uid) {
  std::vector<Workload> workloads;
  if (std::optional<std::string> cron_job = CronJobOf(name); cron_job) {
    workloads.push_back({"cronjob", *std::move(cron_job), ""});
  }
  workloads.push_back({"job", std::move(name), std::move(uid)});
  return workloads;
}

std::vector<Workload> FromOwner(const Pod& pod, const Owner& owner) {
  if (owner.kind == "ReplicaSet") {
    return FromReplicaSet(pod, owner.name, owner.uid);
  }
  if (owner.kind == "StatefulSet") {
    return {{"statefulset", owner.name, owner.uid}};
  }
  if (owner.kind == "DaemonSet") {
    return {{"daemonset", owner.name, owner.uid}};
  }
  if (owner.kind == "Job") {
    return FromJob(owner.name, owner.uid);
  }
  return {};
}

std::vector<Workload> FromNames(const Pod& pod) {
  const auto has = [&pod](std::string_view label) { return pod.labels.contains(label); };
  if (has(kTemplateHash)) {
    std::optional<std::string> replica_set = WithoutRandomEnd(pod.name);
    return replica_set ? FromReplicaSet(pod, *std::move(replica_set), "") : std::vector<Workload>();
  }
  for (const std::string_view label : {"batch.kubernetes.io/job-name", "job-name"}) {
    if (const std::string_view job = FindValue(pod.labels, label); !job.empty()) {
      return FromJob(std::string(job), "");
    }
  }
  if (has("statefulset.kubernetes.io/pod-name") || has("apps.kubernetes.io/pod-index")) {
    const size_t dash = pod.name.rfind('-');
    const std::string_view ordinal = std::string_view(pod.name).substr(dash + 1);
    std::optional<std::string> set = AreDigits(ordinal) ? WithoutSuffix(pod.name, ordinal) : std::nullopt;
    return set ? std::vector<Workload>{{"statefulset", *std::move(set), ""}} : std::vector<Workload>();
  }
  if (has("controller-revision-hash") && has("pod-template-generation")) {
    std::optional<std::string> set = WithoutRandomEnd(pod.name);
    return set ? std::vector<Workload>{{"daemonset", *std::move(set), ""}} : std::vector<Workload>();
  }
  return {};
}

}  // namespace

std::vector<Workload> FindWorkloads(const Pod& pod) {
  if (pod.has_owners) {
    return pod.owner ? FromOwner(pod, *pod.owner) : std::vector<Workload>();
  }
  return FromNames(pod);
}

}  // namespace nodespan::k8s
