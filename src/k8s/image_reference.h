// SPDX-License-Identifier: Apache-2.0
// The parts of the name of a container image: "registry:5000/team/shop:1.2@sha256:<64 digits>". Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace nodespan::k8s {

// Empty parts are not in the text.
struct ImageReference {
  std::string name;    // with registry and path, without tag and digest; empty for a bare id ("sha256:...")
  std::string tag;     // "1.2"
  std::string digest;  // "sha256:..."

  // What service.version is made of: "tag@digest", "tag" or "digest"; empty when there is neither.
  std::string Version() const;

  bool operator==(const ImageReference&) const = default;
};

// Any text; what does not look like a reference is a name. The schemes that runtimes put before an image
// ("docker-pullable://") are left out.
ImageReference ParseImageReference(std::string_view text);

}  // namespace nodespan::k8s
