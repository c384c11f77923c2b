// SPDX-License-Identifier: Apache-2.0
#include "k8s/inject_go.h"

#include "absl/strings/match.h"
#include "base/errors.h"
#include "k8s/namespace_annotations.h"

namespace nodespan::k8s {
namespace {

bool IsWord(std::string_view value, std::string_view word) {
  return absl::EqualsIgnoreCase(base::ToAbsl(value), base::ToAbsl(word));
}

bool Refuses(std::string_view value) { return value.empty() || IsWord(value, "false"); }

}  // namespace

InjectGo ReadInjectGo(const Pod& pod, std::string_view of_namespace) {
  const std::string_view of_pod = Trim(FindValue(pod.annotations, kInjectGoAnnotation));
  of_namespace = Trim(of_namespace);
  const std::string_view value =
      of_pod.empty() || (IsWord(of_pod, "true") && !Refuses(of_namespace)) ? of_namespace : of_pod;
  if (Refuses(value)) {
    return {};
  }
  InjectGo result;
  result.asking = of_pod.empty() ? InjectGo::Asking::kNamespace : InjectGo::Asking::kPod;
  result.namespace_name = pod.namespace_name;
  if (!IsWord(value, "true")) {
    const size_t slash = value.find('/');
    if (slash != std::string_view::npos) {
      result.namespace_name = value.substr(0, slash);
    }
    result.name = value.substr(slash + 1);  // npos + 1 is 0
  }
  return result;
}

}  // namespace nodespan::k8s
