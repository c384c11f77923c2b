// SPDX-License-Identifier: Apache-2.0
#include "otlp/span_order.h"

#include <algorithm>
#include <compare>

#include "absl/container/flat_hash_map.h"

namespace nodespan::otlp {
namespace {

struct Position {
  uint32_t resource;  // rank by first appearance
  uint32_t scope;     // likewise
  uint32_t index;

  auto operator<=>(const Position&) const = default;
};

// Numbers pointers in the order in which they are first seen.
template <typename T>
class Ranks {
 public:
  uint32_t Of(const T* item) {
    if (!ranks_.empty() && item == last_item_) {
      return last_rank_;
    }
    last_item_ = item;
    last_rank_ = ranks_.try_emplace(item, static_cast<uint32_t>(ranks_.size())).first->second;
    return last_rank_;
  }

 private:
  absl::flat_hash_map<const T*, uint32_t> ranks_;
  const T* last_item_ = nullptr;
  uint32_t last_rank_ = 0;
};

}  // namespace

std::vector<uint32_t> GroupedOrder(std::span<const model::Span> spans) {
  Ranks<model::Resource> resources;
  Ranks<model::InstrumentationScope> scopes;
  std::vector<Position> positions;
  positions.reserve(spans.size());
  for (const model::Span& span : spans) {
    positions.push_back(
        {resources.Of(span.resource.get()), scopes.Of(span.scope), static_cast<uint32_t>(positions.size())});
  }
  std::sort(positions.begin(), positions.end());
  std::vector<uint32_t> order;
  order.reserve(positions.size());
  for (const Position& position : positions) {
    order.push_back(position.index);
  }
  return order;
}

}  // namespace nodespan::otlp
