// SPDX-License-Identifier: Apache-2.0
// What the tests around pods share.
#pragma once

#include <string>

namespace nodespan::k8s::testing {

inline const std::string kContainerId(64, 'a');

}  // namespace nodespan::k8s::testing
