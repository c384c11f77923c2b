// SPDX-License-Identifier: Apache-2.0
#include "discovery/process_resource.h"

#include <optional>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/version.h"

namespace nodespan::discovery {
namespace {

using model::AttributeValue;
using ::testing::MatchesRegex;

const ProcessFacts kProcess = {.key = {4242, 99},
                               .vpid = 1,
                               .exe_path = "/srv/shop",
                               .creation_time = absl::FromUnixMillis(1'700'000'000'250),
                               .owner = "alice",
                               .go_version = "go1.26.8",
                               .go_build_id = "abc/def"};
const HostFacts kHost = {.name = "node1", .id = "machine", .boot_id = "boot", .arch = "amd64"};

std::optional<AttributeValue> Find(const model::Resource& resource, std::string_view key) {
  for (const model::ResourceAttribute& attribute : resource.attributes) {
    if (attribute.key == key) {
      return attribute.value;
    }
  }
  return std::nullopt;
}

std::string Text(const model::Resource& resource, std::string_view key) {
  std::optional<AttributeValue> value = Find(resource, key);
  EXPECT_TRUE(value.has_value()) << key;
  return value ? std::get<std::string>(*value) : "";
}

std::string ServiceName(const StatedIdentity& target, const StatedIdentity& node) {
  return Text(BuildProcessResource(kProcess, kHost, target, node), "service.name");
}

TEST(ProcessResourceTest, HasEverythingThatIsKnown) {
  model::Resource resource = BuildProcessResource(kProcess, kHost, {}, {});
  EXPECT_EQ(Text(resource, "service.name"), "unknown_service:shop");
  EXPECT_EQ(Find(resource, "process.pid"), AttributeValue(int64_t{4242}));
  EXPECT_EQ(Find(resource, "process.vpid"), AttributeValue(int64_t{1}));
  EXPECT_EQ(Text(resource, "process.executable.name"), "shop");
  EXPECT_EQ(Text(resource, "process.executable.path"), "/srv/shop");
  EXPECT_EQ(Text(resource, "process.executable.build_id.go"), "abc/def");
  EXPECT_EQ(Text(resource, "process.creation.time"), "2023-11-14T22:13:20.250Z");
  EXPECT_EQ(Text(resource, "process.owner"), "alice");
  EXPECT_EQ(Text(resource, "process.runtime.name"), "go");
  EXPECT_EQ(Text(resource, "process.runtime.version"), "go1.26.8");
  EXPECT_EQ(Text(resource, "host.name"), "node1");
  EXPECT_EQ(Text(resource, "host.id"), "machine");
  EXPECT_EQ(Text(resource, "host.arch"), "amd64");
  EXPECT_EQ(Text(resource, "os.type"), "linux");
  EXPECT_EQ(Text(resource, "telemetry.sdk.language"), "go");
  EXPECT_EQ(Text(resource, "telemetry.sdk.name"), "nodespan");
  EXPECT_EQ(Text(resource, "telemetry.sdk.version"), model::kVersion);
  EXPECT_EQ(Text(resource, "telemetry.distro.name"), "nodespan");
  EXPECT_EQ(Text(resource, "telemetry.distro.version"), model::kVersion);
  EXPECT_THAT(resource.schema_url, MatchesRegex("https://opentelemetry.io/schemas/[0-9.]+"));
}

TEST(ProcessResourceTest, LeavesOutWhatIsNotKnown) {
  model::Resource resource = BuildProcessResource({.key = {7, 1}, .vpid = 7}, {}, {}, {});
  for (const char* key :
       {"process.vpid", "process.executable.name", "process.executable.path", "process.executable.build_id.go",
        "process.creation.time", "process.owner", "process.runtime.version", "host.name", "host.id", "host.arch"}) {
    EXPECT_EQ(Find(resource, key), std::nullopt) << key;
  }
  EXPECT_EQ(Text(resource, "service.name"), "unknown_service");
}

TEST(ProcessResourceTest, ServiceNameFollowsThePrecedence) {
  StatedIdentity target = {.service_name = "t1", .attributes = {{"service.name", "t2"}}};
  StatedIdentity node = {.service_name = "n1", .attributes = {{"service.name", "n2"}}};
  EXPECT_EQ(ServiceName(target, node), "t1");
  target.service_name.clear();
  EXPECT_EQ(ServiceName(target, node), "t2");
  target.attributes = {{"service.name", ""}};
  EXPECT_EQ(ServiceName(target, node), "n1");
  node.service_name.clear();
  EXPECT_EQ(ServiceName(target, node), "n2");
  node.attributes.clear();
  EXPECT_EQ(ServiceName(target, node), "unknown_service:shop");
}

TEST(ProcessResourceTest, StatedAttributesWinOverDetectedOnesAndTheTargetOverTheNode) {
  StatedIdentity target = {.service_name = "", .attributes = {{"host.name", "theirs"}, {"team", ""}}};
  StatedIdentity node = {.service_name = "",
                         .attributes = {{"host.name", "ours"}, {"team", "a"}, {"zone", "z"}, {"host.id", "stated"}}};
  model::Resource resource = BuildProcessResource(kProcess, kHost, target, node);
  EXPECT_EQ(Text(resource, "host.name"), "theirs");
  EXPECT_EQ(Text(resource, "team"), "");
  EXPECT_EQ(Text(resource, "zone"), "z");
  EXPECT_EQ(Text(resource, "host.id"), "stated");
}

TEST(ProcessResourceTest, AttributesOfAnInstrumentationWinOverTheNodesAndLoseToWhatIsDetected) {
  const k8s::WorkloadIdentity workload = {
      .service_name = "cart",
      .stated = {{"zone", "annotation"}},
      .defaults = {{"service.name", "all"}, {"zone", "resource"}, {"team", "resource"}, {"k8s.pod.name", "resource"}},
      .detected = {{.key = "k8s.pod.name", .value = std::string("cart-0")}}};
  const model::Resource resource =
      BuildProcessResource(kProcess, kHost, {}, {"", {{"team", "node"}, {"rack", "node"}}}, &workload);
  EXPECT_EQ(Text(resource, "service.name"), "cart");
  EXPECT_EQ(Text(resource, "k8s.pod.name"), "cart-0");
  EXPECT_EQ(Text(resource, "zone"), "annotation");
  EXPECT_EQ(Text(resource, "team"), "resource");
  EXPECT_EQ(Text(resource, "rack"), "node");
  EXPECT_EQ(Text(BuildProcessResource(kProcess, kHost, {"", {{"team", "own"}}}, {}, &workload), "team"), "own");
}

TEST(ProcessResourceTest, NobodyElseCanClaimToBeNodespan) {
  StatedIdentity target = {.service_name = "", .attributes = {{"telemetry.sdk.name", "opentelemetry"}}};
  EXPECT_EQ(Text(BuildProcessResource(kProcess, kHost, target, {}), "telemetry.sdk.name"), "nodespan");
}

TEST(ProcessResourceTest, KeysAreUnique) {
  StatedIdentity both = {.service_name = "x", .attributes = {{"service.name", "y"}, {"process.pid", "1"}, {"a", "b"}}};
  std::set<std::string> keys;
  for (const model::ResourceAttribute& attribute : BuildProcessResource(kProcess, kHost, both, both).attributes) {
    EXPECT_TRUE(keys.insert(attribute.key).second) << attribute.key;
  }
}

TEST(ProcessResourceTest, InstanceIdIsStableAndDiffersByProcessBootAndHost) {
  auto id = [](ProcessFacts process, HostFacts host) {
    return Text(BuildProcessResource(process, host, {}, {}), "service.instance.id");
  };
  std::string first = id(kProcess, kHost);
  EXPECT_THAT(first, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(id(kProcess, kHost), first);
  ProcessFacts reused_pid = kProcess;
  reused_pid.key.start_time_ticks = 100;
  EXPECT_NE(id(reused_pid, kHost), first);
  HostFacts rebooted = kHost;
  rebooted.boot_id = "other";
  EXPECT_NE(id(kProcess, rebooted), first);
  HostFacts other_host = kHost;
  other_host.id = "other";
  EXPECT_NE(id(kProcess, other_host), first);
}

TEST(ProcessResourceTest, TextIsMadeValidUtf8) {
  ProcessFacts process = kProcess;
  process.exe_path = "/srv/\xff shop\xc3\xa9";
  StatedIdentity target = {.service_name = "caf\xe9", .attributes = {{"k\xff", "v\xff"}}};
  model::Resource resource = BuildProcessResource(process, kHost, target, {});
  EXPECT_EQ(Text(resource, "service.name"), "caf\xef\xbf\xbd");
  EXPECT_EQ(Text(resource, "process.executable.path"), "/srv/\xef\xbf\xbd shop\xc3\xa9");
  EXPECT_EQ(Text(resource, "k\xef\xbf\xbd"), "v\xef\xbf\xbd");
}

}  // namespace
}  // namespace nodespan::discovery
