// SPDX-License-Identifier: Apache-2.0
// PodSource tells which pods this node has: from the API server (kubernetes_source.h) or from the container runtime
// (cri_source.h). What was known stays known while the other side is away.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "k8s/pod_snapshot.h"

namespace nodespan::k8s {

// Runs on a thread of the source, maybe on two at a time, after each change of the snapshot, and when the source gets
// in sync. It must return at once: post a task to the thread that is to look.
using PodsChanged = std::function<void()>;

// Thread: all methods from any thread. The destructor ends the source's threads and with them the notifications.
class PodSource {
 public:
  virtual ~PodSource() = default;

  // "kubernetes", "cri"; a constant.
  virtual std::string_view name() const = 0;

  // The pods as last heard of. Never null.
  virtual std::shared_ptr<const PodSnapshot> snapshot() const = 0;

  // All pods were told at least once since the start. Stays true when the other side goes away later.
  virtual bool is_synced() const = 0;

  // Somebody met a container that the snapshot does not have: a source that polls looks again soon.
  virtual void RequestRefresh() {}
};

}  // namespace nodespan::k8s
