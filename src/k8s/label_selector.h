// SPDX-License-Identifier: Apache-2.0
// Label selectors as kubectl and the Kubernetes API understand them:
//
//   key              the label is there             key in (a,b)       its value is one of these
//   !key             it is not                      key notin (a,b)    it is not there or has another value
//   key=a  key==a    it has this value              key>5  key<5       its value is a whole number above or below
//   key!=a           it is not there or has another value
//
// Requirements are separated by commas, and all must hold. The empty selector matches everything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "k8s/pod.h"

namespace nodespan::k8s {

// Immutable; any thread.
class LabelSelector {
 public:
  // kInvalidArgument: one line that says what is wrong where.
  static absl::StatusOr<LabelSelector> Parse(std::string_view text);

  bool Matches(const StringMap& labels) const;

  // The labels that it looks at, each once.
  std::vector<std::string> keys() const;

 private:
  friend class SelectorParser;

  enum class Operator { kExists, kNotExists, kIn, kNotIn, kGreater, kLess };
  struct Requirement {
    std::string key;
    Operator op = Operator::kExists;
    std::vector<std::string> values;  // kIn, kNotIn
    int64_t bound = 0;                // kGreater, kLess
  };

  static bool Holds(const Requirement& requirement, const StringMap& labels);

  std::vector<Requirement> requirements_;
};

}  // namespace nodespan::k8s
