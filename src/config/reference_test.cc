// SPDX-License-Identifier: Apache-2.0
// docs/CONFIGURATION.md, made from the table of settings.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "config/command_line.h"
#include "config/settings.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/golden/golden_file.h"

namespace nodespan::config {
namespace {

constexpr std::string_view kBegin = R"(# Configuration

Written by `./tools/golden` from the table in `src/config/settings.cc`, which parsing, `--help` and `--check-config` are
made from as well.

- Flags win over variables, variables over defaults. Of several variables in one row the first that is set wins. Each of
  the flags `--pid`, `--exe` and `--all` replaces all variables that select programs.
- An empty variable counts as not set. Words are taken in any case; lists have commas, their items are trimmed.
- Where **target** is marked, the variable is also read from the environment that a traced program was started with,
  which wins for that program, and from the `Instrumentation` that its pod asks for ([KUBERNETES.md](KUBERNETES.md)). Nothing
  else of either is looked at: where spans go is the node's to say.
- A flag that cannot be used ends nodespan. A variable that cannot be used gives a warning that names it, its value and
  what is used instead; those marked **strict** end nodespan, because it would trace something else than it was told.
- Booleans are true for `true` and false for everything else; `OTEL_GO_AUTO_*` take `1`, `t`, `0`, `f` as well, as in Go.
- `nodespan --check-config` prints every setting with its value and where that is from, and then what is wrong.
)";

constexpr std::string_view kCommands = R"(
## Commands

| command | meaning |
|---|---|
| `nodespan`, `nodespan run` | Trace |
| `nodespan --check-config` | Print what is set and by what, and what is wrong with it, instead of tracing. Needs no rights. Exit status 0 when nodespan would start, 1 when not |
| `nodespan inspect BINARY`, `nodespan inspect --pid N` | Show what would be traced in a program, where and why; `--json` prints JSON |
| `nodespan --help`, `-h` | Print all flags and variables |
| `nodespan --version` | Print the version |
)";

std::string Code(std::string_view text) {
  std::string code;
  for (const char c : text) {
    code += c == '|' ? "\\|" : std::string(1, c);
  }
  return code.empty() ? "" : fmt::format("`{}`", code);
}

std::string Names(const Setting& setting) {
  std::vector<std::string> names;
  if (!setting.flag.empty()) {
    names.push_back(Code(setting.flag));
  }
  std::transform(setting.Variables().begin(), setting.Variables().end(), std::back_inserter(names), Code);
  return fmt::format("{}", fmt::join(names, "<br>"));
}

std::string Marks(const Setting& setting) {
  std::vector<std::string_view> marks;
  if (setting.scope == Scope::kNodeAndTarget) {
    marks.emplace_back("target");
  }
  if (setting.must_be_right) {
    marks.emplace_back("strict");
  }
  return fmt::format("{}", fmt::join(marks, ", "));
}

std::string Reference() {
  std::string text = std::string(kBegin) + std::string(kCommands);
  std::optional<Section> section;
  for (const Setting& setting : Settings()) {
    if (setting.section != section) {
      section = setting.section;
      text += fmt::format("\n## {}\n\n| flag, variables | value | meaning | default | |\n|---|---|---|---|---|\n",
                          TitleOf(*section));
    }
    text += fmt::format("| {} | {} | {} | {} | {} |\n", Names(setting), Code(setting.takes), setting.help,
                        Code(setting.value.show(Config{})), Marks(setting));
  }
  text +=
      "\n## Not implemented\n\nThese are answered with a warning, node-wide and for a traced program.\n\n"
      "| variable | why | what happens |\n|---|---|---|\n";
  for (const UnsupportedVariable& variable : UnsupportedVariables()) {
    text += fmt::format("| {} | {} | {} |\n", Code(variable.name), variable.problem, variable.consequence);
  }
  return text;
}

TEST(ReferenceTest, IsTheGoldenFileInDocs) { golden::ExpectGoldenFile("docs/CONFIGURATION.md", Reference()); }

TEST(ReferenceTest, HasEveryFlagOfTheHelp) {
  const char* const argv[] = {"nodespan", "--help", nullptr};
  const absl::StatusOr<Invocation> invocation = ParseCommandLine(2, argv, {});
  ASSERT_TRUE(invocation.ok());
  const std::string& help = std::get<PrintRequest>(invocation->action).text;
  const std::string reference = Reference();
  size_t flags = 0;
  for (size_t begin = help.find("\n  --"); begin != std::string::npos; begin = help.find("\n  --", begin + 1)) {
    const size_t end = help.find_first_of(" ,\n", begin + 3);
    EXPECT_THAT(reference, ::testing::HasSubstr(help.substr(begin + 3, end - begin - 3)));
    ++flags;
  }
  EXPECT_GT(flags, 10U);
}

}  // namespace
}  // namespace nodespan::config
