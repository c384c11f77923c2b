// SPDX-License-Identifier: Apache-2.0
// What it costs to look at executables: whole inspections, a catalogue of the size that is to come, a second file of
// the same content, and dismissing what is not Go.
//
//   NODESPAN_BENCH_BINARIES=/usr/bin/dockerd:/srv/kubelet build/src/daemon/inspection_bench
//
// extra_rss_mb is how far the resident memory of the process rose at most during one run, above what it was before.
// tests/bench/inspection.py gets executables and compares with readers of debug information.
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/unique_fd.h"
#include "benchmark/benchmark.h"
#include "daemon/inspection.h"
#include "goinspect/go_binary.h"
#include "procfs/procfs.h"

namespace nodespan::daemon {
namespace {

// A line such as "VmHWM:     1234 kB" of /proc/self/status.
double MemoryMb(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name) && line[name.size()] == ':') {
      return std::strtod(line.c_str() + name.size() + 1, nullptr) / 1024;
    }
  }
  return 0;
}

// Runs `work` once and returns by how much the resident memory rose at most.
template <typename Work>
double ExtraRssMb(Work work) {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // resets VmHWM
  const double before = MemoryMb("VmRSS");
  work();
  return MemoryMb("VmHWM") - before;
}

void InspectFile(benchmark::State& state, const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  size_t functions = 0;
  bool is_traced = false;
  const auto inspect = [&] {
    const absl::StatusOr<Inspection> inspection = Inspect(fd.get());
    if (!inspection.ok()) {
      state.SkipWithError(std::string(base::Message(inspection.status())).c_str());
      return;
    }
    functions = inspection->info.function_count;
    is_traced = inspection->plan.attaches_anything();
  };
  inspect();  // warms the page cache
  const double extra_rss_mb = ExtraRssMb(inspect);
  for (auto _ : state) {
    inspect();
  }
  state.counters["file_mb"] = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
  state.counters["functions"] = static_cast<double>(functions);
  state.counters["traced"] = is_traced;
  state.counters["extra_rss_mb"] = extra_rss_mb;
}

// Asks for 300 functions, of which some are missing, and 60 structs one by one, as a catalogue of many libraries does.
void LongCatalogue(benchmark::State& state, const std::string& path) {
  constexpr size_t kFunctions = 300;
  // In most servers; in one that lacks some, looking for them costs the same.
  static constexpr std::string_view kStructs[] = {"net/http.Request",
                                                  "net/http.Response",
                                                  "net/http.response",
                                                  "net/http.conn",
                                                  "net/http.Server",
                                                  "net/http.Transport",
                                                  "net/http.persistConn",
                                                  "net/http.transportRequest",
                                                  "net/http.Client",
                                                  "net/http.Cookie",
                                                  "net/http.pattern",
                                                  "net/http.ServeMux",
                                                  "net/http.body",
                                                  "net/http.connReader",
                                                  "net/http.http2serverConn",
                                                  "net/http.http2stream",
                                                  "net/http.http2Framer",
                                                  "net/http.http2ClientConn",
                                                  "net/http.http2Transport",
                                                  "net/http.http2responseWriterState",
                                                  "net/http.http2MetaHeadersFrame",
                                                  "net/url.URL",
                                                  "net/textproto.Reader",
                                                  "bufio.Reader",
                                                  "bufio.Writer",
                                                  "context.valueCtx",
                                                  "context.cancelCtx",
                                                  "context.timerCtx",
                                                  "runtime.g",
                                                  "runtime.m",
                                                  "runtime.p",
                                                  "runtime._panic",
                                                  "internal/runtime/maps.Map",
                                                  "internal/runtime/maps.table",
                                                  "net.TCPConn",
                                                  "net.netFD",
                                                  "net.TCPAddr",
                                                  "net.conn",
                                                  "internal/poll.FD",
                                                  "crypto/tls.Conn",
                                                  "crypto/tls.ConnectionState",
                                                  "database/sql.DB",
                                                  "database/sql.driverConn",
                                                  "database/sql.Rows",
                                                  "database/sql.Tx",
                                                  "database/sql.Stmt",
                                                  "google.golang.org/grpc.ClientConn",
                                                  "google.golang.org/grpc.Server",
                                                  "google.golang.org/grpc.clientStream",
                                                  "google.golang.org/grpc.serverStream",
                                                  "google.golang.org/grpc.csAttempt",
                                                  "google.golang.org/grpc/internal/transport.Stream",
                                                  "google.golang.org/grpc/internal/transport.http2Server",
                                                  "google.golang.org/grpc/internal/transport.http2Client",
                                                  "google.golang.org/grpc/internal/transport.ServerStream",
                                                  "google.golang.org/grpc/internal/status.Status",
                                                  "golang.org/x/net/http2.MetaHeadersFrame",
                                                  "golang.org/x/net/http2/hpack.HeaderField",
                                                  "github.com/gin-gonic/gin.Context",
                                                  "github.com/segmentio/kafka-go.Message"};
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::vector<std::string> names;
  {
    const auto binary = goinspect::GoBinary::Open(fd.get());
    if (!binary.ok()) {
      state.SkipWithError(std::string(base::Message(binary.status())).c_str());
      return;
    }
    const std::string_view anchor[] = {"runtime.main"};
    const auto main = (*binary)->FindFunctions(anchor);
    // Real ones, spread over the table; every other one is missing, as functions of libraries that are not linked are.
    for (uint64_t vaddr = main[0].has_value() ? main[0]->vaddr : 0; names.size() < kFunctions; vaddr += 0x4321) {
      const auto function = (*binary)->FunctionAt(vaddr);
      names.push_back(function.has_value() ? function->name : "example.com/missing.F" + std::to_string(names.size()));
      names.push_back("example.com/missing.G" + std::to_string(names.size()));
    }
  }
  size_t found = 0;
  const auto ask = [&] {
    found = 0;
    const auto binary = goinspect::GoBinary::Open(fd.get());
    for (const std::string& name : names) {
      const std::string_view one[] = {name};
      found += (*binary)->FindFunctions(one)[0].has_value();
    }
    for (const std::string_view name : kStructs) {
      found += (*binary)->FindStruct(name).ok();
    }
  };
  const double extra_rss_mb = ExtraRssMb(ask);
  for (auto _ : state) {
    ask();
  }
  state.counters["found"] = static_cast<double>(found);
  state.counters["extra_rss_mb"] = extra_rss_mb;
}

