// SPDX-License-Identifier: Apache-2.0
#include "config/apply_settings.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

struct Applied {
  absl::Status status;
  Config config;
  std::vector<std::string> warnings;
};

Applied Apply(const Environment& environment) {
  Warnings warnings;
  absl::StatusOr<AppliedSettings> applied = ApplySettings(FlagWords(Settings().size()), environment, warnings);
  return {applied.status(), applied.ok() ? std::move(applied->config) : Config{}, warnings.list()};
}

// For every variable a value that changes the configuration, together with what it needs beside it.
struct Sample {
  const char* name;
  const char* value;
  Environment companions = {};
};
const Sample kSamples[] = {
    {"OTEL_GO_AUTO_TARGET_EXE", "/app/server"},
    {"OTEL_GO_AUTO_TARGET_PID", "17"},
    {"NODESPAN_POD_SOURCE", "cri"},
    {"NODESPAN_POD_SELECTOR", "a=b"},
    {"NODESPAN_NAMESPACES", "shop"},
    {"NODESPAN_EXCLUDE_NAMESPACES", "shop,other"},
    {"NODESPAN_CRI_SOCKET", "/run/x.sock"},
    {"NODESPAN_USE_LABELS_FOR_RESOURCE_ATTRIBUTES", "true"},
    {"NODESPAN_SERVICE_ACCOUNT_DIR", "/sa"},
    {"NODE_NAME", "node-1"},
    {"POD_UID", "u"},
    {"KUBERNETES_SERVICE_HOST", "10.0.0.1"},
    {"KUBERNETES_SERVICE_PORT", "6443"},
    {"NODESPAN_HTTP_LISTEN", ":9464"},
    {"OTEL_SDK_DISABLED", "true"},
    {"OTEL_LOG_LEVEL", "debug"},
    {"OTEL_SERVICE_NAME", "shop"},
    {"OTEL_RESOURCE_ATTRIBUTES", "a=b"},
    {"OTEL_TRACES_SAMPLER", "always_off"},
    {"OTEL_TRACES_SAMPLER_ARG", "0.5", {{"OTEL_TRACES_SAMPLER", "traceidratio"}}},
    {"OTEL_SEMCONV_STABILITY_OPT_IN", "http/dup"},
    {"OTEL_PROPAGATORS", "baggage"},
    {"OTEL_TRACES_EXPORTER", "console"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:1"},
    {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c:2"},
    {"OTEL_EXPORTER_OTLP_INSECURE", "true"},
    {"OTEL_EXPORTER_OTLP_SPAN_INSECURE", "true"},
    {"OTEL_EXPORTER_OTLP_TRACES_INSECURE", "true"},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"},
    {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"},
    {"OTEL_EXPORTER_OTLP_HEADERS", "a=b"},
    {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b"},
    {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
    {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"},
    {"OTEL_EXPORTER_OTLP_TIMEOUT", "1"},
    {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1"},
    {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca"},
    {"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/ca"},
    {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c", {{"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k"}}},
    {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "/c", {{"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k"}}},
    {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k", {{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c"}}},
    {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/k", {{"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c"}}},
    {"OTEL_METRICS_EXPORTER", "otlp"},
    {"OTEL_METRIC_EXPORT_INTERVAL", "1"},
    {"OTEL_METRIC_EXPORT_TIMEOUT", "1"},
    {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://c:3"},
    {"OTEL_EXPORTER_OTLP_METRICS_INSECURE", "true"},
    {"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"},
    {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=b"},
    {"OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip"},
    {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "1"},
    {"OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "/ca"},
    {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "/c", {{"OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "/k"}}},
    {"OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "/k", {{"OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "/c"}}},
    {"OTEL_BSP_SCHEDULE_DELAY", "1"},
    {"OTEL_BSP_EXPORT_TIMEOUT", "1"},
    {"OTEL_BSP_MAX_QUEUE_SIZE", "4096"},
    {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "7"},
    {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0"},
    {"OTEL_ATTRIBUTE_COUNT_LIMIT", "64"},
    {"OTEL_SPAN_EVENT_COUNT_LIMIT", "1"},
    {"OTEL_SPAN_LINK_COUNT_LIMIT", "2"},
    {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "3"},
    {"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "1024"},
    {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "0"},
    {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2147483647"},
    {"OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", "t"},
    {"OTEL_GO_AUTO_PARSE_DB_STATEMENT", "0"},
    {"OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "GET,PURGE"},
    {"OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS", "x-a"},
    {"OTEL_INSTRUMENTATION_GRPC_CAPTURE_METADATA_SERVER_REQUEST", "x-a"},
    {"OTEL_GO_AUTO_GLOBAL", "false"},
    {"NODESPAN_CRI_EVENTS", "true"},
    {"NODESPAN_SPAN_METRICS", "true"},
    {"NODESPAN_PROPAGATE", "true"},
    {"NODESPAN_EXCLUDE_PATHS", "/healthz"},
    {"NODESPAN_EXCLUDE_USER_AGENTS", "none"},
    {"NODESPAN_EXCLUDE_SPAN_NAMES", "ping,SELECT pg_*"},
    {"OTEL_GO_AUTO_SHOW_VERIFIER_LOG", "1"},
};
std::set<std::string_view> AllVariables() {
  std::set<std::string_view> names;
  for (const Setting& setting : Settings()) {
    names.insert(setting.Variables().begin(), setting.Variables().end());
  }
  return names;
}

TEST(ApplySettingsTest, EveryVariableIsParsed) {
  std::set<std::string_view> sampled;
  for (const Sample& sample : kSamples) {
    Environment with = sample.companions;
    with.emplace(sample.name, sample.value);
    Applied without_it = Apply(sample.companions);
    Applied with_it = Apply(with);
    EXPECT_TRUE(with_it.status.ok()) << sample.name;
    EXPECT_FALSE(with_it.config == without_it.config) << sample.name << " has no effect";
    EXPECT_THAT(with_it.warnings, IsEmpty()) << sample.name;
    sampled.insert(sample.name);
  }
  for (const std::string_view name : AllVariables()) {
    EXPECT_TRUE(sampled.contains(name)) << name;
  }
  EXPECT_EQ(AllVariables().size(), sampled.size());
}

TEST(ApplySettingsTest, MetricsHaveACollectorOfTheirOwnWhenTheySaySo) {
  const Applied applied = Apply({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:1"},
                                 {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:2/t"},
                                 {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=traces"},
                                 {"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"}});
  EXPECT_EQ(applied.config.otlp.endpoint, "http://traces:2/t");
  EXPECT_EQ(applied.config.metrics.otlp.endpoint, "http://all:1");
  EXPECT_EQ(applied.config.metrics.otlp.endpoint_form, EndpointForm::kBase);
  EXPECT_EQ(applied.config.metrics.otlp.protocol, OtlpProtocol::kHttpProtobuf);
  EXPECT_THAT(applied.config.metrics.otlp.headers, IsEmpty());
  const Applied own = Apply(
      {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:1"}, {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://metrics:3/m"}});
  EXPECT_EQ(own.config.otlp.endpoint, "http://all:1");
  EXPECT_EQ(own.config.metrics.otlp.endpoint, "http://metrics:3/m");
  EXPECT_EQ(own.config.metrics.otlp.endpoint_form, EndpointForm::kComplete);
}

TEST(ApplySettingsTest, TheFlagIsTheCollectorOfMetricsAsWell) {
  FlagWords flags(Settings().size());
  for (size_t i = 0; i < flags.size(); ++i) {
    if (Settings()[i].flag == "--endpoint") {
      flags[i] = {"http://flag:4"};
    }
  }
  Warnings warnings;
  const absl::StatusOr<AppliedSettings> applied =
      ApplySettings(flags, {{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://metrics:3"}}, warnings);
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->config.metrics.otlp.endpoint, "http://flag:4");
  EXPECT_EQ(applied->config.metrics.otlp.endpoint_form, EndpointForm::kBase);
  EXPECT_THAT(ShowSettings(*applied),
              HasSubstr("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://flag:4  # flag --endpoint"));
}

TEST(ApplySettingsTest, AVariableOfBothSignalsIsWarnedOfOnce) {
  EXPECT_THAT(Apply({{"OTEL_EXPORTER_OTLP_COMPRESSION", "zip"}}).warnings, SizeIs(1));
  EXPECT_THAT(Apply({{"OTEL_METRICS_EXPORTER", "otlp"}, {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k"}}).warnings, SizeIs(1));
}

TEST(ApplySettingsTest, AnotherMetricsExporterIsAnswered) {
  const Applied applied = Apply({{"OTEL_METRICS_EXPORTER", "prometheus,otlp,console,none"}});
  EXPECT_TRUE(applied.config.metrics.exports_otlp);
  EXPECT_THAT(applied.warnings, SizeIs(3));
  EXPECT_THAT(applied.warnings[0], HasSubstr("NODESPAN_SPAN_METRICS"));
}

TEST(ApplySettingsTest, EverySettingIsDescribedAndHasAName) {
  std::set<std::string_view> names;
  for (const Setting& setting : Settings()) {
    EXPECT_FALSE(setting.name().empty());
    EXPECT_FALSE(setting.help.empty()) << setting.name();
    EXPECT_FALSE(setting.takes.empty()) << setting.name();
    EXPECT_FALSE(setting.help.ends_with('.')) << setting.name();
    EXPECT_TRUE(names.insert(setting.name()).second) << setting.name() << " is there twice";
  }
}

// What --check-config and the reference show can be written back.
TEST(ApplySettingsTest, AShownValueIsTheOneThatGivesIt) {
  for (const Setting& setting : Settings()) {
    for (const Sample& sample : kSamples) {
      if (setting.name() != sample.name || setting.is_secret) {
        continue;
      }
      Environment environment = sample.companions;
      environment.insert_or_assign(sample.name, sample.value);
      const Config config = Apply(environment).config;
      environment.insert_or_assign(sample.name, setting.value.show(config));
      EXPECT_EQ(Apply(environment).config, config) << sample.name << " as " << setting.value.show(config);
    }
  }
}

TEST(ApplySettingsTest, ShownDefaultsAreThoseOfTheConfig) {
  for (const Setting& setting : Settings()) {
    if (const std::string value = setting.value.show(Config{}); !value.empty() && !setting.variables[0].empty()) {
      Applied applied = Apply({{std::string(setting.variables[0]), value}});
      // These tell that a variable was set, and nothing else.
      applied.config.otlp.endpoint_form = EndpointForm::kDefault;
      applied.config.metrics.otlp.endpoint_form = EndpointForm::kDefault;
      EXPECT_EQ(applied.config, Config{}) << setting.name();
      EXPECT_THAT(applied.warnings, IsEmpty()) << setting.name();
    }
  }
}

TEST(ApplySettingsTest, EmptyValuesAreUnset) {
  for (const std::string_view name : AllVariables()) {
    Applied applied = Apply({{std::string(name), " "}});
    EXPECT_EQ(applied.config, Config{}) << name;
    EXPECT_THAT(applied.warnings, IsEmpty()) << name;
  }
}

TEST(ApplySettingsTest, BadValuesKeepTheDefaultAndWarnWithVariableAndConsequence) {
  struct {
    const char* name;
    const char* value;
    const char* consequence;
  } cases[] = {
      {"OTEL_SDK_DISABLED", "1", "using false"},
      {"OTEL_LOG_LEVEL", "loud", "using info"},
      {"OTEL_RESOURCE_ATTRIBUTES", "a", "ignoring the whole variable"},
      {"OTEL_TRACES_SAMPLER", "xray", "using parentbased_always_on"},
      {"OTEL_TRACES_SAMPLER_ARG", "0.1", "using parentbased_always_on"},
      {"OTEL_SEMCONV_STABILITY_OPT_IN", "http/x", "ignoring this item"},
      {"OTEL_TRACES_EXPORTER", "zipkin", "ignoring this item"},
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://c:1", "using http://localhost:4317"},
      {"OTEL_EXPORTER_OTLP_INSECURE", "yes", "using false"},
      {"OTEL_EXPORTER_OTLP_PROTOCOL", "http", "using grpc"},
      {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "using grpc"},
      {"OTEL_EXPORTER_OTLP_HEADERS", "a", "leaving this header out"},
      {"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "using none"},
      {"OTEL_EXPORTER_OTLP_TIMEOUT", "-1", "using 10000"},
      {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/k", "needs OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE as well; ignoring it"},
      {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "/c",
       "needs OTEL_EXPORTER_OTLP_CLIENT_KEY as well; ignoring it"},
      {"OTEL_BSP_SCHEDULE_DELAY", "5s", "using 5000"},
      {"OTEL_BSP_EXPORT_TIMEOUT", "x", "using 30000"},
      {"OTEL_BSP_MAX_QUEUE_SIZE", "0", "using 2048"},
      {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096", "using 2048"},
      {"OTEL_GO_AUTO_SHOW_VERIFIER_LOG", "yes", "using false"},
      {"OTEL_PROPAGATORS", "tracecontext,b3", "only tracecontext and none are implemented; ignoring this item"},
      {"OTEL_PROPAGATORS", "b3", "ignoring this item"},
      {"OTEL_CONFIG_FILE", "/x.yaml", "using the other variables"},
      {"OTEL_GO_AUTO_RESOURCE_DETECTORS", "host", "ignoring it"},
      {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-1", "expected a whole number from 0 to 2147483647; using 128"},
      {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "99999999999999999999", "from 0 to 2147483647; ignoring it"},
  };
  for (const auto& bad : cases) {
    Applied applied = Apply({{bad.name, bad.value}});
    Config expected;
    // The larger batch is cut to the queue, everything else keeps its default.
    expected.batch.max_export_batch_size = applied.config.batch.max_export_batch_size == 2048 ? 2048 : 512;
    EXPECT_EQ(applied.config, expected) << bad.name;
    ASSERT_EQ(applied.warnings.size(), 1U) << bad.name;
    EXPECT_THAT(applied.warnings[0], StartsWith(bad.name));
    EXPECT_THAT(applied.warnings[0], HasSubstr(bad.consequence)) << bad.name;
  }
}

TEST(ApplySettingsTest, BadInputAboutTheExportIsAnsweredInFull) {
  const std::string number = "expected a whole number from 1 to 2147483647";
  const std::string endpoint = "expected http://HOST:PORT, https://HOST:PORT or HOST:PORT; using http://localhost:4317";
  const std::string milliseconds = "expected a whole number of milliseconds, 0 or more";
  struct {
    const char* name;
    const char* value;
    std::string warning;
  } cases[] = {
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hunter2@c:4317",
       "OTEL_EXPORTER_OTLP_ENDPOINT: user information is not supported (send credentials with "
       "OTEL_EXPORTER_OTLP_HEADERS); " +
           endpoint},
      {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:99999",
       "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: the port is not a number from 1 to 65535; " + endpoint},
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317/v1/traces",
       "OTEL_EXPORTER_OTLP_ENDPOINT: there is a path without a scheme; " + endpoint},
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://\xc3\xa4:4317",
       "OTEL_EXPORTER_OTLP_ENDPOINT: there is a blank or a control character in it; " + endpoint},
      {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c",
       "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: mutual TLS needs OTEL_EXPORTER_OTLP_CLIENT_KEY as well; ignoring it"},
      {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/k",
       "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: mutual TLS needs OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE as well; ignoring "
       "it"},
      {"OTEL_EXPORTER_OTLP_HEADERS", "key=hunter2%ff",
       "OTEL_EXPORTER_OTLP_HEADERS: item 1: value of key: expected printable ASCII; leaving this header out"},
      {"OTEL_EXPORTER_OTLP_TIMEOUT", "99999999999999999999",
       "OTEL_EXPORTER_OTLP_TIMEOUT=\"99999999999999999999\": " + milliseconds + "; using 10000"},
      {"OTEL_BSP_SCHEDULE_DELAY", "-1", "OTEL_BSP_SCHEDULE_DELAY=\"-1\": " + milliseconds + "; using 5000"},
      {"OTEL_BSP_MAX_QUEUE_SIZE", "2147483648", "OTEL_BSP_MAX_QUEUE_SIZE=\"2147483648\": " + number + "; using 2048"},
      {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=\"0\": " + number + "; using 512"},
      {"OTEL_SERVICE_NAME", "\xff", "OTEL_SERVICE_NAME=\"\\xff\": expected UTF-8 text; putting U+FFFD for what is not"},
  };
  for (const auto& bad : cases) {
    EXPECT_THAT(Apply({{bad.name, bad.value}}).warnings, ElementsAre(bad.warning)) << bad.name;
  }
}

TEST(ApplySettingsTest, TheTracesFormWinsAndABadOneLeavesTheGeneralForm) {
  Applied applied = Apply({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:1"},
                           {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:1"},
                           {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=traces"},
                           {"OTEL_EXPORTER_OTLP_HEADERS", "a=general,b=general"},
                           {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon"},
                           {"OTEL_EXPORTER_OTLP_TIMEOUT", "0"},
                           {"OTEL_EXPORTER_OTLP_TRACES_INSECURE", "false"},
                           {"OTEL_EXPORTER_OTLP_INSECURE", "true"},
                           {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"},
                           {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}});
  EXPECT_EQ(applied.config.otlp.endpoint, "http://traces:1");
  EXPECT_THAT(applied.config.otlp.headers, ElementsAre(Pair("a", "traces")));
  EXPECT_EQ(applied.config.otlp.timeout, absl::InfiniteDuration());
  EXPECT_FALSE(applied.config.otlp.insecure);
  EXPECT_THAT(applied.warnings, ElementsAre(HasSubstr("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=\"soon\"")));
}

TEST(ApplySettingsTest, ExporterListsAreReadItemByItem) {
  EXPECT_THAT(Apply({{"OTEL_TRACES_EXPORTER", "OTLP, otlp/stdout,otlp"}}).config.exporters,
              ElementsAre(ExporterKind::kOtlp, ExporterKind::kOtlpStdout));
  EXPECT_THAT(Apply({{"OTEL_TRACES_EXPORTER", "none"}}).config.exporters, IsEmpty());
  Applied mixed = Apply({{"OTEL_TRACES_EXPORTER", "none,console"}});
  EXPECT_THAT(mixed.config.exporters, ElementsAre(ExporterKind::kConsole));
  EXPECT_THAT(mixed.warnings, ElementsAre(HasSubstr("ignoring none")));
}

TEST(ApplySettingsTest, TheSpansOwnLimitWinsAndABadOneLeavesTheGeneralOne) {
  const Applied own = Apply({{"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "5"},
                             {"OTEL_ATTRIBUTE_COUNT_LIMIT", "many"},
                             {"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "6"},
                             {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "7"}});
  EXPECT_EQ(own.config.targets.spans.limits, (model::SpanLimits{.attribute_count = 5, .value_length = 6}));
  EXPECT_THAT(own.warnings, IsEmpty());
  const Applied general = Apply({{"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "5.5"}, {"OTEL_ATTRIBUTE_COUNT_LIMIT", "6"}});
  EXPECT_EQ(general.config.targets.spans.limits.attribute_count, 6U);
  EXPECT_THAT(
      general.warnings,
      ElementsAre("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=\"5.5\": expected a whole number from 0 to 2147483647; using 6"));
}

TEST(ApplySettingsTest, ALimitBeyondWhatIsKeptIsThat) {
  const Applied applied = Apply({{"OTEL_SPAN_LINK_COUNT_LIMIT", "2147483647"}});
  EXPECT_EQ(applied.config.targets.spans.limits.link_count, model::kMaxCountLimit);
  EXPECT_THAT(applied.warnings,
              ElementsAre("OTEL_SPAN_LINK_COUNT_LIMIT=\"2147483647\": more than nodespan keeps; using 1024"));
}

TEST(ApplySettingsTest, SmallQueueShrinksTheDefaultBatchWithoutAWord) {
  Applied applied = Apply({{"OTEL_BSP_MAX_QUEUE_SIZE", "100"}});
  EXPECT_EQ(applied.config.batch.max_export_batch_size, 100U);
  EXPECT_THAT(applied.warnings, IsEmpty());
}

TEST(ApplySettingsTest, ProtocolIsReadAndABadOneIsNamedWithWhatIsUsed) {
  EXPECT_EQ(Apply({}).config.otlp.protocol, OtlpProtocol::kGrpc);
  EXPECT_EQ(Apply({{"OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/protobuf"}}).config.otlp.protocol,
            OtlpProtocol::kHttpProtobuf);
  Applied applied =
      Apply({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}, {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"}});
  EXPECT_EQ(applied.config.otlp.protocol, OtlpProtocol::kHttpProtobuf);
  EXPECT_THAT(applied.warnings, ElementsAre(AllOf(HasSubstr("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=\"http/json\""),
                                                  HasSubstr("using http/protobuf"))));
}

TEST(ApplySettingsTest, FormOfTheEndpointTellsWhereItCameFrom) {
  EXPECT_EQ(Apply({}).config.otlp.endpoint_form, EndpointForm::kDefault);
  EXPECT_EQ(Apply({{"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://x:1"}}).config.otlp.endpoint_form, EndpointForm::kDefault);
  EXPECT_EQ(Apply({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"}}).config.otlp.endpoint_form, EndpointForm::kBase);
  EXPECT_EQ(Apply({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:1"}})
                .config.otlp.endpoint_form,
            EndpointForm::kComplete);
}

TEST(ApplySettingsTest, BadTargetPidIsAnError) {
  Applied applied = Apply({{"OTEL_GO_AUTO_TARGET_PID", "self"}, {"OTEL_GO_AUTO_TARGET_EXE", "/x"}});
  EXPECT_EQ(applied.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(applied.status.message()), HasSubstr("OTEL_GO_AUTO_TARGET_PID=\"self\": expected"));
}

TEST(ApplySettingsTest, HeadersToShowAreListedPerProtocol) {
  const Applied applied = Apply({{"OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS", "X-A, b c"},
                                 {"OTEL_INSTRUMENTATION_GRPC_CAPTURE_METADATA_SERVER_REQUEST", "x-b"}});
  EXPECT_THAT(applied.config.captured.http_request_headers, ElementsAre("x-a"));
  EXPECT_THAT(applied.config.captured.grpc_request_metadata, ElementsAre("x-b"));
  EXPECT_THAT(applied.warnings, ElementsAre(HasSubstr("OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS")));
}

}  // namespace
}  // namespace nodespan::config
