// SPDX-License-Identifier: Apache-2.0
#include "spans/apply_limits.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/utf8.h"

namespace nodespan::spans {
namespace {

void Shorten(size_t max_characters, std::string& text) {
  text.resize(base::FirstCharacters(text, max_characters).size());
}

void ShortenValues(size_t max_characters, std::vector<model::Attribute>& attributes) {
  for (model::Attribute& attribute : attributes) {
    if (auto* text = std::get_if<std::string>(&attribute.value)) {
      Shorten(max_characters, *text);
    } else if (auto* texts = std::get_if<std::vector<std::string>>(&attribute.value)) {
      for (std::string& element : *texts) {
        Shorten(max_characters, element);
      }
    }
  }
}

template <typename Item>
void CutList(size_t max_count, std::vector<Item>& items, uint32_t& dropped) {
  if (items.size() > max_count) {
    dropped += static_cast<uint32_t>(items.size() - max_count);
    items.erase(items.begin() + static_cast<ptrdiff_t>(max_count), items.end());
  }
}

void CutAttributes(const model::SpanLimits& limits, size_t max_count, std::vector<model::Attribute>& attributes,
                   uint32_t& dropped) {
  CutList(max_count, attributes, dropped);
  if (limits.value_length) {
    ShortenValues(*limits.value_length, attributes);
  }
}

}  // namespace

void ApplyLimits(const model::SpanLimits& limits, model::Span& span) {
  CutAttributes(limits, limits.attribute_count, span.attributes, span.dropped_attributes_count);
  CutList(limits.event_count, span.events, span.dropped_events_count);
  for (model::SpanEvent& event : span.events) {
    CutAttributes(limits, limits.event_attribute_count, event.attributes, event.dropped_attributes_count);
  }
  CutList(limits.link_count, span.links, span.dropped_links_count);
  for (model::SpanLink& link : span.links) {
    CutAttributes(limits, limits.link_attribute_count, link.attributes, link.dropped_attributes_count);
  }
}

}  // namespace nodespan::spans