// A further replica: another file with the content of one that was inspected.
void Recognize(benchmark::State& state, const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const absl::StatusOr<Inspection> inspection = Inspect(fd.get());
  if (!inspection.ok()) {
    state.SkipWithError(std::string(base::Message(inspection.status())).c_str());
    return;
  }
  for (auto _ : state) {
    const absl::StatusOr<ContentKey> key = ReadContentKey(fd.get());
    if (!key.ok() || *key != inspection->content_key || !inspection->content_proof.Holds(fd.get())) {
      state.SkipWithError("not recognised");
      return;
    }
  }
  state.counters["compared_kb"] = static_cast<double>(inspection->content_proof.bytes()) / 1024;
}

void DismissFile(benchmark::State& state, const std::string& path) {
  for (auto _ : state) {
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    benchmark::DoNotOptimize(goinspect::LooksLikeGo(fd.get()));
  }
}

// All that happens to a selected process that is not Go: /proc/PID opened twice, as the table of processes and the
// manager of targets do, its executable looked at and closed.
void DismissProcess(benchmark::State& state) {
  const auto procfs = procfs::RealProcFs::Create();
  const pid_t pid = ::getpid();
  for (auto _ : state) {
    const auto seen = (*procfs)->Open(pid);
    benchmark::DoNotOptimize(seen->ReadExeIdentity());
    benchmark::DoNotOptimize(seen->ReadExeLink());
    const auto dir = (*procfs)->Open(pid);
    const absl::StatusOr<base::UniqueFd> exe = dir->OpenExe();
    benchmark::DoNotOptimize(goinspect::LooksLikeGo(exe->get()));
  }
}

void RegisterAll() {
  const char* list = std::getenv("NODESPAN_BENCH_BINARIES");
  std::istringstream paths(list == nullptr ? "" : list);
  for (std::string path; std::getline(paths, path, ':');) {
    const std::string name = std::filesystem::path(path).filename();
    benchmark::RegisterBenchmark(("Inspect/" + name).c_str(), InspectFile, path)->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("LongCatalogue/" + name).c_str(), LongCatalogue, path)->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("Recognize/" + name).c_str(), Recognize, path)->Unit(benchmark::kMicrosecond);
  }
  for (const std::string path : {"/bin/sh", "/bin/bash", "/usr/bin/python3", "/usr/bin/perl"}) {
    if (std::filesystem::exists(path)) {
      benchmark::RegisterBenchmark(("DismissFile" + path).c_str(), DismissFile, path)->Unit(benchmark::kMicrosecond);
    }
  }
  benchmark::RegisterBenchmark("DismissProcess", DismissProcess)->Unit(benchmark::kMicrosecond);
}

}  // namespace
}  // namespace nodespan::daemon

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  nodespan::daemon::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
