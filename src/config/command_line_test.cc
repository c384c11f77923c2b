// SPDX-License-Identifier: Apache-2.0
#include "config/command_line.h"

#include <algorithm>
#include <vector>

#include "config/settings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/version.h"

namespace nodespan::config {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Words = std::vector<const char*>;

absl::StatusOr<Invocation> Parse(const Words& words, const Environment& environment = {}) {
  std::vector<const char*> argv = {"nodespan"};
  argv.insert(argv.end(), words.begin(), words.end());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data(), environment);
}

Config RunConfig(const Words& words, const Environment& environment = {}) {
  absl::StatusOr<Invocation> invocation = Parse(words, environment);
  EXPECT_TRUE(invocation.ok()) << invocation.status();
  return invocation.ok() ? std::get<Config>(invocation->action) : Config{};
}

std::string Error(const Words& words, const Environment& environment = {}) {
  absl::StatusOr<Invocation> invocation = Parse(words, environment);
  EXPECT_EQ(invocation.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(invocation.status().message());
}

std::string Printed(const Words& words) {
  absl::StatusOr<Invocation> invocation = Parse(words);
  EXPECT_TRUE(invocation.ok()) << invocation.status();
  return std::get<PrintRequest>(invocation->action).text;
}

TEST(CommandLineTest, HelpHasEverySetting) {
  const std::string help = Printed({"--help"});
  for (const char* word : {"--help", "--version", "--check-config", "inspect", "run"}) {
    EXPECT_THAT(help, HasSubstr(word));
  }
  for (const Setting& setting : Settings()) {
    EXPECT_THAT(help, HasSubstr(fmt::format("  {} ", setting.flag)));
    for (const std::string_view variable : setting.Variables()) {
      EXPECT_THAT(help, ContainsRegex(fmt::format("(  |, ){}", variable)));
    }
    if (setting.flag.empty()) {
      EXPECT_THAT(help, HasSubstr(fmt::format("\n      {}", setting.help)));
    }
  }
  EXPECT_THAT(help,
              HasSubstr("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT\n      as --endpoint\n"));
  EXPECT_THAT(help, HasSubstr("OTEL_BSP_SCHEDULE_DELAY\n      Time between exports (default 5000)\n"));
  EXPECT_THAT(help, HasSubstr("  OTEL_SERVICE_NAME *\n"));
  EXPECT_THAT(help, HasSubstr("  OTEL_CONFIG_FILE\n"));
}

TEST(CommandLineTest, CheckConfigShowsEveryValueWithItsSource) {
  const absl::StatusOr<Invocation> invocation =
      Parse({"--check-config", "--exe", "/a b", "--log-level", "DEBUG", "--pod-source", "none"},
            {{"OTEL_GO_AUTO_TARGET_EXE", "/env"},
             {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"},
             {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2,x=hunter2"},
             {"OTEL_SERVICE_NAME", "a\nb"},
             {"OTEL_BSP_MAX_QUEUE_SIZE", "many"}});
  ASSERT_TRUE(invocation.ok()) << invocation.status();
  const CheckRequest& check = std::get<CheckRequest>(invocation->action);
  EXPECT_EQ(check.config.log_level, base::LogLevel::kDebug);
  for (const char* line :
       {"OTEL_GO_AUTO_TARGET_EXE=/a b  # flag --exe\n", "--all=false  # default\n",
        "OTEL_LOG_LEVEL=debug  # flag --log-level\n", "--attach-method=auto  # default\n",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c:1  # variable OTEL_EXPORTER_OTLP_ENDPOINT\n",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS=authorization=***,x=***  # variable "
        "OTEL_EXPORTER_OTLP_HEADERS\n",
        "OTEL_SERVICE_NAME=a\\x0ab  # variable OTEL_SERVICE_NAME\n", "OTEL_BSP_MAX_QUEUE_SIZE=2048  # default\n"}) {
    EXPECT_THAT("\n" + check.settings, HasSubstr(std::string("\n") + line));
  }
  EXPECT_THAT(check.settings, Not(HasSubstr("hunter2")));
  EXPECT_EQ(std::count(check.settings.begin(), check.settings.end(), '\n'), Settings().size());
  EXPECT_THAT(invocation->warnings, ElementsAre(HasSubstr("OTEL_BSP_MAX_QUEUE_SIZE=\"many\"")));
}

TEST(CommandLineTest, CheckConfigMasksUserInformationOfATarget) {
  const absl::StatusOr<Invocation> invocation = Parse({"--check-config", "--endpoint", "dns://me:hunter2@c:1/x:2"});
  ASSERT_TRUE(invocation.ok()) << invocation.status();
  EXPECT_THAT(std::get<CheckRequest>(invocation->action).settings,
              AllOf(HasSubstr("ENDPOINT=dns://***@c:1/x:2  #"), Not(HasSubstr("hunter2"))));
}

TEST(CommandLineTest, CheckConfigRefusesWhatAStartRefuses) {
  EXPECT_THAT(Error({"--check-config", "--log-level", "loud"}), HasSubstr("--log-level \"loud\""));
  EXPECT_THAT(Error({"--check-config"}, {{"OTEL_GO_AUTO_TARGET_PID", "x"}}), HasSubstr("remove the variable"));
  EXPECT_THAT(Error({"--check-config", "inspect", "/bin/x"}), HasSubstr("remove it"));
}

TEST(CommandLineTest, HelpOfSubcommands) {
  EXPECT_EQ(Printed({"run", "--help"}), Printed({"--help"}));
  EXPECT_THAT(Printed({"inspect", "--help"}), AllOf(HasSubstr("BINARY"), HasSubstr("Usage: nodespan inspect"),
                                                    HasSubstr("--json"), Not(HasSubstr("OTEL_"))));
}

TEST(CommandLineTest, VersionIsOneLine) {
  EXPECT_EQ(Printed({"--version"}), "nodespan " + std::string(model::kVersion) + "\n");
}

TEST(CommandLineTest, NoSelectionWithoutPodsIsAnErrorThatNamesTheFlags) {
  for (const Words& words : std::vector<Words>{{"--pod-source", "none"},
                                               {"run", "--pod-source", "none"},
                                               {"--pod-source", "None", "--exporter", "console"}}) {
    EXPECT_THAT(Error(words),
                AllOf(HasSubstr("--pid"), HasSubstr("--exe"), HasSubstr("--all"), HasSubstr("--pod-source")));
  }
}

TEST(CommandLineTest, WherePodsMayBeNothingNeedsToBeSelected) {
  EXPECT_EQ(RunConfig({}).pods, PodOptions());
  EXPECT_TRUE(RunConfig({"--pod-source", "cri"}).selection.empty());
  EXPECT_EQ(RunConfig({}).pods.selector, "nodespan.io/trace=enabled");
}

TEST(CommandLineTest, PodFlagsWinOverTheirVariables) {
  const Environment environment = {{"NODESPAN_POD_SOURCE", "kubernetes"},
                                   {"NODESPAN_POD_SELECTOR", "a=b"},
                                   {"NODESPAN_NAMESPACES", "one, two"},
                                   {"NODESPAN_EXCLUDE_NAMESPACES", "three"},
                                   {"NODESPAN_CRI_SOCKET", "/run/a.sock"},
                                   {"NODESPAN_HTTP_LISTEN", ":9464"},
                                   {"NODE_NAME", "node-1"}};
  const Config from_environment = RunConfig({}, environment);
  EXPECT_EQ(from_environment.pods.source, PodSourceKind::kKubernetes);
  EXPECT_EQ(from_environment.pods.selector, "a=b");
  EXPECT_THAT(from_environment.pods.namespaces, ElementsAre("one", "two"));
  EXPECT_THAT(from_environment.pods.exclude_namespaces, ElementsAre("three"));
  EXPECT_EQ(from_environment.pods.cri_socket, "/run/a.sock");
  EXPECT_EQ(from_environment.pods.node_name, "node-1");
  EXPECT_EQ(from_environment.http_listen, (ListenAddress{"", 9464}));
  const Config config = RunConfig(
      {"--pod-source", "cri", "--pod-selector", "", "--namespace", "x", "--namespace", "y", "--exclude-namespace", "z",
       "--cri-socket", "unix:///run/b.sock", "--node-name", "node-2", "--http-listen", "127.0.0.1:0"},
      environment);
  EXPECT_EQ(config.pods.source, PodSourceKind::kCri);
  EXPECT_EQ(config.pods.selector, "");
  EXPECT_THAT(config.pods.namespaces, ElementsAre("x", "y"));
  EXPECT_THAT(config.pods.exclude_namespaces, ElementsAre("z"));
  EXPECT_EQ(config.pods.cri_socket, "/run/b.sock");
  EXPECT_EQ(config.pods.node_name, "node-2");
  EXPECT_EQ(config.http_listen, (ListenAddress{"127.0.0.1", 0}));
}

TEST(CommandLineTest, WhatAPodGetsFromKubernetes) {
  const Config config = RunConfig({}, {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"},
                                       {"KUBERNETES_SERVICE_PORT", "6443"},
                                       {"POD_UID", "u"},
                                       {"NODESPAN_SERVICE_ACCOUNT_DIR", "/sa"},
                                       {"NODESPAN_USE_LABELS_FOR_RESOURCE_ATTRIBUTES", "true"}});
  EXPECT_EQ(config.pods.api_host, "10.0.0.1");
  EXPECT_EQ(config.pods.api_port, "6443");
  EXPECT_EQ(config.pods.own_pod_uid, "u");
  EXPECT_EQ(config.pods.service_account_dir, "/sa");
  EXPECT_TRUE(config.pods.uses_labels_for_identity);
}

TEST(CommandLineTest, AVariableThatWouldSelectOtherPodsEndsTheProgram) {
  for (const char* name :
       {"NODESPAN_NAMESPACES", "NODESPAN_EXCLUDE_NAMESPACES", "NODESPAN_CRI_SOCKET", "NODESPAN_HTTP_LISTEN"}) {
    EXPECT_THAT(Error({}, {{name, "Not A Value"}}), AllOf(HasSubstr(name), HasSubstr("remove the variable")));
  }
  const absl::StatusOr<Invocation> invocation = Parse({}, {{"NODESPAN_POD_SOURCE", "docker"}});
  ASSERT_TRUE(invocation.ok());
  EXPECT_THAT(invocation->warnings, ElementsAre(AllOf(HasSubstr("NODESPAN_POD_SOURCE"), HasSubstr("using auto"))));
}

TEST(CommandLineTest, ListenAddresses) {
  const auto listen = [](const char* text) { return RunConfig({"--http-listen", text}).http_listen; };
  EXPECT_EQ(listen(":9464"), (ListenAddress{"", 9464}));
  EXPECT_EQ(listen("[::1]:1"), (ListenAddress{"::1", 1}));
  EXPECT_EQ(listen("localhost:65535"), (ListenAddress{"localhost", 65535}));
  EXPECT_EQ(RunConfig({}).http_listen, std::nullopt);
}

TEST(CommandLineTest, SelectionFlagsAreRepeatableAndWorkWithAndWithoutRun) {
  Config config = RunConfig({"--pid", "1", "--exe", "/a", "--pid=2", "--exe", "*/b,c"});
  EXPECT_THAT(config.selection.pids, ElementsAre(1, 2));
  EXPECT_THAT(config.selection.exe_globs, ElementsAre("/a", "*/b,c"));
  EXPECT_FALSE(config.selection.all);
  EXPECT_EQ(RunConfig({"run", "--pid", "1", "--exe", "/a", "--pid=2", "--exe", "*/b,c"}), config);
  EXPECT_TRUE(RunConfig({"--all"}).selection.all);
}

TEST(CommandLineTest, FlagsWinOverTheEnvironment) {
  Environment environment = {{"OTEL_GO_AUTO_TARGET_EXE", "/env"},
                             {"OTEL_GO_AUTO_TARGET_PID", "not a number"},
                             {"OTEL_LOG_LEVEL", "error"},
                             {"OTEL_TRACES_EXPORTER", "console"},
                             {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://env:1"}};
  Config config = RunConfig(
      {"--exe", "/flag", "--log-level", "Debug", "--exporter", "otlp,otlp/stdout", "--endpoint", "https://flag:2"},
      environment);
  EXPECT_THAT(config.selection.exe_globs, ElementsAre("/flag"));
  EXPECT_THAT(config.selection.pids, IsEmpty());
  EXPECT_EQ(config.log_level, base::LogLevel::kDebug);
  EXPECT_THAT(config.exporters, ElementsAre(ExporterKind::kOtlp, ExporterKind::kOtlpStdout));
  EXPECT_EQ(config.otlp.endpoint, "https://flag:2");
  EXPECT_EQ(config.otlp.endpoint_form, EndpointForm::kBase);
}

TEST(CommandLineTest, TheEnvironmentAloneCanSelect) {
  EXPECT_THAT(RunConfig({}, {{"OTEL_GO_AUTO_TARGET_EXE", "/env"}}).selection.exe_globs, ElementsAre("/env"));
  EXPECT_THAT(RunConfig({}, {{"OTEL_GO_AUTO_TARGET_PID", "5"}}).selection.pids, ElementsAre(5));
}

TEST(CommandLineTest, WarningsComeBackInAList) {
  absl::StatusOr<Invocation> invocation =
      Parse({"--all"}, {{"OTEL_BSP_MAX_QUEUE_SIZE", "many"}, {"OTEL_TRACES_EXPORTER", "otlp,zipkin"}});
  ASSERT_TRUE(invocation.ok());
  EXPECT_THAT(invocation->warnings,
              ElementsAre(HasSubstr("OTEL_TRACES_EXPORTER=\"zipkin\""), HasSubstr("OTEL_BSP_MAX_QUEUE_SIZE=\"many\"")));
}

TEST(CommandLineTest, ErrorsNameFlagValueAndFixOnOneLine) {
  struct {
    Words words;
    const char* part;
    const char* fix;
  } cases[] = {
      {{"--pid", "abc"}, "--pid \"abc\"", "expected a process id"},
      {{"--pid", "0"}, "--pid \"0\"", "expected a process id"},
      {{"--pid"}, "--pid", "'nodespan --help'"},
      {{"--exe", ""}, "--exe \"\"", "expected a path or a glob"},
      {{"--all", "--log-level", "loud"}, "--log-level \"loud\"", "expected one of debug"},
      {{"--all", "--exporter", "jaeger"}, "--exporter \"jaeger\"", "expected otlp, console"},
      {{"--all", "--exporter", ""}, "--exporter \"\"", "expected otlp, console"},
      {{"--all", "--exporter", "none,otlp"}, "--exporter \"none,otlp\"", "none to stand alone"},
      {{"--all", "--endpoint", "ftp://x:1"}, "--endpoint", "expected http://HOST:PORT"},
      {{"--all", "--attach-method", "ptrace"}, "--attach-method \"ptrace\"", "expected one of auto"},
      {{"--pod-source", "docker"}, "--pod-source \"docker\"", "expected one of auto"},
      {{"--namespace", "Shop"}, "--namespace \"Shop\"", "the name of a namespace"},
      {{"--exclude-namespace", ""}, "--exclude-namespace \"\"", "the name of a namespace"},
      {{"--cri-socket", "run/x"}, "--cri-socket \"run/x\"", "expected the absolute path"},
      {{"--http-listen", "9464"}, "--http-listen \"9464\"", "expected ADDRESS:PORT"},
      {{"--http-listen", "::1:80"}, "--http-listen \"::1:80\"", "expected ADDRESS:PORT"},
      {{"--http-listen", ":70000"}, "--http-listen \":70000\"", "expected ADDRESS:PORT"},
      {{"--al"}, "--al", "'nodespan --help'"},
      {{"--pid", "1", "2"}, "2", "'nodespan --help'"},
      {{"inspect"}, "inspect", "the path of an executable or --pid N"},
      {{"inspect", "/bin/x", "--pid", "1"}, "inspect", "the path of an executable or --pid N"},
      {{"inspect", "--pid", "x"}, "--pid \"x\"", "expected a process id"},
      {{"--all", "inspect", "/bin/x"}, "inspect", "remove it"},
  };
  for (const auto& bad : cases) {
    std::string message = Error(bad.words);
    EXPECT_THAT(message, HasSubstr(bad.part));
    EXPECT_THAT(message, HasSubstr(bad.fix));
    EXPECT_THAT(message, Not(HasSubstr("\n")));
  }
}

TEST(CommandLineTest, AttachMethodIsAutomaticUnlessNamed) {
  EXPECT_EQ(RunConfig({"--all"}).attach_method, AttachMethod::kAuto);
  EXPECT_EQ(RunConfig({"--all", "--attach-method", "auto"}).attach_method, AttachMethod::kAuto);
  EXPECT_EQ(RunConfig({"--all", "--attach-method", "uprobe_multi"}).attach_method, AttachMethod::kUprobeMulti);
  EXPECT_EQ(RunConfig({"--all", "--attach-method", "perf"}).attach_method, AttachMethod::kPerf);
}

TEST(CommandLineTest, ProgramsThatExportByThemselvesAreSkippedUnlessWanted) {
  EXPECT_EQ(RunConfig({"--all"}).self_exporting, SelfExporting::kSkip);
  EXPECT_EQ(RunConfig({"--all", "--self-exporting", "trace"}).self_exporting, SelfExporting::kTrace);
  EXPECT_FALSE(Parse({"--all", "--self-exporting", "both"}).ok());
}

TEST(CommandLineTest, InspectTakesAPathOrAPid) {
  auto by_path = std::get<InspectRequest>(Parse({"inspect", "/bin/x", "--json"})->action);
  EXPECT_EQ(by_path.binary, "/bin/x");
  EXPECT_EQ(by_path.pid, std::nullopt);
  EXPECT_TRUE(by_path.json);
  auto by_pid = std::get<InspectRequest>(Parse({"inspect", "--pid", "42"})->action);
  EXPECT_EQ(by_pid.binary, "");
  EXPECT_EQ(by_pid.pid, 42);
  EXPECT_FALSE(by_pid.json);
}

}  // namespace
}  // namespace nodespan::config
