// SPDX-License-Identifier: Apache-2.0
// Adds attributes to a span under the names of the wanted generation, or of both; never the same key twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/attribute.h"
#include "model/semconv.h"
#include "spans/attribute_name.h"

namespace nodespan::spans {

class AttributeWriter {
 public:
  // `attributes` outlives this.
  AttributeWriter(model::SemconvMode mode, std::vector<model::Attribute>* attributes)
      : stable_(model::EmitsNew(mode)), old_(model::EmitsOld(mode)), attributes_(*attributes) {}

  // `value` is valid UTF-8; each name is used once per span.
  void AddText(const AttributeName& name, std::string value) {
    const auto [as_stable, as_old] = Wanted(name);
    if (as_stable && as_old) {
      Append(name.stable, value);
      Append(name.old, std::move(value));
    } else if (as_stable || as_old) {
      Append(as_stable ? name.stable : name.old, std::move(value));
    }
  }
  void AddInt(const AttributeName& name, int64_t value) { AddNumber(name, value); }
  void AddBool(const AttributeName& name, bool value) { AddNumber(name, value); }
  void AddDouble(const AttributeName& name, double value) { AddNumber(name, value); }

 private:
  template <typename Number>
  void AddNumber(const AttributeName& name, Number value) {
    const auto [as_stable, as_old] = Wanted(name);
    if (as_stable) {
      Append(name.stable, value);
    }
    if (as_old) {
      Append(name.old, value);
    }
  }

  struct Generations {
    bool stable;
    bool old;
  };
  Generations Wanted(const AttributeName& name) const {
    const bool stable = stable_ && !name.stable.empty();
    return {stable, old_ && !name.old.empty() && !(stable && name.old == name.stable)};
  }
  template <typename Value>
  void Append(std::string_view key, Value value) {
    model::Attribute& attribute = attributes_.emplace_back();
    attribute.key = key;
    attribute.value.emplace<Value>(std::move(value));
  }

  const bool stable_;
  const bool old_;
  std::vector<model::Attribute>& attributes_;
};

}  // namespace nodespan::spans
