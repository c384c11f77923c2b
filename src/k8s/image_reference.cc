// SPDX-License-Identifier: Apache-2.0
#include "k8s/image_reference.h"

#include "fmt/format.h"

namespace nodespan::k8s {

std::string ImageReference::Version() const {
  if (!tag.empty() && !digest.empty()) {
    return fmt::format("{}@{}", tag, digest);
  }
  return tag.empty() ? digest : tag;
}

ImageReference ParseImageReference(std::string_view text) {
  ImageReference reference;
  if (const size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    text.remove_prefix(scheme + 3);
  }
  if (text.starts_with("sha256:")) {
    return {.name = "", .tag = "", .digest = std::string(text)};
  }
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    reference.digest = std::string(text.substr(at + 1));
    text = text.substr(0, at);
  }
  // A colon before the last slash is that of a port.
  const size_t colon = text.rfind(':');
  const size_t slash = text.rfind('/');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    reference.tag = std::string(text.substr(colon + 1));
    text = text.substr(0, colon);
  }
  reference.name = std::string(text);
  return reference;
}

}  // namespace nodespan::k8s
