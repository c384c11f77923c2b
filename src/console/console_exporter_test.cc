// SPDX-License-Identifier: Apache-2.0
#include "console/console_exporter.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

#include "base/errors.h"
#include "base/unique_fd.h"
#include "console/test_spans.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::console {
namespace {

using base::UniqueFd;
using metrics::Counter;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::MakeSpan;
using ::testing::Not;
using ::testing::StartsWith;
using testing::WithHttp;

struct Ends {
  UniqueFd read;
  UniqueFd write;
};

Ends MakePipe() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
  ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
  ::fcntl(fds[1], F_SETPIPE_SZ, 8192);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// read: what a person sees; write: what the program has as its standard output.
Ends MakeTerminal(unsigned short columns) {
  int controller = -1;
  int terminal = -1;
  winsize size{};
  size.ws_col = columns;
  size.ws_row = 24;
  EXPECT_EQ(::openpty(&controller, &terminal, nullptr, nullptr, &size), 0);
  ::fcntl(controller, F_SETFL, O_NONBLOCK);
  return {UniqueFd(controller), UniqueFd(terminal)};
}

std::string ReadAvailable(const UniqueFd& fd) {
  std::string text;
  std::array<char, 4096> buffer;
  ssize_t size = 0;
  while ((size = ::read(fd.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<size_t>(size));
  }
  return text;
}

std::vector<model::Span> Spans(size_t count) {
  std::vector<model::Span> spans;
  for (size_t i = 0; i < count; ++i) {
    spans.push_back(WithHttp(MakeSpan(static_cast<uint8_t>(i + 1), 1, 0, "GET /a", i, i + 5), 200, "/a"));
  }
  return spans;
}

class ConsoleExporterTest : public ::testing::Test {
 protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

  std::unique_ptr<ConsoleExporter> Make(const UniqueFd& fd, ConsoleOptions options = {}) {
    options.time_zone = absl::UTCTimeZone();
    auto exporter = ConsoleExporter::Create(fd.get(), &counters_, std::move(options));
    EXPECT_TRUE(exporter.ok()) << exporter.status();
    return *std::move(exporter);
  }
  uint64_t Shown() const { return counters_.Get(Counter::kSpansExported); }
  uint64_t Lost() const { return counters_.Get(Counter::kSpansDroppedExport); }
  static absl::Time Soon() { return absl::Now() + absl::Milliseconds(50); }
  static absl::Time Late() { return absl::Now() + absl::Seconds(20); }

  metrics::Counters counters_;
};

TEST_F(ConsoleExporterTest, PipeGetsPlainTextAndSpansAreCounted) {
  const Ends pipe = MakePipe();
  Make(pipe.write)->Export(Spans(2), Late());
  EXPECT_EQ(ReadAvailable(pipe.read), R"(trace 01010101010101010101010101010101
22:13:20.123  ● GET /a                                200  5.00 µs  shop
                server · /a · from 10.0.0.7 · 1.23 kB out · curl/8.5.0

trace 02020202020202020202020202020202
22:13:20.123  ● GET /a                                200  5.00 µs  shop
                server · /a · from 10.0.0.7 · 1.23 kB out · curl/8.5.0

)");
  EXPECT_EQ(Shown(), 2u);
  EXPECT_EQ(Lost(), 0u);
}

TEST_F(ConsoleExporterTest, TerminalGetsColoursUnlessNoColorIsSet) {
  const Ends terminal = MakeTerminal(80);
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  Make(terminal.write)->Export(Spans(1), Late());
  EXPECT_THAT(ReadAvailable(terminal.read), HasSubstr("\x1b[32m200\x1b[0m"));

  ::setenv("NO_COLOR", "", 1);  // an empty value does not count
  Make(terminal.write)->Export(Spans(1), Late());
  EXPECT_THAT(ReadAvailable(terminal.read), HasSubstr("\x1b["));

  ::setenv("NO_COLOR", "1", 1);
  Make(terminal.write)->Export(Spans(1), Late());
  EXPECT_THAT(ReadAvailable(terminal.read), AllOf(HasSubstr("GET /a"), Not(HasSubstr("\x1b"))));
  ::unsetenv("NO_COLOR");

  ::setenv("TERM", "dumb", 1);
  Make(terminal.write)->Export(Spans(1), Late());
  EXPECT_THAT(ReadAvailable(terminal.read), AllOf(HasSubstr("GET /a"), Not(HasSubstr("\x1b"))));
}

TEST_F(ConsoleExporterTest, FollowsTheWidthOfTheTerminal) {
  const Ends terminal = MakeTerminal(60);
  const auto exporter = Make(terminal.write, {.color = false});
  exporter->Export(Spans(1), Late());
  EXPECT_THAT(ReadAvailable(terminal.read), HasSubstr("shop · server"));
  winsize size{};
  size.ws_col = 120;
  ASSERT_EQ(::ioctl(terminal.read.get(), TIOCSWINSZ, &size), 0);
  exporter->Export(Spans(1), Late());
  EXPECT_THAT(ReadAvailable(terminal.read), Not(HasSubstr("shop · server")));
}

TEST_F(ConsoleExporterTest, FullPipeHoldsExportUntilTheDeadlineOnlyAndTheLossIsCounted) {
  const Ends pipe = MakePipe();
  const auto exporter = Make(pipe.write);
  const absl::Time before = absl::Now();
  exporter->Export(Spans(100), Soon());
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
  EXPECT_GT(Shown(), 0u);
  EXPECT_GT(Lost(), 0u);
  EXPECT_EQ(Shown() + Lost(), 100u);
  EXPECT_EQ(::fcntl(pipe.write.get(), F_GETFL) & O_NONBLOCK, 0) << "the caller's descriptor was changed";
}

TEST_F(ConsoleExporterTest, SaysOnceHowManyWereNotShownWhenTheReaderIsBack) {
  const Ends pipe = MakePipe();
  const auto exporter = Make(pipe.write);
  exporter->Export(Spans(100), Soon());
  ReadAvailable(pipe.read);
  exporter->Export(Spans(1), Late());
  const std::string note = "(" + std::to_string(Lost()) + " spans were not shown: the output was too slow)\n\ntrace 01";
  // A new line first, unless the last trace before was complete.
  EXPECT_THAT(ReadAvailable(pipe.read), AnyOf(StartsWith(note), StartsWith("\n" + note)));
  EXPECT_EQ(Shown() + Lost(), 101u);
  exporter->Export(Spans(1), Late());
  EXPECT_THAT(ReadAvailable(pipe.read), StartsWith("trace 01"));
}

TEST_F(ConsoleExporterTest, StoppedTerminalDoesNotHoldExportForGood) {
  const Ends terminal = MakeTerminal(80);
  const auto exporter = Make(terminal.write, {.color = false});
  ASSERT_EQ(::tcflow(terminal.write.get(), TCOOFF), 0);  // Ctrl-S
  const absl::Time before = absl::Now();
  exporter->Export(Spans(3), Soon());
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
  EXPECT_EQ(Lost(), 3u);
  ASSERT_EQ(::tcflow(terminal.write.get(), TCOON), 0);  // Ctrl-Q
  exporter->Export(Spans(1), Late());
  EXPECT_THAT(ReadAvailable(terminal.read), HasSubstr("3 spans were not shown"));
}

TEST_F(ConsoleExporterTest, ClosedPipeLosesEverythingAtOnceAndStaysQuiet) {
  Ends pipe = MakePipe();
  const auto exporter = Make(pipe.write);
  pipe.read.Reset();
  exporter->Export(Spans(2), Late());
  exporter->Export(Spans(2), absl::InfiniteFuture());
  EXPECT_EQ(Shown(), 0u);
  EXPECT_EQ(Lost(), 4u);
}

TEST_F(ConsoleExporterTest, FileIsAppendedToWhereItsOffsetIs) {
  char path[] = "/tmp/nodespan_console_XXXXXX";
  const UniqueFd file(::mkstemp(path));
  ::unlink(path);
  ASSERT_EQ(::write(file.get(), "before\n", 7), 7);
  Make(file)->Export(Spans(1), Late());
  ASSERT_EQ(::write(file.get(), "after\n", 6), 6);
  ASSERT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  EXPECT_THAT(ReadAvailable(file), AllOf(StartsWith("before\ntrace 01"), HasSubstr("curl/8.5.0\n\nafter\n")));
}

TEST_F(ConsoleExporterTest, ClosedDescriptorIsRefused) {
  const auto exporter = ConsoleExporter::Create(9999, &counters_);
  EXPECT_EQ(exporter.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(base::Message(exporter.status()), "console: descriptor 9999 is not open");
}

}  // namespace
}  // namespace nodespan::console
