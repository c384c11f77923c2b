// SPDX-License-Identifier: Apache-2.0
// The text of /proc/PID/cgroup, which a container can influence by making groups of its own: no crash, and what is
// found has the promised form.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "k8s/cgroup.h"
#include "k8s/image_reference.h"

namespace {

using namespace nodespan;

void Require(bool promise) {
  if (!promise) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto container = k8s::ParseCgroup(text)) {
    Require(container->container_id.size() == 64);
    Require(container->container_id.find_first_not_of("0123456789abcdef") == std::string::npos);
    Require(container->pod_uid.empty() || container->pod_uid.size() == 32 || container->pod_uid.size() == 36);
    Require(container->pod_uid.find_first_not_of("-0123456789abcdef") == std::string::npos);
  }
  const k8s::ImageReference image = k8s::ParseImageReference(text);
  Require(image.name.size() + image.tag.size() + image.digest.size() <= size);
  return 0;
}
