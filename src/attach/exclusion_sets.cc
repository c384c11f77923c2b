// SPDX-License-Identifier: Apache-2.0
#include "attach/exclusion_sets.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

static_assert(model::kMaxUserAgentPatterns <= NS_PATTERNS);
// A whole path is two patterns: one that ends there, and one that goes on with a query.
static_assert(2 * model::kMaxPathPatterns <= NS_PATTERNS && model::kMaxPatternBytes + 1 <= NS_PATTERN_BYTES);
static_assert(NS_EXCLUSION_SETS <= 256);

void Add(ns_exclusions& exclusions, ns_pattern_subject subject, std::string_view text, bool is_whole) {
  if (text.size() > NS_PATTERN_BYTES || exclusions.count[subject] >= NS_PATTERNS) {
    return;
  }
  ns_pattern& pattern = exclusions.pattern[subject][exclusions.count[subject]++];
  std::memcpy(pattern.word, text.data(), text.size());
  std::memset(pattern.mask, 0xff, text.size());
  pattern.bytes = static_cast<uint32_t>(text.size());
  pattern.is_whole = is_whole ? 1 : 0;
}

}  // namespace

ns_exclusions ToPatterns(const model::Exclusions& exclusions) {
  ns_exclusions result{};
  for (const std::string& path : exclusions.paths) {
    if (path.ends_with('*')) {
      Add(result, NS_PATTERN_PATH, std::string_view(path).substr(0, path.size() - 1), false);
    } else {
      Add(result, NS_PATTERN_PATH, path, true);
      Add(result, NS_PATTERN_PATH, path + "?", false);
    }
  }
  for (const std::string& user_agent : exclusions.user_agents) {
    const bool is_whole = !user_agent.ends_with('*');
    Add(result, NS_PATTERN_USER_AGENT, std::string_view(user_agent).substr(0, user_agent.size() - (is_whole ? 0 : 1)),
        is_whole);
  }
  return result;
}

absl::StatusOr<uint8_t> ExclusionSets::Acquire(const model::Exclusions& exclusions) {
  if (exclusions.empty()) {
    return 0;
  }
  const auto begin = sets_.begin() + 1;
  auto set = std::find_if(begin, sets_.end(),
                          [&](const Set& each) { return each.users > 0 && each.exclusions == exclusions; });
  if (set == sets_.end()) {
    set = std::find_if(begin, sets_.end(), [](const Set& each) { return each.users == 0; });
    if (set == sets_.end()) {
      return base::MakeStatus(absl::StatusCode::kResourceExhausted, "{} different lists of exclusions are in use",
                              NS_EXCLUSION_SETS - 1);
    }
    NODESPAN_RETURN_IF_ERROR(write_(static_cast<uint32_t>(set - sets_.begin()), ToPatterns(exclusions)));
    set->exclusions = exclusions;
  }
  ++set->users;
  return static_cast<uint8_t>(set - sets_.begin());
}

void ExclusionSets::Release(uint8_t set) {
  if (set != 0 && sets_[set].users > 0) {
    --sets_[set].users;
  }
}

}  // namespace nodespan::attach
