// SPDX-License-Identifier: Apache-2.0
// Which generation of semantic-convention names is emitted, per category (SPEC section 3.1).
#pragma once

#include <cstdint>

namespace nodespan::model {

enum class SemconvMode : uint8_t {
  kNew,  // `x`: only the stable names
  kOld,  // `x/old`: only the names before stabilisation
  kDup,  // `x/dup`: both
};

struct Semconv {
  SemconvMode http = SemconvMode::kNew;
  SemconvMode database = SemconvMode::kNew;
  SemconvMode rpc = SemconvMode::kOld;
  SemconvMode messaging = SemconvMode::kNew;

  bool operator==(const Semconv&) const = default;
};

inline bool EmitsNew(SemconvMode mode) { return mode != SemconvMode::kOld; }
inline bool EmitsOld(SemconvMode mode) { return mode != SemconvMode::kNew; }

}  // namespace nodespan::model
