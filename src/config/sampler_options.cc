// SPDX-License-Identifier: Apache-2.0
#include "config/sampler_options.h"

#include <array>

#include "config/env_value.h"

namespace nodespan::config {
namespace {

using model::RootSampler;
using model::Sampler;

constexpr std::string_view kSamplerVar = "OTEL_TRACES_SAMPLER";
constexpr std::string_view kArgVar = "OTEL_TRACES_SAMPLER_ARG";

constexpr std::array<NamedValue<Sampler>, 8> kSamplers = {{
    {"always_on", {.root = RootSampler::kAlwaysOn, .parent_based = false}},
    {"always_off", {.root = RootSampler::kAlwaysOff, .parent_based = false}},
    {"traceidratio", {.root = RootSampler::kTraceIdRatio, .parent_based = false}},
    {"parentbased_always_on", {.root = RootSampler::kAlwaysOn, .parent_based = true}},
    {"parentbased_always_off", {.root = RootSampler::kAlwaysOff, .parent_based = true}},
    {"parentbased_traceidratio", {.root = RootSampler::kTraceIdRatio, .parent_based = true}},
    {"consistent_probability", {.root = RootSampler::kConsistentProbability, .parent_based = false}},
    {"parentbased_consistent_probability", {.root = RootSampler::kConsistentProbability, .parent_based = true}},
}};

std::string Describe(const Sampler& sampler) {
  return model::HasRatio(sampler.root) ? fmt::format("{} {}", SamplerName(sampler), sampler.ratio)
                                       : std::string(SamplerName(sampler));
}

}  // namespace

model::Sampler ReadSampler(const Environment& environment, const model::Sampler& fallback, Warnings& warnings) {
  std::optional<std::string_view> name = Lookup(environment, kSamplerVar);
  std::optional<std::string_view> arg = Lookup(environment, kArgVar);
  if (!name) {
    if (arg) {
      warnings.AddBadValue(kArgVar, *arg, fmt::format("it has no effect without {}", kSamplerVar),
                           fmt::format("using {}", Describe(fallback)));
    }
    return fallback;
  }
  absl::StatusOr<Sampler> sampler = ParseEnum<Sampler>(*name, kSamplers);
  if (!sampler.ok()) {
    warnings.AddBadValue(kSamplerVar, *name, base::Message(sampler.status()),
                         fmt::format("using {}", Describe(fallback)));
    return fallback;
  }
  if (model::HasRatio(sampler->root) && arg) {
    absl::StatusOr<double> ratio = ParseRatio(*arg);
    if (ratio.ok()) {
      sampler->ratio = *ratio;
    } else {
      warnings.AddBadValue(kArgVar, *arg, base::Message(ratio.status()), "using 1");
    }
  }
  return *sampler;
}

std::string_view SamplerName(const model::Sampler& sampler) {
  Sampler without_ratio = sampler;
  without_ratio.ratio = Sampler{}.ratio;
  return NameOf<Sampler>(without_ratio, kSamplers);
}

}  // namespace nodespan::config
