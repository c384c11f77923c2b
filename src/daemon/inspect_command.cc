// SPDX-License-Identifier: Apache-2.0
#include "daemon/inspect_command.h"

#include <fcntl.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "daemon/inspection.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "procfs/procfs.h"

namespace nodespan::daemon {
namespace {

absl::StatusOr<base::UniqueFd> OpenBinary(const config::InspectRequest& request) {
  if (request.pid.has_value()) {
    NODESPAN_ASSIGN_OR_RETURN(const auto proc, procfs::RealProcFs::Create());
    NODESPAN_ASSIGN_OR_RETURN(const procfs::ProcessDir dir, proc->Open(*request.pid));
    return dir.OpenExe();
  }
  base::UniqueFd fd(::open(request.binary.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return base::ErrnoStatus("open");
  }
  return fd;
}

std::string BuildKind(const goinspect::BinaryInfo& info) {
  std::string kind = info.arch == goinspect::Arch::kAmd64 ? "amd64" : "arm64";
  kind += info.is_pie ? ", position-independent" : ", fixed address";
  kind += info.is_dynamic ? ", dynamically linked" : ", static";
  kind += info.has_symbol_table ? ", with symbols" : ", stripped";
  return kind;
}

const char* StateOf(const attach::LibraryPlan& library) {
  if (library.kind == attach::LibraryKind::kOwnSdk) {
    return library.attach ? "watched; once it exports spans, the program is not traced any more" : "not watched";
  }
  if (library.kind == attach::LibraryKind::kPropagation) {
    return library.attach ? "with --propagate" : "not possible";
  }
  return library.attach ? "traced" : "not traced";
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string AsText(const std::string& name, const Inspection& inspection) {
  const goinspect::BinaryInfo& info = inspection.info;
  std::string out;
  auto line = [&out](std::string_view label, const std::string& value) {
    out += fmt::format("{:<14} {}\n", label, value);
  };
  line("binary", name);
  line("go version", OrDash(info.go_version));
  line("module", OrDash(info.main_module));
  line("build", BuildKind(info));
  line("go build id", OrDash(info.go_build_id));
  line("gnu build id", OrDash(info.gnu_build_id));
  line("functions", fmt::format("{}", info.function_count));
  std::string unused;
  for (const attach::LibraryPlan& library : inspection.plan.libraries) {
    if (!library.is_used) {
      unused += fmt::format("{}{}", unused.empty() ? "" : ", ", library.library);
      continue;
    }
    out += fmt::format("\n{}: {}\n", library.library, StateOf(library));
    const attach::PlannedProbe* previous = nullptr;
    for (const attach::PlannedProbe& probe : library.probes) {
      if (previous == nullptr || previous->function.vaddr != probe.function.vaddr) {
        out += fmt::format("  probe  {}\n", probe.function.name);
      }
      out += fmt::format("         +{} = file offset {:#x}: {} ({})\n", probe.function_off, probe.file_off,
                         probe.instruction, probe.why);
      previous = &probe;
    }
    for (const attach::FieldUse& use : library.fields) {
      out += fmt::format("  field  {}.{} at {} ({})\n", use.struct_name, use.field.name, use.field.offset,
                         use.field.type_name);
    }
    for (const std::string& detail : library.details) {
      out += fmt::format("  uses   {}\n", detail);
    }
    for (const std::string& problem : library.problems) {
      // Those of a traced library begin with "without".
      out += fmt::format("  {}{}\n", library.attach ? "" : "why    ", problem);
    }
  }
  if (!unused.empty()) {
    out += fmt::format("\nnot in this binary: {}\n", unused);
  }
  return out;
}

std::string AsJson(const std::string& name, const Inspection& inspection) {
  using nlohmann::json;
  const goinspect::BinaryInfo& info = inspection.info;
  json report = {
      {"binary", name},
      {"goVersion", info.go_version},
      {"module", info.main_module},
      {"arch", info.arch == goinspect::Arch::kAmd64 ? "amd64" : "arm64"},
      {"pie", info.is_pie},
      {"dynamic", info.is_dynamic},
      {"stripped", !info.has_symbol_table},
      {"goBuildId", info.go_build_id},
      {"gnuBuildId", info.gnu_build_id},
      {"functions", info.function_count},
      {"libraries", json::array()},
  };
  for (const attach::LibraryPlan& library : inspection.plan.libraries) {
    json entry = {{"library", library.library},  {"used", library.is_used}, {"traced", library.attach},
                  {"probes", json::array()},     {"fields", json::array()}, {"details", library.details},
                  {"problems", library.problems}};
    for (const attach::PlannedProbe& probe : library.probes) {
      entry["probes"].push_back({{"program", std::string(ToString(probe.program))},
                                 {"function", probe.function.name},
                                 {"functionOffset", probe.function_off},
                                 {"fileOffset", probe.file_off},
                                 {"instruction", probe.instruction},
                                 {"why", probe.why}});
    }
    for (const attach::FieldUse& use : library.fields) {
      entry["fields"].push_back({{"struct", use.struct_name},
                                 {"field", use.field.name},
                                 {"offset", use.field.offset},
                                 {"type", use.field.type_name}});
    }
    report["libraries"].push_back(std::move(entry));
  }
  // A binary decides what its strings are: invalid UTF-8 is replaced, not fatal.
  return report.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

absl::StatusOr<std::string> RunInspect(const config::InspectRequest& request) {
  const std::string name = request.pid.has_value() ? fmt::format("pid {}", *request.pid) : request.binary;
  absl::StatusOr<base::UniqueFd> fd = OpenBinary(request);
  if (!fd.ok()) {
    return base::Annotate(fd.status(), name);
  }
  absl::StatusOr<Inspection> inspection = Inspect(fd->get());
  if (absl::IsNotFound(inspection.status())) {
    // Who asks about one file gets a longer look than the daemon takes at every process: gccgo and TinyGo leave traces.
    if (absl::Status closer = goinspect::GoBinary::Open(fd->get()).status(); absl::IsUnimplemented(closer)) {
      inspection = std::move(closer);
    }
  }
  if (!inspection.ok()) {
    return base::Annotate(inspection.status(), name);
  }
  return request.json ? AsJson(name, *inspection) : AsText(name, *inspection);
}

}  // namespace nodespan::daemon
