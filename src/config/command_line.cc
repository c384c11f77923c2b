// SPDX-License-Identifier: Apache-2.0
#include "config/command_line.h"

#include <algorithm>
#include <utility>

#include "CLI/CLI.hpp"
#include "base/errors.h"
#include "base/status_macros.h"
#include "config/apply_settings.h"
#include "config/option_values.h"
#include "config/settings.h"
#include "config/warnings.h"
#include "fmt/ranges.h"
#include "model/version.h"

namespace nodespan::config {
namespace {

// The command line as written. Values are parsed afterwards, so that all messages have one form.
struct Words {
  FlagWords settings = FlagWords(Settings().size());
  bool check_config = false;
  bool print_version = false;

  std::string inspect_binary;
  std::optional<std::string> inspect_pid;
  bool inspect_json = false;

  bool HasRunFlag() const {
    return check_config ||
           std::any_of(settings.begin(), settings.end(), [](const auto& words) { return !words.empty(); });
  }
};

std::string HelpWithDefault(const Setting& setting) {
  const std::string value = setting.value.show(Config{});
  return value.empty() ? std::string(setting.help) : fmt::format("{} (default {})", setting.help, value);
}

std::string EnvironmentHelp() {
  std::string help =
      "Environment variables (an empty value counts as not set; of several names the first that is set wins; those "
      "with "
      "a * are read from the environment of each traced program as well, and win there):\n";
  for (const Setting& setting : Settings()) {
    if (!setting.Variables().empty()) {
      help += fmt::format("  {}{}\n      {}\n", fmt::join(setting.Variables(), ", "),
                          setting.scope == Scope::kNodeAndTarget ? " *" : "",
                          setting.flag.empty() ? HelpWithDefault(setting) : fmt::format("as {}", setting.flag));
    }
  }
  help += "\nKnown, and answered with a warning:\n";
  for (const UnsupportedVariable& variable : UnsupportedVariables()) {
    help += fmt::format("  {}\n      {}; {}\n", variable.name, variable.problem, variable.consequence);
  }
  return help;
}

void DeclareSetting(CLI::App& app, const Setting& setting, std::vector<std::string>& words) {
  const std::string flag(setting.flag);
  const std::string help = HelpWithDefault(setting);
  CLI::Option* option = nullptr;
  switch (setting.flag_kind) {
    case FlagKind::kValue:
      option = app.add_option_function<std::string>(
          flag, [&words](const std::string& word) { words.push_back(word); }, help);
      break;
    case FlagKind::kRepeated:
      option = app.add_option(flag, words, help + "; repeatable")->allow_extra_args(false);
      break;
    case FlagKind::kSwitch:
      option = app.add_flag_callback(
          flag, [&words] { words.assign(1, "true"); }, std::string(setting.help));
      break;
  }
  if (setting.flag_kind != FlagKind::kSwitch) {
    option->type_name(std::string(setting.takes));
  }
  option->group(std::string(TitleOf(setting.section)));
}

void DeclareRun(CLI::App& app, Words& words) {
  app.add_flag("--version", words.print_version, "Print the version");
  app.add_flag("--check-config", words.check_config,
               "Print what is set and by what, and what is wrong with it, instead of tracing; the exit status says "
               "whether it would do");
  for (size_t i = 0; i < Settings().size(); ++i) {
    if (!Settings()[i].flag.empty()) {
      DeclareSetting(app, Settings()[i], words.settings[i]);
    }
  }
}

CLI::App* DeclareInspect(CLI::App& app, Words& words) {
  CLI::App* inspect = app.add_subcommand("inspect", "Show what would be traced in a program, where and why");
  inspect->add_option("BINARY", words.inspect_binary, "Path of an executable")->type_name("");
  inspect->add_option("--pid", words.inspect_pid, "Look at a running process instead")->type_name("N");
  inspect->add_flag("--json", words.inspect_json, "Print JSON");
  inspect->footer("");
  return inspect;
}

absl::StatusOr<Invocation> MakeRun(const Words& words, const Environment& environment) {
  Warnings warnings;
  NODESPAN_ASSIGN_OR_RETURN(AppliedSettings applied, ApplySettings(words.settings, environment, warnings));
  Config& config = applied.config;
  if (words.check_config) {
    std::string settings = ShowSettings(applied);
    return Invocation{.action = CheckRequest{std::move(config), std::move(settings)},
                      .warnings = std::move(warnings).Take()};
  }
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
    const absl::StatusOr<pid_t> pid = ParsePid(*words.inspect_pid);
    if (!pid.ok()) {
      return base::MakeStatus(absl::StatusCode::kInvalidArgument, "--pid {}: {}", Quote(*words.inspect_pid),
                              base::Message(pid.status()));
    }
    request.pid = *pid;
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
  app.footer(EnvironmentHelp());
  app.require_subcommand(0, 1);
  DeclareRun(app, words);
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
  if (words.print_version) {
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
