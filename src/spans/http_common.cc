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

// One for each set of names.
struct Scopes {
  model::InstrumentationScope stable;
  model::InstrumentationScope with_old_names;
};

constexpr Scopes ScopesOf(std::string_view name) {
  return {{name, model::kVersion, kSchemaUrl}, {name, model::kVersion, ""}};
}

constexpr Scopes kNetHttpScopes = ScopesOf("nodespan/net/http");
constexpr Scopes kFasthttpScopes = ScopesOf("nodespan/github.com/valyala/fasthttp");

constexpr std::string_view kOtherMethod = "_OTHER";

}  // namespace

bool IsKnownMethod(const events::EventString& method, const model::HttpMethods& known_methods) {
  return !method.cut && std::find(known_methods.begin(), known_methods.end(), method.text) != known_methods.end();
}

const model::InstrumentationScope* HttpScope(events::HttpLibrary library, model::SemconvMode mode) {
  const Scopes& scopes = library == events::HttpLibrary::kFasthttp ? kFasthttpScopes : kNetHttpScopes;
  return model::EmitsOld(mode) ? &scopes.with_old_names : &scopes.stable;
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
