// SPDX-License-Identifier: Apache-2.0
#include "spans/captured_attributes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "spans/span_common.h"

namespace nodespan::spans {

CapturedAttributes::CapturedAttributes(const Prefixes& prefixes, std::span<const std::string> names) {
  std::vector<Keys> keys;
  for (const std::string& name : names) {
    std::string old_name = name;
    std::replace(old_name.begin(), old_name.end(), '-', '_');
    keys.push_back({fmt::format("{}{}", prefixes.stable, name), fmt::format("{}{}", prefixes.old, old_name)});
  }
  keys_ = std::make_shared<const std::vector<Keys>>(std::move(keys));
}

void CapturedAttributes::AddTo(const events::EventString& captured, model::SemconvMode mode, model::Span& span) const {
  if (captured.cut) {
    ++span.dropped_attributes_count;  // There were more values than the record has room for.
  }
  if (captured.empty()) {
    return;
  }
  events::CapturedHeaders headers(captured);
  std::vector<std::vector<std::string>> values(keys_->size());
  while (const std::optional<events::CapturedHeader> header = headers.Next()) {
    if (header->name < values.size()) {
      values[header->name].push_back(Clean(header->value));
    }
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].empty()) {
      continue;
    }
    span.storage = keys_;
    const Keys& keys = (*keys_)[i];
    const bool as_stable = model::EmitsNew(mode);
    if (model::EmitsOld(mode) && !(as_stable && keys.old == keys.stable)) {
      span.attributes.push_back({keys.old, values[i]});
    }
    if (as_stable) {
      span.attributes.push_back({keys.stable, std::move(values[i])});
    }
  }
}

}  // namespace nodespan::spans
