// SPDX-License-Identifier: Apache-2.0
// Prints where the ends of library operations can be probed in Go executables: end_sites_report BINARY...
//
// A developer's tool: what attach/end_sites.h finds for the functions that nodespan could trace, one line per function
// and binary, with the time it took. Functions that a binary does not have are left out.
#include <fcntl.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attach/end_sites.h"
#include "attach/go_callees.h"
#include "base/errors.h"
#include "base/unique_fd.h"
#include "fmt/format.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {
namespace {

using goinspect::Function;
using goinspect::GoBinary;
using Returns = EndSiteOptions::Returns;

struct Operation {
  std::string_view function;
  std::vector<int> wanted;
  std::optional<size_t> error_word;
  // Candidates for the deferred closure, the first one present counts.
  std::vector<std::string_view> closures = {};
  Returns returns = Returns::kAll;
  bool allow_hot_returns = false;
};

const std::array kOperations = {
    Operation{"net/http.(*Transport).roundTrip", {0, 1, 2}, 1, {"net/http.(*Transport).roundTrip.func1"}},
    Operation{"net/http.send", {0, 1, 2}, std::nullopt},
    Operation{"database/sql.(*DB).queryDC", {0, 1, 2}, 1},
    Operation{"database/sql.(*DB).execDC", {0, 1, 2, 3}, 2, {"database/sql.(*DB).execDC.func1"}},
    Operation{"database/sql.rowsiFromStatement",
              {0, 1, 2, 3},
              2,
              {"database/sql.rowsiFromStatement.deferwrap1", "database/sql.rowsiFromStatement.func1"}},
    Operation{"database/sql.resultFromStatement",
              {0, 1, 2, 3},
              2,
              {"database/sql.resultFromStatement.deferwrap1", "database/sql.resultFromStatement.func1"}},
    Operation{"database/sql.(*DB).beginDC", {0, 1, 2}, 1},
    Operation{"database/sql.(*Tx).Commit", {0, 1}, 0, {}, Returns::kErrorFromStack},
    Operation{"database/sql.(*Tx).rollback", {0, 1}, 0, {}, Returns::kErrorFromStack},
    Operation{"database/sql.(*DB).pingDC", {0, 1}, 0, {}, Returns::kAll, true},
    Operation{"database/sql.(*DB).prepareDC", {0, 1, 2}, 1, {"database/sql.(*DB).prepareDC.func1"}},
    Operation{"net/http.(*ServeMux).handler", {0, 1, 2, 3}, std::nullopt, {"net/http.(*ServeMux).handler.func1"}},
    Operation{"net/http.(*serveMux121).handler",
              {0, 1, 2, 3},
              std::nullopt,
              {"net/http.(*serveMux121).handler.deferwrap1", "net/http.(*serveMux121).handler.func1"}},
};

std::string Describe(const ValueLocation& location) {
  static constexpr std::array<std::string_view, ValueLocation::kAmd64Registers> kNames = {
      "AX", "BX", "CX", "DI", "SI", "R8", "R9", "R10", "R11", "DX", "BP", "R12", "R13", "R15"};
  switch (location.kind) {
    case ValueLocation::Kind::kRegister: return std::string(kNames.at(static_cast<size_t>(location.reg)));
    case ValueLocation::Kind::kStack: return fmt::format("[sp{:+d}]", location.sp_off);
    case ValueLocation::Kind::kConstant: return fmt::format("${}", location.constant);
    case ValueLocation::Kind::kAddress: return fmt::format("&{:#x}", location.vaddr);
    case ValueLocation::Kind::kMemory: return fmt::format("[{:#x}]", location.vaddr);
  }
  return "?";
}

std::string Describe(const EndSite& site) {
  std::string text =
      fmt::format("    +{:<5} {:<28} {}", site.function_off, site.instruction, site.cold ? "cold" : "hot ");
  for (const ValueLocation& location : site.results) {
    text += " " + Describe(location);
  }
  return text + "  (" + site.why + ")\n";
}

class Stopwatch {
 public:
  double ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void Report(const GoBinary& binary, const Operation& operation, const ClassifyCallee& callees) {
  std::vector<std::string_view> names = {operation.function};
  names.insert(names.end(), operation.closures.begin(), operation.closures.end());
  const std::vector<std::optional<Function>> functions = binary.FindFunctions(names);
  if (!functions[0].has_value()) {
    return;
  }
  const Function& function = *functions[0];
  const auto code = binary.Code(function);
  if (!code.ok()) {
    fmt::print("  {}: {}\n", operation.function, base::Message(code.status()));
    return;
  }
  const goinspect::Arch arch = binary.info().arch;
  EndSiteOptions options{.wanted = operation.wanted,
                         .error_word = operation.error_word,
                         .returns = operation.returns,
                         .allow_hot_returns = operation.allow_hot_returns};
  if (auto objects = binary.StackObjects(function); objects.ok()) {
    options.stack_objects = *std::move(objects);
  } else {
    fmt::print("  {}: {}\n", operation.function, base::Message(objects.status()));
  }
  for (size_t i = 1; i < functions.size(); ++i) {
    if (functions[i].has_value()) {
      const Stopwatch stopwatch;
      const auto slots = FindDeferredResultSlots(*code, function.vaddr, arch, operation.wanted, callees);
      const double ms = stopwatch.ms();
      std::string text;
      if (slots.ok()) {
        for (const int32_t slot : *slots) {
          text += fmt::format(" +{}", slot);
        }
        options.without_deferred = true;
      }
      fmt::print("  B {} by {}: {} [{:.2f} ms]\n", operation.function, names[i],
                 slots.ok() ? "ok" + text : std::string(base::Message(slots.status())), ms);
      break;
    }
  }
  const Stopwatch stopwatch;
  const auto sites = FindEndSites(*code, function.vaddr, arch, options, callees);
  const double ms = stopwatch.ms();
  fmt::print("  C {}{} ({} bytes): {} [{:.2f} ms]\n", operation.function,
             options.without_deferred ? ", what B leaves" : "", function.size_bytes,
             sites.ok() ? fmt::format("{} sites", sites->size()) : std::string(base::Message(sites.status())), ms);
  if (sites.ok()) {
    for (const EndSite& site : *sites) {
      fmt::print("{}", Describe(site));
    }
  }
}

int Main(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    const base::UniqueFd fd(::open(arguments[i], O_RDONLY | O_CLOEXEC));
    const auto binary = GoBinary::Open(fd.get());
    if (!binary.ok()) {
      fmt::print(stderr, "{}: {}\n", arguments[i], base::Message(binary.status()));
      return EXIT_FAILURE;
    }
    fmt::print("{} ({})\n", arguments[i], (*binary)->info().go_version);
    const ClassifyCallee callees = GoCallees(**binary);
    for (const Operation& operation : kOperations) {
      Report(**binary, operation, callees);
    }
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace nodespan::attach

int main(int count, char** arguments) { return nodespan::attach::Main(count, arguments); }
