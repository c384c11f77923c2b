// SPDX-License-Identifier: Apache-2.0
#include "spans/api_items.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

using events::ApiItem;
using Kind = ApiItem::Kind;

template <typename Number>
Number NumberAt(std::string_view bytes, size_t index = 0) {
  Number number;
  std::memcpy(&number, bytes.data() + index * sizeof(number), sizeof(number));
  return number;
}

template <typename Number>
std::vector<Number> Numbers(std::string_view bytes) {
  std::vector<Number> numbers(bytes.size() / sizeof(Number));
  if (!numbers.empty()) {
    std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(Number));
  }
  return numbers;
}

std::optional<model::AttributeValue> ToValue(const ApiItem& item) {
  switch (item.kind) {
    case Kind::kBool: return NumberAt<uint64_t>(item.value) != 0;
    case Kind::kInt64: return NumberAt<int64_t>(item.value);
    case Kind::kFloat64: return NumberAt<double>(item.value);
    case Kind::kString: return Clean(item.value, item.cut);
    case Kind::kBools: {
      std::vector<bool> list;
      std::transform(item.value.begin(), item.value.end(), std::back_inserter(list), [](char c) { return c != 0; });
      return list;
    }
    case Kind::kInt64s: return Numbers<int64_t>(item.value);
    case Kind::kFloat64s: return Numbers<double>(item.value);
    case Kind::kStrings: {
      std::vector<std::string> list;
      std::transform(item.elements.begin(), item.elements.end(), std::back_inserter(list),
                     [](const events::EventString& element) { return Clean(element); });
      return list;
    }
    default: return std::nullopt;
  }
}

bool IsAttribute(Kind kind) { return kind <= Kind::kLeftOut; }

constexpr int64_t kNsPerSecond = 1'000'000'000;

// Days of the years before this one in the calendar that Go's time counts in.
constexpr int64_t SecondsBefore(int64_t year) {
  const int64_t years = year - 1;
  return (years * 365 + years / 4 - years / 100 + years / 400) * 86'400;
}

}  // namespace

void SetAttribute(const ApiItem& item, size_t max_count, SpanStorage& storage,
                  std::vector<model::Attribute>& attributes, uint32_t& dropped) {
  if (!IsAttribute(item.kind)) {
    return;
  }
  std::optional<model::AttributeValue> value = ToValue(item);
  std::string key = Clean(item.key);
  if (!value.has_value() || key.empty()) {
    ++dropped;
    return;
  }
  const auto known = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const model::Attribute& attribute) { return attribute.key == key; });
  if (known != attributes.end()) {
    known->value = *std::move(value);
  } else if (attributes.size() < max_count) {
    attributes.push_back({storage.Keep(std::move(key)), *std::move(value)});
  } else {
    ++dropped;
  }
}

uint64_t UnixTimeOf(uint64_t wall, int64_t ext) {
  constexpr uint64_t kHasMonotonic = uint64_t{1} << 63;
  constexpr int kNanosecondBits = 30;
  const auto nanoseconds = static_cast<int64_t>(wall & ((uint64_t{1} << kNanosecondBits) - 1));
  int64_t seconds = ext - SecondsBefore(1970);
  if ((wall & kHasMonotonic) != 0) {
    seconds =
        static_cast<int64_t>((wall & ~kHasMonotonic) >> kNanosecondBits) + SecondsBefore(1885) - SecondsBefore(1970);
  }
  constexpr int64_t kMaxSeconds = INT64_MAX / kNsPerSecond - 1;
  if (seconds < 0 || seconds > kMaxSeconds || nanoseconds >= kNsPerSecond) {
    return 0;
  }
  return static_cast<uint64_t>(seconds * kNsPerSecond + nanoseconds);
}

uint64_t UnixTimeOf(const ApiItem& item) {
  return UnixTimeOf(NumberAt<uint64_t>(item.value), NumberAt<int64_t>(item.value, 1));
}

model::SpanKind SpanKindOf(const ApiItem& item) {
  const auto kind = NumberAt<uint64_t>(item.value);
  const bool is_known = kind >= static_cast<uint64_t>(model::SpanKind::kInternal) &&
                        kind <= static_cast<uint64_t>(model::SpanKind::kConsumer);
  return is_known ? static_cast<model::SpanKind>(kind) : model::SpanKind::kInternal;
}

void AddLink(const ApiItem& item, size_t max_count, model::Span& span) {
  model::SpanLink link;
  std::memcpy(link.trace_id.data(), item.value.data(), link.trace_id.size());
  std::memcpy(link.span_id.data(), item.value.data() + link.trace_id.size(), link.span_id.size());
  link.flags = static_cast<uint8_t>(item.value.back());
  if (model::IsZero(link.trace_id) || model::IsZero(link.span_id) || span.links.size() >= max_count) {
    ++span.dropped_links_count;
  } else {
    span.links.push_back(std::move(link));
  }
}

}  // namespace nodespan::spans
