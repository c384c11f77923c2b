// SPDX-License-Identifier: Apache-2.0
// What is known of the pods of this node: plain values, the same whether the API server or the container runtime told
// them.
//
// Text in here is chosen by whoever made the pod. Identifiers (names, uid, ids, images, keys of labels and annotations)
// are free of control characters, so that they can be logged; values of annotations are any bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace nodespan::k8s {

using StringMap = std::map<std::string, std::string, std::less<>>;

// Ephemeral containers are those of `kubectl debug`.
enum class ContainerKind { kRegular, kInit, kEphemeral };

// Empty or absent: not known, which is normal for a container that does not run yet.
struct Container {
  std::string name;
  std::string id;        // 64 hexadecimal digits
  std::string runtime;   // "containerd", "cri-o", "docker"
  std::string image;     // as the pod asks for it: "registry/shop:1.2@sha256:..."
  std::string image_id;  // as the runtime calls it: "sha256:...", or "registry/shop@sha256:..."
  ContainerKind kind = ContainerKind::kRegular;
  std::optional<uint32_t> restart_count;

  bool operator==(const Container&) const = default;
};

// What made the pod: the entry of its ownerReferences that has `controller: true`.
struct Owner {
  std::string kind;  // "ReplicaSet"
  std::string name;  // never empty
  std::string uid;

  bool operator==(const Owner&) const = default;
};

struct Instrumentation;

// What came of the Instrumentation resource that the pod, or its namespace, asks for by inject-go.
enum class InstrumentationLookup {
  kNone,       // none is asked for by name, or they are not read
  kPending,    // what there is gets known -> any other
  kFound,      // -> any other when annotations or resources change, as from those below
  kMissing,    // there is none of that name
  kAmbiguous,  // "true", and the namespace has more than one
};

struct Pod {
  std::string uid;             // never empty
  std::string name;            // never empty
  std::string namespace_name;  // never empty
  // Static pods only: the uid that the kubelet uses for their cgroups, which is not that of the API server.
  std::string config_hash;
  std::string node_name;
  std::string ip;
  std::optional<absl::Time> start_time;
  // The API server knows the owner of every pod, a container runtime of none: then it is derived (workload.h).
  bool has_owners = false;
  std::optional<Owner> owner;
  StringMap labels;       // those that MetadataFilter keeps
  StringMap annotations;  // the same
  // PodStore fills in what comes from other objects (pod_surroundings.h).
  // The annotation inject-go of its namespace. Empty: it has none, or is not known (yet).
  std::string namespace_inject_go;
  InstrumentationLookup instrumentation_lookup = InstrumentationLookup::kNone;
  std::shared_ptr<const Instrumentation> instrumentation;  // null but for kFound
  // The API server lists those that do not run yet, too, a container runtime only what it has made so far.
  bool has_all_containers = false;
  std::vector<Container> containers;

  bool operator==(const Pod&) const = default;
};

// A container of a pod; `container` points into `pod`. With a null `container` only the pod is known.
struct ContainerRef {
  std::shared_ptr<const Pod> pod;
  const Container* container = nullptr;
};

// Limits of one pod. What is beyond them is left out, and the pod is what remains; no real pod reaches them.
inline constexpr size_t kMaxContainersPerPod = 64;
inline constexpr size_t kMaxLabelsPerPod = 64;       // of those that are kept
inline constexpr size_t kMaxAnnotationsPerPod = 64;  // of those that are kept
inline constexpr size_t kMaxMetadataValueBytes = 1024;
inline constexpr size_t kMaxNameBytes = 320;  // of names, uids and keys; Kubernetes allows 317 at most
inline constexpr size_t kMaxImageBytes = 1024;

// Decides which labels and annotations are worth their memory: those that the selector looks at, those that say who a
// service is, and those that switch tracing. Immutable; any thread.
class MetadataFilter {
 public:
  // `selector_keys`: the labels that LabelSelector::keys() names.
  explicit MetadataFilter(std::vector<std::string> selector_keys);

  // Adds the entry to the pod when it is kept and within the limits above.
  void AddLabel(Pod& pod, std::string_view key, std::string_view value) const;
  void AddAnnotation(Pod& pod, std::string_view key, std::string_view value) const;

 private:
  bool KeepsLabel(std::string_view key) const;

  std::vector<std::string> selector_keys_;
};

// `text` when it can be an identifier: at most `max_bytes`, no control characters, valid UTF-8. Empty otherwise.
std::string Identifier(std::string_view text, size_t max_bytes = kMaxNameBytes);

// Value of `key`; empty when it is not there.
std::string_view FindValue(const StringMap& map, std::string_view key);

// `text` without surrounding blanks, for values of annotations that are words or lists of them.
std::string_view Trim(std::string_view text);

// kDataLoss: without uid, name and namespace nothing can be said about a pod.
absl::Status CheckPod(const Pod& pod);

// Memory that the pod takes, estimated from above.
size_t EstimateBytes(const Pod& pod);

}  // namespace nodespan::k8s
