// SPDX-License-Identifier: Apache-2.0
#include "spans/http_common.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "model/version.h"
#include "spans/http_attribute_names.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

constexpr std::string_view kScopeName = "nodespan/net/http";
constexpr model::InstrumentationScope kScope{kScopeName, model::kVersion, kSchemaUrl};
constexpr model::InstrumentationScope kScopeWithOldNames{kScopeName, model::kVersion, ""};

constexpr std::string_view kOtherMethod = "_OTHER";

}  // namespace

bool IsKnownMethod(const events::EventString& method, const model::HttpMethods& known_methods) {
  return !method.cut && std::find(known_methods.begin(), known_methods.end(), method.text) != known_methods.end();
}

const model::InstrumentationScope* HttpScope(model::SemconvMode mode) {
  return model::EmitsOld(mode) ? &kScopeWithOldNames : &kScope;
}

void AddMethod(const events::EventString& method, bool known, AttributeWriter& attributes) {
  constexpr AttributeName kStable{http::kRequestMethod.stable, ""};
  constexpr AttributeName kOld{"", http::kRequestMethod.old};
  std::string text = method.empty() ? std::string(kOtherMethod) : Clean(method);
  if (known) {
    attributes.AddText(http::kRequestMethod, std::move(text));
    return;
  }
  attributes.AddText(kStable, std::string(kOtherMethod));
  if (!method.empty()) {
    attributes.AddText(http::kRequestMethodOriginal, text);
  }
  attributes.AddText(kOld, std::move(text));
}

std::string VersionText(events::HttpVersion version) {
  if (version == events::HttpVersion{1, 1}) {
    return "1.1";
  }
  return version.major >= 2 && version.minor == 0 ? fmt::format("{}", version.major)
                                                  : fmt::format("{}.{}", version.major, version.minor);
}

std::optional<uint16_t> DefaultPort(std::string_view scheme) {
  if (scheme == "http") return 80;
  if (scheme == "https") return 443;
  return std::nullopt;
}

}  // namespace nodespan::spans
