// SPDX-License-Identifier: Apache-2.0
#include "config/command_line.h"

#include "CLI/CLI.hpp"
#include "base/errors.h"
#include "base/status_macros.h"
#include "config/env_value.h"
#include "config/env_vars.h"
#include "config/option_values.h"
#include "config/otlp_options.h"
#include "config/warnings.h"
#include "model/version.h"

namespace nodespan::config {
namespace {

// The command line as written. Values are parsed afterwards, so that all messages have one form.
struct Words {
  std::vector<std::string> pids;
  std::vector<std::string> exe_globs;
  bool all = false;
  std::optional<std::string> log_level;
  std::optional<std::string> exporter;
  std::optional<std::string> endpoint;
  std::optional<std::string> attach_method;
  std::optional<std::string> self_exporting;
  std::optional<std::string> pod_source;
  std::optional<std::string> pod_selector;
  std::vector<std::string> namespaces;
  std::vector<std::string> exclude_namespaces;
  std::optional<std::string> cri_socket;
  std::optional<std::string> node_name;
  std::optional<std::string> http_listen;

  std::string inspect_binary;
  std::optional<std::string> inspect_pid;
  bool inspect_json = false;

  bool HasRunFlag() const {
    return HasSelection() || log_level || exporter || endpoint || attach_method || self_exporting || pod_source ||
           pod_selector || !namespaces.empty() || !exclude_namespaces.empty() || cri_socket || node_name || http_listen;
  }
  bool HasSelection() const { return !pids.empty() || !exe_globs.empty() || all; }
};

std::string EnvironmentHelp() {
  std::string help = "Environment variables (an empty value counts as not set):\n";
  for (const EnvVar& variable : EnvVars()) {
    help += fmt::format("  {}\n      {}", variable.name, variable.help);
    help += variable.default_text.empty() ? "\n" : fmt::format(" (default {})\n", variable.default_text);
  }
  return help;
}

void DeclareRun(CLI::App& app, Words& words) {
  app.add_option("--pid", words.pids, "Trace the process with this id (repeatable)")
      ->type_name("N")
      ->allow_extra_args(false);
  app.add_option("--exe", words.exe_globs,
                 "Trace processes whose executable path matches this glob, '*' also matching '/'; without any '/' the "
                 "glob is matched against the file name (repeatable)")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  app.add_flag("--all", words.all, "Trace every Go process of this machine");
  app.add_option("--log-level", words.log_level, "debug, info, warn, error or none")->type_name("LEVEL");
  app.add_option("--exporter", words.exporter, "otlp, console, otlp/stdout or none; several with commas")
      ->type_name("NAME");
  app.add_option("--endpoint", words.endpoint, "Collector for otlp: http://HOST:PORT, https://HOST:PORT")
      ->type_name("URL");
  app.add_option("--attach-method", words.attach_method,
                 "How probes are attached: auto takes uprobe_multi where the kernel has it and a self-test finds it "
                 "working, else perf; uprobe_multi and perf take that one or fail")
      ->type_name("NAME");
  app.add_option("--self-exporting", words.self_exporting,
                 "Programs that export spans with an OpenTelemetry SDK of their own: skip, as soon as they export, or "
                 "trace, although there may be two spans of one operation")
      ->type_name("WHAT");
}

void DeclarePods(CLI::App& app, Words& words) {
  app.add_option("--pod-source", words.pod_source,
                 "Where pods come from: kubernetes (the API server), cri (the container runtime of this machine) or "
                 "none; auto takes the first of them that is there")
      ->type_name("NAME");
  app.add_option(
         "--pod-selector", words.pod_selector,
         "Trace pods with these labels, written as for kubectl (nodespan.io/trace=enabled); pods with the label "
         "nodespan.io/trace=disabled are never traced")
      ->type_name("SELECTOR");
  app.add_option("--namespace", words.namespaces, "Trace pods of this namespace only (repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--exclude-namespace", words.exclude_namespaces, "Trace no pods of this namespace (repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--cri-socket", words.cri_socket, "Socket of the container runtime")->type_name("PATH");
  app.add_option("--node-name", words.node_name, "Name of this node in Kubernetes")->type_name("NAME");
  app.add_option("--http-listen", words.http_listen, "Serve /healthz, /readyz and /metrics there")
      ->type_name("ADDRESS:PORT");
}

CLI::App* DeclareInspect(CLI::App& app, Words& words) {
  CLI::App* inspect = app.add_subcommand("inspect", "Show what would be traced in a program, where and why");
  inspect->add_option("BINARY", words.inspect_binary, "Path of an executable")->type_name("");
  inspect->add_option("--pid", words.inspect_pid, "Look at a running process instead")->type_name("N");
  inspect->add_flag("--json", words.inspect_json, "Print JSON");
  inspect->footer("");
  return inspect;
}

absl::Status BadFlag(std::string_view flag, std::string_view value, std::string_view problem) {
  return base::MakeStatus(absl::StatusCode::kInvalidArgument, "{} {}: {}", flag, Quote(value), problem);
}

absl::StatusOr<pid_t> PidFlag(std::string_view value) {
  absl::StatusOr<pid_t> pid = ParsePid(value);
  return pid.ok() ? pid : BadFlag("--pid", value, base::Message(pid.status()));
}

absl::StatusOr<std::vector<ExporterKind>> ExporterFlag(std::string_view value) {
  ExporterList list = ParseExporters(value);
  bool is_mixed = list.none && !list.kinds.empty();
  bool is_empty = !list.none && list.kinds.empty();
  if (!list.unknown.empty() || is_mixed || is_empty) {
    return BadFlag("--exporter", value, is_mixed ? "expected none to stand alone" : kExpectedExporters);
  }
  return list.kinds;
}

// Stores what `parse` makes of the value of a flag, if that was given.
template <typename Value, typename Target>
absl::Status ApplyFlag(std::string_view flag, const std::optional<std::string>& word,
                       absl::StatusOr<Value> (*parse)(std::string_view), Target& target) {
  if (!word) {
    return absl::OkStatus();
  }
  absl::StatusOr<Value> value = parse(*word);
  if (!value.ok()) {
    return BadFlag(flag, *word, base::Message(value.status()));
  }
  target = *std::move(value);
  return absl::OkStatus();
}

// Flags replace what the variable says.
absl::Status ApplyNamespaces(std::string_view flag, const std::vector<std::string>& words,
                             std::vector<std::string>& target) {
  if (!words.empty()) {
    target.clear();
  }
  for (const std::string& word : words) {
    NODESPAN_RETURN_IF_ERROR(ApplyFlag(flag, word, ParseNamespace, target.emplace_back()));
  }
  return absl::OkStatus();
}

absl::Status ApplyPodFlags(const Words& words, Config& config) {
  PodOptions& pods = config.pods;
  NODESPAN_RETURN_IF_ERROR(ApplyFlag("--pod-source", words.pod_source, ParsePodSource, pods.source));
  NODESPAN_RETURN_IF_ERROR(ApplyNamespaces("--namespace", words.namespaces, pods.namespaces));
  NODESPAN_RETURN_IF_ERROR(ApplyNamespaces("--exclude-namespace", words.exclude_namespaces, pods.exclude_namespaces));
  NODESPAN_RETURN_IF_ERROR(ApplyFlag("--cri-socket", words.cri_socket, ParseSocketPath, pods.cri_socket));
  NODESPAN_RETURN_IF_ERROR(ApplyFlag("--http-listen", words.http_listen, ParseListenAddress, config.http_listen));
  pods.selector = words.pod_selector.value_or(pods.selector);
  pods.node_name = words.node_name.value_or(pods.node_name);
  return absl::OkStatus();
}

absl::Status ApplyFlags(const Words& words, Config& config) {
  if (words.HasSelection()) {
    config.selection = {.pids = {}, .exe_globs = words.exe_globs, .all = words.all};
    for (const std::string& value : words.pids) {
      NODESPAN_ASSIGN_OR_RETURN(pid_t pid, PidFlag(value));
      config.selection.pids.push_back(pid);
    }
    for (const std::string& glob : words.exe_globs) {
      if (glob.empty()) {
        return BadFlag("--exe", glob, "expected a path or a glob such as '*/server'");
      }
    }
  }
  NODESPAN_RETURN_IF_ERROR(ApplyFlag("--log-level", words.log_level, ParseLogLevel, config.log_level));
  if (words.exporter) {
    NODESPAN_ASSIGN_OR_RETURN(config.exporters, ExporterFlag(*words.exporter));
  }
  if (words.endpoint) {
    absl::StatusOr<std::string> endpoint = ParseEndpoint(*words.endpoint);
    if (!endpoint.ok()) {
      return base::Annotate(endpoint.status(), "--endpoint");
    }
    config.otlp.endpoint = *std::move(endpoint);
    config.otlp.endpoint_form = EndpointForm::kBase;
  }
  NODESPAN_RETURN_IF_ERROR(ApplyFlag("--attach-method", words.attach_method, ParseAttachMethod, config.attach_method));
  NODESPAN_RETURN_IF_ERROR(
      ApplyFlag("--self-exporting", words.self_exporting, ParseSelfExporting, config.self_exporting));
  return ApplyPodFlags(words, config);
}

absl::StatusOr<Invocation> MakeRun(const Words& words, Environment environment) {
  if (words.HasSelection()) {
    // Flags replace the selection of the environment, even one that is wrong.
    environment.erase("OTEL_GO_AUTO_TARGET_PID");
    environment.erase("OTEL_GO_AUTO_TARGET_EXE");
  }
  Config config;
  Warnings warnings;
  NODESPAN_RETURN_IF_ERROR(ApplyEnvironment(environment, config, warnings));
  NODESPAN_RETURN_IF_ERROR(ApplyFlags(words, config));
  if (config.selection.empty() && config.pods.source == PodSourceKind::kNone) {
    return NothingSelectedError();
  }
  return Invocation{.action = std::move(config), .warnings = std::move(warnings).Take()};
}

absl::StatusOr<Invocation> MakeInspect(const Words& words) {
  if (words.HasRunFlag()) {
    return absl::InvalidArgumentError(
        "inspect: a flag of 'nodespan run' stands before it and has no effect there; remove it or put it behind the "
        "word inspect");
  }
  if (words.inspect_binary.empty() == !words.inspect_pid.has_value()) {
    return absl::InvalidArgumentError("inspect: expected either the path of an executable or --pid N");
  }
  InspectRequest request{.binary = words.inspect_binary, .pid = {}, .json = words.inspect_json};
  if (words.inspect_pid) {
    NODESPAN_ASSIGN_OR_RETURN(request.pid, PidFlag(*words.inspect_pid));
  }
  return Invocation{.action = std::move(request), .warnings = {}};
}

Invocation Print(std::string text) { return {.action = PrintRequest{std::move(text)}, .warnings = {}}; }

}  // namespace

absl::StatusOr<Invocation> ParseCommandLine(int argc, const char* const* argv, const Environment& environment) {
  Words words;
  CLI::App app("Traces Go programs from outside with eBPF and sends the spans to an OpenTelemetry collector.",
               "nodespan");
  app.set_help_flag("-h,--help", "Print this help");
  bool print_version = false;
  app.add_flag("--version", print_version, "Print the version");
  app.footer(EnvironmentHelp());
  app.require_subcommand(0, 1);
  DeclareRun(app, words);
  DeclarePods(app, words);
  CLI::App* run = app.add_subcommand("run", "Trace the selected processes (what happens without a subcommand, too)");
  run->set_help_flag();
  run->fallthrough();
  CLI::App* inspect = DeclareInspect(app, words);

  // CLI11 reports with exceptions; none of them leaves this function.
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    CLI::App* shown = inspect->parsed() ? inspect : &app;
    std::string name = inspect->parsed() ? "nodespan inspect" : "nodespan";
    return Print(shown->get_formatter()->make_help(shown, std::move(name), CLI::AppFormatMode::Normal));
  } catch (const CLI::ParseError& error) {
    return base::MakeStatus(absl::StatusCode::kInvalidArgument, "{}; 'nodespan --help' lists what there is",
                            std::string_view(error.what()));
  }
  if (print_version) {
    return Print(fmt::format("nodespan {}\n", model::kVersion));
  }
  return inspect->parsed() ? MakeInspect(words) : MakeRun(words, environment);
}

absl::Status NothingSelectedError() {
  return absl::InvalidArgumentError(
      "no process is selected: say what to trace with --pid N, --exe GLOB (or OTEL_GO_AUTO_TARGET_EXE), or --all for "
      "every Go process of this machine; pods are traced by their labels where --pod-source finds them");
}

}  // namespace nodespan::config
