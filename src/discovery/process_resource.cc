// SPDX-License-Identifier: Apache-2.0
#include "discovery/process_resource.h"

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"
#include "discovery/uuid.h"
#include "fmt/format.h"
#include "model/version.h"

namespace nodespan::discovery {
namespace {

// Name space for service.instance.id (semantic conventions, registry of service attributes).
constexpr Uuid kInstanceIdNameSpace = {0x4d, 0x63, 0x00, 0x9a, 0x8d, 0x0f, 0x11, 0xee,
                                       0xaa, 0xd7, 0x4c, 0x79, 0x6e, 0xd8, 0xe3, 0x20};

// Collects attributes with unique keys in the order in which they are first set.
class ResourceBuilder {
 public:
  void Set(std::string_view key, model::AttributeValue value) {
    auto same_key = [key](const model::ResourceAttribute& attribute) { return attribute.key == key; };
    auto found = std::find_if(attributes_.begin(), attributes_.end(), same_key);
    if (found != attributes_.end()) {
      found->value = std::move(value);
    } else {
      attributes_.push_back({.key = std::string(key), .value = std::move(value)});
    }
  }

  void SetText(std::string_view key, std::string_view text) { Set(key, base::ToValidUtf8(text)); }

  // Nothing when `text` is empty, which in facts means unknown.
  void SetKnown(std::string_view key, std::string_view text) {
    if (!text.empty()) {
      SetText(key, text);
    }
  }

  std::vector<model::ResourceAttribute> Take() { return std::move(attributes_); }

 private:
  std::vector<model::ResourceAttribute> attributes_;
};

std::string_view FileName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view StatedServiceName(const StatedIdentity& identity) {
  if (!identity.service_name.empty()) {
    return identity.service_name;
  }
  for (const auto& [key, value] : identity.attributes) {
    if (key == "service.name") {
      return value;
    }
  }
  return {};
}

std::string ServiceName(const ProcessFacts& process, const StatedIdentity& target, const StatedIdentity& node,
                        const k8s::WorkloadIdentity* workload) {
  if (std::string_view name = StatedServiceName(target); !name.empty()) {
    return std::string(name);
  }
  if (workload != nullptr) {
    return workload->service_name;
  }
  if (std::string_view name = StatedServiceName(node); !name.empty()) {
    return std::string(name);
  }
  std::string_view file_name = FileName(process.exe_path);
  return file_name.empty() ? "unknown_service" : fmt::format("unknown_service:{}", file_name);
}

void SetDetected(const ProcessFacts& process, const HostFacts& host, ResourceBuilder& resource) {
  std::string instance =
      fmt::format("{}/{}/{}/{}/{}", host.id, host.boot_id, host.name, process.key.pid, process.key.start_time_ticks);
  resource.SetKnown("service.instance.id", UuidFromName(kInstanceIdNameSpace, instance).value_or(""));
  resource.Set("process.pid", int64_t{process.key.pid});
  if (process.vpid != process.key.pid) {
    resource.Set("process.vpid", int64_t{process.vpid});
  }
  resource.SetKnown("process.executable.name", FileName(process.exe_path));
  resource.SetKnown("process.executable.path", process.exe_path);
  resource.SetKnown("process.executable.build_id.go", process.go_build_id);
  if (process.creation_time) {
    resource.Set("process.creation.time",
                 absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", *process.creation_time, absl::UTCTimeZone()));
  }
  resource.SetKnown("process.owner", process.owner);
  resource.SetText("process.runtime.name", "go");
  resource.SetKnown("process.runtime.version", process.go_version);
  resource.SetKnown("host.name", host.name);
  resource.SetKnown("host.id", host.id);
  resource.SetKnown("host.arch", host.arch);
  resource.SetText("os.type", "linux");
}

void SetTelemetry(ResourceBuilder& resource) {
  resource.SetText("telemetry.sdk.language", "go");
  resource.SetText("telemetry.sdk.name", "nodespan");
  resource.SetText("telemetry.sdk.version", model::kVersion);
  resource.SetText("telemetry.distro.name", "nodespan");
  resource.SetText("telemetry.distro.version", model::kVersion);
}

void SetStated(const std::vector<std::pair<std::string, std::string>>& attributes, ResourceBuilder& resource) {
  for (const auto& [key, value] : attributes) {
    if (key != "service.name") {
      resource.SetText(base::ToValidUtf8(key), value);
    }
  }
}

void SetWorkload(const k8s::WorkloadIdentity& workload, ResourceBuilder& resource) {
  for (const model::ResourceAttribute& attribute : workload.detected) {
    if (const auto* text = std::get_if<std::string>(&attribute.value); text != nullptr) {
      resource.SetText(attribute.key, *text);
    } else {
      resource.Set(attribute.key, attribute.value);
    }
  }
  SetStated(workload.stated, resource);
}

}  // namespace

model::Resource BuildProcessResource(const ProcessFacts& process, const HostFacts& host, const StatedIdentity& target,
                                     const StatedIdentity& node, const k8s::WorkloadIdentity* workload) {
  ResourceBuilder resource;
  resource.SetText("service.name", ServiceName(process, target, node, workload));
  // What is set later wins.
  SetDetected(process, host, resource);
  SetStated(node.attributes, resource);
  if (workload != nullptr) {
    SetStated(workload->defaults, resource);
    SetWorkload(*workload, resource);
  }
  SetStated(target.attributes, resource);
  SetTelemetry(resource);
  return {.attributes = resource.Take(), .schema_url = std::string(kResourceSchemaUrl)};
}

}  // namespace nodespan::discovery
