// SPDX-License-Identifier: Apache-2.0
#include "spans/redact.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace nodespan::spans {
namespace {

// Signed URLs of AWS, Azure and Google, as the HTTP conventions list them.
constexpr std::array<std::string_view, 7> kSecretKeys = {"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token",
                                                         "AWSAccessKeyId",  "Signature",        "sig",
                                                         "X-Goog-Signature"};

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const std::optional<int> high = HexDigit(text[i + 1]);
      const std::optional<int> low = HexDigit(text[i + 2]);
      if (high && low) {
        decoded += static_cast<char>(*high << 4 | *low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

// Index of the first character from `from` on that ends a key or a value; the size of `query` when there is none.
// (find_first_of() of libstdc++ calls memchr for every character.)
template <typename Predicate>
size_t FindEnd(std::string_view query, size_t from, Predicate ends) {
  return static_cast<size_t>(std::find_if(query.begin() + static_cast<ptrdiff_t>(from), query.end(), ends) -
                             query.begin());
}

bool IsSecret(std::string_view key) {
  const auto listed = [](std::string_view name) {
    return std::find(kSecretKeys.begin(), kSecretKeys.end(), name) != kSecretKeys.end();
  };
  return key.find('%') == std::string_view::npos ? listed(key) : listed(PercentDecode(key));
}

}  // namespace

std::string RedactQuery(std::string_view query) {
  std::string result;
  result.reserve(query.size());
  while (!query.empty()) {
    // Go before 1.17 also separated parameters by ';': a key is looked for behind both, but a secret value is taken to
    // reach to the next '&', so that none of it is left over.
    const size_t key_end = FindEnd(query, 0, [](char c) { return c == '=' || c == '&' || c == ';'; });
    if (key_end == query.size()) {
      result += query;
      break;
    }
    const std::string_view key = query.substr(0, key_end);
    size_t end = key_end;
    if (query[key_end] == '=') {
      const bool secret = IsSecret(key);
      end = FindEnd(query, key_end + 1, [secret](char c) { return c == '&' || (c == ';' && !secret); });
      if (secret) {
        result += key;
        result += "=REDACTED";
      } else {
        result += query.substr(0, end);
      }
    } else {
      result += key;
    }
    if (end < query.size()) {
      result += query[end++];
    }
    query.remove_prefix(end);
  }
  return result;
}

}  // namespace nodespan::spans
