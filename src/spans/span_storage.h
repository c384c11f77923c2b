// SPDX-License-Identifier: Apache-2.0
// What a span owns besides itself when its program chose the names: keys of attributes, and its scope.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/node_hash_map.h"
#include "model/span.h"

namespace nodespan::spans {

// Name, version and schema of an instrumentation scope.
struct ScopeName {
  std::string name;
  std::string version;
  std::string schema_url;

  bool operator==(const ScopeName&) const = default;
  template <typename H>
  friend H AbslHashValue(H hash, const ScopeName& scope) {
    return H::combine(std::move(hash), scope.name, scope.version, scope.schema_url);
  }
};

// A scope and the text that it refers to; does not move.
struct OwnedScope {
  explicit OwnedScope(ScopeName from) : text(std::move(from)), scope{text.name, text.version, text.schema_url} {}
  OwnedScope(const OwnedScope&) = delete;
  OwnedScope& operator=(const OwnedScope&) = delete;

  const ScopeName text;
  const model::InstrumentationScope scope;
};

// Kept alive by Span::storage.
class SpanStorage {
 public:
  // The key for as long as this lives.
  std::string_view Keep(std::string key) { return keys_.emplace_back(std::move(key)); }
  void Keep(std::shared_ptr<const OwnedScope> scope) { scope_ = std::move(scope); }

 private:
  std::deque<std::string> keys_;  // stable addresses
  std::shared_ptr<const OwnedScope> scope_;
};

// Gives equal scopes one address, so that their spans come together in a request. Of more than kMaxScopes the later
// ones have an address for each span. One thread.
class ScopeRegistry {
 public:
  static constexpr size_t kMaxScopes = 1024;

  std::shared_ptr<const OwnedScope> Get(const ScopeName& name) {
    if (const auto known = scopes_.find(name); known != scopes_.end()) {
      return known->second;
    }
    auto scope = std::make_shared<const OwnedScope>(name);
    if (scopes_.size() < kMaxScopes) {
      scopes_.emplace(name, scope);
    }
    return scope;
  }

 private:
  absl::node_hash_map<ScopeName, std::shared_ptr<const OwnedScope>> scopes_;
};

}  // namespace nodespan::spans
