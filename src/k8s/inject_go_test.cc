// SPDX-License-Identifier: Apache-2.0
#include "k8s/inject_go.h"

#include <string>

#include "gtest/gtest.h"
#include "k8s/namespace_annotations.h"

namespace nodespan::k8s {
namespace {

using Asking = InjectGo::Asking;

// What the operator makes of the annotations of a namespace and a pod; that of the pod is in "shop".
TEST(InjectGoTest, NamesTheInstrumentationThatTheOperatorWouldTake) {
  struct Case {
    const char* of_namespace;
    const char* of_pod;
    Asking asking;
    const char* namespace_name;
    const char* name;
  };
  for (const Case& row : std::initializer_list<Case>{
           {"", "", Asking::kNobody, "", ""},
           {" ", "\t", Asking::kNobody, "", ""},
           {"", "false", Asking::kNobody, "", ""},
           {"False", "", Asking::kNobody, "", ""},
           {"go", "FALSE", Asking::kNobody, "", ""},
           {"", "true", Asking::kPod, "shop", ""},
           {"", " True ", Asking::kPod, "shop", ""},
           {"", "go", Asking::kPod, "shop", "go"},
           {"", "team/go", Asking::kPod, "team", "go"},
           {"", "team/go/more", Asking::kPod, "team", "go/more"},
           {"true", "", Asking::kNamespace, "shop", ""},
           {"go", "", Asking::kNamespace, "shop", "go"},
           {"team/go", "", Asking::kNamespace, "team", "go"},
           {"other", "go", Asking::kPod, "shop", "go"},
           {"false", "true", Asking::kPod, "shop", ""},
           {"true", "true", Asking::kPod, "shop", ""},
           {"team/go", "true", Asking::kPod, "team", "go"},
       }) {
    Pod pod;
    pod.namespace_name = "shop";
    pod.annotations = {{std::string(kInjectGoAnnotation), row.of_pod}};
    const InjectGo result = ReadInjectGo(pod, row.of_namespace);
    const std::string what = std::string(row.of_namespace) + " and " + row.of_pod;
    EXPECT_EQ(result.asking, row.asking) << what;
    EXPECT_EQ(result.namespace_name, row.namespace_name) << what;
    EXPECT_EQ(result.name, row.name) << what;
  }
}

}  // namespace
}  // namespace nodespan::k8s
