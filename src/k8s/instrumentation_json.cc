// SPDX-License-Identifier: Apache-2.0
#include "k8s/instrumentation_json.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "k8s/json_access.h"

namespace nodespan::k8s {
namespace {

constexpr const char* kSampler = "OTEL_TRACES_SAMPLER";
constexpr const char* kSamplerArgument = "OTEL_TRACES_SAMPLER_ARG";

// Text that is short enough to be kept; null otherwise.
const std::string* ShortText(const Json& json) {
  const auto* text = json.get_ptr<const std::string*>();
  return text != nullptr && text->size() <= kMaxMetadataValueBytes ? text : nullptr;
}

// A list of EnvVar. As for a container, of two with one name the last counts.
StringMap ReadEnvironment(const Json& list, const std::vector<std::string>& variables) {
  StringMap environment;
  if (!list.is_array()) {
    return environment;
  }
  for (const Json& variable : list) {
    const std::string_view name = Text(variable, "name");
    if (std::find(variables.begin(), variables.end(), name) == variables.end()) {
      continue;
    }
    const std::string* value = ShortText(Member(variable, "value"));
    if (value != nullptr && value->find("$(") == std::string::npos) {
      environment[std::string(name)] = *value;
    } else {
      environment.erase(std::string(name));
    }
  }
  return environment;
}

StringMap ReadSampler(const Json& sampler) {
  StringMap environment;
  if (const std::string* type = ShortText(Member(sampler, "type")); type != nullptr && !type->empty()) {
    environment[kSampler] = *type;
    if (const std::string* argument = ShortText(Member(sampler, "argument")); argument != nullptr) {
      environment[kSamplerArgument] = *argument;
    }
  }
  return environment;
}

StringMap ReadAttributes(const Json& attributes) {
  StringMap read;
  if (!attributes.is_object()) {
    return read;
  }
  for (const auto& [key, value] : attributes.items()) {
    const std::string* text = ShortText(value);
    std::string name = Identifier(key);
    if (text != nullptr && !name.empty() && read.size() < kMaxResourceAttributesPerInstrumentation) {
      read[std::move(name)] = *text;
    }
  }
  return read;
}

absl::StatusOr<Instrumentation> Read(const Json& json, const std::vector<std::string>& variables) {
  const Json& metadata = Member(json, "metadata");
  Instrumentation instrumentation;
  instrumentation.namespace_name = Identifier(Text(metadata, "namespace"));
  instrumentation.name = Identifier(Text(metadata, "name"));
  if (instrumentation.namespace_name.empty() || instrumentation.name.empty()) {
    return absl::DataLossError("an Instrumentation without name or namespace, or with one that is no name");
  }
  const Json& spec = Member(json, "spec");
  instrumentation.environments = {ReadEnvironment(Member(Member(spec, "go"), "env"), variables),
                                  ReadEnvironment(Member(spec, "env"), variables),
                                  ReadSampler(Member(spec, "sampler"))};
  instrumentation.resource_attributes = ReadAttributes(Member(Member(spec, "resource"), "resourceAttributes"));
  if (const Json& uses_labels = Member(Member(spec, "defaults"), "useLabelsForResourceAttributes");
      uses_labels.is_boolean()) {
    instrumentation.uses_labels = uses_labels.get<bool>();
  }
  return instrumentation;
}

}  // namespace

absl::StatusOr<Instrumentation> ParseInstrumentation(std::string_view json, const std::vector<std::string>& variables) {
  return Read(ParseJson(json), variables);
}

absl::StatusOr<InstrumentationEvent> ParseInstrumentationEvent(std::string_view line,
                                                               const std::vector<std::string>& variables) {
  const Json json = ParseJson(line);
  InstrumentationEvent result;
  NODESPAN_ASSIGN_OR_RETURN(result.event, ReadWatchEvent(json));
  if (result.event.has_object()) {
    NODESPAN_ASSIGN_OR_RETURN(result.instrumentation, Read(Member(json, "object"), variables));
  }
  return result;
}

}  // namespace nodespan::k8s
