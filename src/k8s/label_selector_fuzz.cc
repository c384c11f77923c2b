// SPDX-License-Identifier: Apache-2.0
// Label selectors: no crash, errors of one line, and a selector that is accepted can be matched.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "k8s/label_selector.h"

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
  const auto selector = k8s::LabelSelector::Parse(text);
  if (!selector.ok()) {
    Require(absl::IsInvalidArgument(selector.status()));
    Require(selector.status().message().find('\n') == absl::string_view::npos);
    return 0;
  }
  k8s::StringMap labels;
  (void)selector->Matches(labels);
  for (const std::string& key : selector->keys()) {
    Require(!key.empty() && key.size() <= 317);
    labels.emplace(key, "5");
  }
  (void)selector->Matches(labels);
  return 0;
}
