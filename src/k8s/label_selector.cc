// SPDX-License-Identifier: Apache-2.0
#include "k8s/label_selector.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::k8s {
namespace {

constexpr size_t kMaxSelectorBytes = size_t{16} * 1024;
constexpr size_t kMaxNameLength = 63;
constexpr size_t kMaxPrefixLength = 253;

bool IsAlphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsLowerAlphanumeric(char c) { return IsAlphanumeric(c) && !(c >= 'A' && c <= 'Z'); }
bool IsWhitespace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool IsSymbol(char c) { return std::string_view("=!(),<>").find(c) != std::string_view::npos; }

// The part of a key behind its prefix, and values that are not empty.
bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameLength && IsAlphanumeric(text.front()) &&
         IsAlphanumeric(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.';
         });
}

bool IsDnsSubdomain(std::string_view text) {
  if (text.empty() || text.size() > kMaxPrefixLength) {
    return false;
  }
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || !IsLowerAlphanumeric(label.front()) || !IsLowerAlphanumeric(label.back()) ||
        !std::all_of(label.begin(), label.end(), [](char c) { return IsLowerAlphanumeric(c) || c == '-'; })) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(dot + 1);
  }
}

bool IsKey(std::string_view text) {
  const size_t slash = text.find('/');
  return slash == std::string_view::npos ? IsName(text)
                                         : IsDnsSubdomain(text.substr(0, slash)) && IsName(text.substr(slash + 1));
}

bool IsValue(std::string_view text) { return text.empty() || IsName(text); }

std::optional<int64_t> ParseNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

// Recursive descent over tokens: words, and the symbols = == != ! ( ) , < >. `in` and `notin` are words that only their
// place makes operators.
class SelectorParser {
 public:
  explicit SelectorParser(std::string_view text) : rest_(text), whole_bytes_(text.size()) { Advance(); }

  absl::StatusOr<std::vector<LabelSelector::Requirement>> Run() {
    std::vector<LabelSelector::Requirement> requirements;
    while (!token_.empty()) {
      NODESPAN_ASSIGN_OR_RETURN(LabelSelector::Requirement requirement, ParseRequirement());
      requirements.push_back(std::move(requirement));
      if (token_.empty()) {
        break;
      }
      NODESPAN_RETURN_IF_ERROR(Expect(","));
      if (token_.empty()) {
        return Error("a requirement behind ','");
      }
    }
    return requirements;
  }

 private:
  using Operator = LabelSelector::Operator;

  void Advance() {
    while (!rest_.empty() && IsWhitespace(rest_.front())) {
      rest_.remove_prefix(1);
    }
    size_t length = 0;
    if (!rest_.empty() && IsSymbol(rest_.front())) {
      length = rest_.starts_with("==") || rest_.starts_with("!=") ? 2 : 1;
    } else {
      while (length < rest_.size() && !IsWhitespace(rest_[length]) && !IsSymbol(rest_[length])) {
        ++length;
      }
    }
    token_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
  }

  bool IsWord() const { return !token_.empty() && !IsSymbol(token_.front()); }
  bool IsEndOfRequirement() const { return token_.empty() || token_ == ","; }

  bool Take(std::string_view token) {
    if (token_ != token) {
      return false;
    }
    Advance();
    return true;
  }

  absl::Status Expect(std::string_view token) {
    return Take(token) ? absl::OkStatus() : Error(fmt::format("'{}'", token));
  }

  // The text is not repeated: whoever calls knows it, and it may not be fit for a log.
  absl::Status Error(std::string_view expected) const {
    return base::MakeStatus(absl::StatusCode::kInvalidArgument, "expected {} at character {}", expected,
                            whole_bytes_ - rest_.size() - token_.size() + 1);
  }

  absl::StatusOr<LabelSelector::Requirement> ParseRequirement() {
    LabelSelector::Requirement requirement;
    const bool is_negated = Take("!");
    if (!IsWord() || !IsKey(token_)) {
      return Error("the key of a label, [PREFIX/]NAME");
    }
    requirement.key = std::string(token_);
    Advance();
    if (is_negated) {
      requirement.op = Operator::kNotExists;
    } else if (!IsEndOfRequirement()) {
      NODESPAN_RETURN_IF_ERROR(ParseComparison(requirement));
    }
    return requirement;
  }

  absl::Status ParseComparison(LabelSelector::Requirement& requirement) {
    const bool is_in = token_ == "in";
    if (is_in || token_ == "notin") {
      Advance();
      requirement.op = is_in ? Operator::kIn : Operator::kNotIn;
      return ParseSet(requirement.values);
    }
    if (token_ == "<" || token_ == ">") {
      requirement.op = token_ == "<" ? Operator::kLess : Operator::kGreater;
      Advance();
      const std::optional<int64_t> bound = ParseNumber(token_);
      if (!bound || !IsValue(token_)) {
        return Error("a whole number from 0 on");
      }
      requirement.bound = *bound;
      Advance();
      return absl::OkStatus();
    }
    if (token_ != "=" && token_ != "==" && token_ != "!=") {
      return Error("one of = == != in notin < >");
    }
    requirement.op = token_ == "!=" ? Operator::kNotIn : Operator::kIn;
    Advance();
    return ParseValue(requirement.values);
  }

  // "(a, b)"; a value that is left out is the empty one.
  absl::Status ParseSet(std::vector<std::string>& values) {
    NODESPAN_RETURN_IF_ERROR(Expect("("));
    do {
      NODESPAN_RETURN_IF_ERROR(ParseValue(values));
    } while (Take(","));
    return Expect(")");
  }

  absl::Status ParseValue(std::vector<std::string>& values) {
    const std::string_view value = IsWord() ? token_ : std::string_view();
    if (!IsValue(value)) {
      return Error("a value of at most 63 letters, digits, '-', '_' and '.'");
    }
    values.emplace_back(value);
    if (!value.empty()) {
      Advance();
    }
    return absl::OkStatus();
  }

  std::string_view rest_;
  std::string_view token_;  // empty: the end
  size_t whole_bytes_;
};

absl::StatusOr<LabelSelector> LabelSelector::Parse(std::string_view text) {
  if (text.size() > kMaxSelectorBytes) {
    return base::MakeStatus(absl::StatusCode::kInvalidArgument, "expected at most {} characters", kMaxSelectorBytes);
  }
  LabelSelector selector;
  NODESPAN_ASSIGN_OR_RETURN(selector.requirements_, SelectorParser(text).Run());
  return selector;
}

bool LabelSelector::Holds(const Requirement& requirement, const StringMap& labels) {
  const auto label = labels.find(requirement.key);
  const bool is_there = label != labels.end();
  const auto is_listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), label->second) != requirement.values.end();
  };
  const auto number = [&] { return is_there ? ParseNumber(label->second) : std::nullopt; };
  switch (requirement.op) {
    case Operator::kExists: return is_there;
    case Operator::kNotExists: return !is_there;
    case Operator::kIn: return is_there && is_listed();
    case Operator::kNotIn: return !is_there || !is_listed();
    case Operator::kGreater: return number() && *number() > requirement.bound;
    case Operator::kLess: return number() && *number() < requirement.bound;
  }
  return false;
}

bool LabelSelector::Matches(const StringMap& labels) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&labels](const Requirement& requirement) { return Holds(requirement, labels); });
}

std::vector<std::string> LabelSelector::keys() const {
  std::vector<std::string> keys;
  for (const Requirement& requirement : requirements_) {
    if (std::find(keys.begin(), keys.end(), requirement.key) == keys.end()) {
      keys.push_back(requirement.key);
    }
  }
  return keys;
}

}  // namespace nodespan::k8s
