// SPDX-License-Identifier: Apache-2.0
// Settings with a form of their own. For what `set` and `show` promise see settings.h.
#pragma once

#include "config/settings.h"

namespace nodespan::config {

extern const SettingValue kExecutables;  // one glob, commas included

extern const SettingValue kExporters;
extern const SettingValue kEndpoint;
extern const SettingValue kHeaders;
extern const SettingValue kProtocol;
extern const SettingValue kCompression;
// The same for metrics.
extern const SettingValue kMetricsExporter;
extern const SettingValue kMetricsEndpoint;
extern const SettingValue kMetricsHeaders;
extern const SettingValue kMetricsProtocol;
extern const SettingValue kMetricsCompression;

// A pair: the argument is read together with the sampler's name when that is set.
extern const SettingValue kSampler;
extern const SettingValue kSamplerArgument;

extern const SettingValue kServiceName;
extern const SettingValue kResourceAttributes;
extern const SettingValue kSemconv;
extern const SettingValue kPropagators;
extern const SettingValue kExcludedPaths;
extern const SettingValue kExcludedUserAgents;
extern const SettingValue kExcludedNames;
extern const SettingValue kHttpMethods;
extern const SettingValue kHttpRequestHeaders;
extern const SettingValue kGrpcRequestMetadata;

}  // namespace nodespan::config
