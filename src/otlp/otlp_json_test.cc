// SPDX-License-Identifier: Apache-2.0
#include "otlp/otlp_json.h"

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "otlp/test_spans.h"

namespace nodespan::otlp {
namespace {

using metrics::Counter;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kHttpScope;
using testing::kSqlScope;
using testing::MakeFullSpan;
using testing::MakeHttpSpan;
using testing::MakeHttpSpans;
using testing::MakeResource;
using testing::RandomSpans;
using ::testing::SizeIs;

json SpanJson(const model::Span& span) {
  return json::parse(ToOtlpJson({&span, 1}))["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
}

TEST(OtlpJsonTest, WritesEveryFieldTheWayTheSpecificationSays) {
  const std::vector<model::Span> spans = {MakeFullSpan(MakeResource("shop"))};
  const json expected = json::parse(R"({"resourceSpans": [{
    "resource": {"attributes": [
      {"key": "service.name", "value": {"stringValue": "shop"}},
      {"key": "process.pid", "value": {"intValue": "4711"}}]},
    "schemaUrl": "https://example.org/resource-schema",
    "scopeSpans": [{
      "scope": {"name": "nodespan/net/http", "version": "1.2.3"},
      "schemaUrl": "https://example.org/schema",
      "spans": [{
        "traceId": "0802030405060708100a0b0c0d0e0f10",
        "spanId": "0802030405060708",
        "traceState": "vendor=opaque,other=1",
        "parentSpanId": "6402030405060708",
        "name": "GET /users/{id}",
        "kind": 2,
        "startTimeUnixNano": "1700000000000000007",
        "endTimeUnixNano": "1700000000002000007",
        "attributes": [
          {"key": "string", "value": {"stringValue": "value"}},
          {"key": "empty", "value": {"stringValue": ""}},
          {"key": "true", "value": {"boolValue": true}},
          {"key": "false", "value": {"boolValue": false}},
          {"key": "negative", "value": {"intValue": "-1"}},
          {"key": "zero", "value": {"intValue": "0"}},
          {"key": "double", "value": {"doubleValue": 0.25}},
          {"key": "strings", "value": {"arrayValue": {"values": [
            {"stringValue": "a"}, {"stringValue": ""}, {"stringValue": "c"}]}}},
          {"key": "none", "value": {"arrayValue": {"values": []}}}],
        "droppedAttributesCount": 3,
        "events": [
          {"timeUnixNano": "123", "name": "exception",
           "attributes": [{"key": "exception.type", "value": {"stringValue": "*errors.errorString"}}],
           "droppedAttributesCount": 2},
          {"timeUnixNano": "124"}],
        "droppedEventsCount": 4,
        "links": [{
          "traceId": "06020304050607080e0a0b0c0d0e0f10", "spanId": "0702030405060708", "traceState": "linked=1",
          "attributes": [{"key": "messaging.message.id", "value": {"stringValue": "42"}}], "flags": 769}],
        "droppedLinksCount": 5,
        "status": {"message": "connection refused", "code": 2},
        "flags": 769}]}]}]})");
  EXPECT_EQ(json::parse(ToOtlpJson(spans)), expected);
}

TEST(OtlpJsonTest, LeavesOutWhatIsAbsent) {
  model::Span span = MakeHttpSpan(MakeResource("shop"));
  span.attributes.clear();
  span.flags = 0;
  const json actual = SpanJson(span);
  std::vector<std::string> keys;
  for (const auto& [key, value] : actual.items()) {
    keys.push_back(key);
  }
  EXPECT_THAT(keys, ElementsAre("endTimeUnixNano", "kind", "name", "spanId", "startTimeUnixNano", "traceId"));
}

TEST(OtlpJsonTest, GroupsInterleavedSpans) {
  const model::ResourcePtr shop = MakeResource("shop");
  const model::ResourcePtr bank = MakeResource("bank");
  std::vector<model::Span> spans;
  for (uint64_t i = 0; i < 8; ++i) {
    spans.push_back(MakeHttpSpan(i % 2 == 0 ? shop : bank, i));
    spans.back().scope = i < 4 ? &kHttpScope : &kSqlScope;
  }
  const json request = json::parse(ToOtlpJson(spans));
  ASSERT_THAT(request["resourceSpans"], SizeIs(2));
  for (const json& resource_spans : request["resourceSpans"]) {
    ASSERT_THAT(resource_spans["scopeSpans"], SizeIs(2));
    for (const json& scope_spans : resource_spans["scopeSpans"]) {
      EXPECT_THAT(scope_spans["spans"], SizeIs(2));
    }
  }
}

TEST(OtlpJsonTest, NumbersJsonCannotNameAreStrings) {
  model::Span span = MakeHttpSpan(MakeResource("shop"));
  const double infinity = std::numeric_limits<double>::infinity();
  span.attributes = {{"nan", std::nan("")}, {"inf", infinity}, {"-inf", -infinity}};
  const json attributes = SpanJson(span)["attributes"];
  EXPECT_EQ(attributes[0]["value"]["doubleValue"], "NaN");
  EXPECT_EQ(attributes[1]["value"]["doubleValue"], "Infinity");
  EXPECT_EQ(attributes[2]["value"]["doubleValue"], "-Infinity");
}

TEST(OtlpJsonTest, AnySpansMakeOneValidLine) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<model::Span> spans = RandomSpans(seed).Make(20);
    spans[3].name = "two\nlines \xFF";
    const std::string line = ToOtlpJson(spans);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_TRUE(json::accept(line));
  }
}

class StdoutJsonExporterTest : public ::testing::Test {
 protected:
  StdoutJsonExporterTest() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    reader_.Reset(fds[0]);
    writer_.Reset(fds[1]);
    exporter_ = *StdoutJsonExporter::Create(
        writer_.get(), &counters_, [this](const absl::Status& status) { reports_.push_back(status.ToString()); });
  }

  void Export(size_t count, absl::Duration time = absl::Seconds(20)) {
    exporter_->Export(MakeHttpSpans(count, resource_), absl::Now() + time);
  }

  // Everything up to the end of the stream, or `size` bytes.
  std::string Read(size_t size = std::numeric_limits<size_t>::max()) {
    std::string text;
    char buffer[4096];
    while (text.size() < size) {
      const ssize_t count = ::read(reader_.get(), buffer, std::min(sizeof buffer, size - text.size()));
      if (count <= 0) {
        break;
      }
      text.append(buffer, static_cast<size_t>(count));
    }
    return text;
  }

  static std::vector<std::string> Lines(const std::string& text) {
    std::vector<std::string> lines;
    size_t start = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
      lines.push_back(text.substr(start, end - start));
      start = end + 1;
    }
    EXPECT_EQ(start, text.size()) << "last line without line feed";
    return lines;
  }

  uint64_t Count(Counter counter) const { return counters_.Get(counter); }

  base::UniqueFd reader_;
  base::UniqueFd writer_;
  metrics::Counters counters_;
  std::vector<std::string> reports_;
  std::unique_ptr<StdoutJsonExporter> exporter_;
  const model::ResourcePtr resource_ = MakeResource("shop");
};

TEST_F(StdoutJsonExporterTest, WritesOneLinePerBatch) {
  Export(2);
  Export(1);
  writer_.Reset();
  const std::vector<std::string> lines = Lines(Read());
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(json::parse(lines[0])["resourceSpans"][0]["scopeSpans"][0]["spans"], SizeIs(2));
  EXPECT_TRUE(json::accept(lines[1]));
  EXPECT_EQ(Count(Counter::kSpansExported), 3u);
  EXPECT_THAT(reports_, IsEmpty());
}

TEST_F(StdoutJsonExporterTest, WritesMoreThanThePipeHoldsThroughShortWrites) {
  for (const int flags : {0, O_NONBLOCK}) {  // blocking, then with EAGAIN
    ASSERT_EQ(::fcntl(writer_.get(), F_SETFL, flags), 0);
    std::thread writer([this] { Export(1000); });  // about 600 KB, the pipe holds 64
    std::string text;
    while (text.empty() || text.back() != '\n') {
      char buffer[1000];
      const ssize_t count = ::read(reader_.get(), buffer, sizeof buffer);
      ASSERT_GT(count, 0);
      text.append(buffer, static_cast<size_t>(count));
    }
    writer.join();
    EXPECT_TRUE(json::accept(text));
  }
  EXPECT_EQ(Count(Counter::kSpansExported), 2000u);
}

TEST_F(StdoutJsonExporterTest, ClosedPipeIsCountedAndRaisesNoSignal) {
  reader_.Reset();
  Export(2);  // SIGPIPE would end the test
  Export(3);
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 5u);
  ASSERT_THAT(reports_, SizeIs(2));
  EXPECT_THAT(reports_[0], HasSubstr("Broken pipe"));
  EXPECT_THAT(reports_[0], HasSubstr("2 spans dropped"));
}

TEST_F(StdoutJsonExporterTest, ReaderThatDoesNotReadCostsTheBatchOnly) {
  Export(1000, absl::Milliseconds(50));  // blocking mode: must not hang
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 1000u);
  EXPECT_THAT(reports_, ElementsAre(HasSubstr("too slow")));
  std::string text;
  std::thread reader([this, &text] { text = Read(); });
  Export(1);
  writer_.Reset();
  reader.join();
  const std::vector<std::string> lines = Lines(text);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_FALSE(json::accept(lines[0])) << "the line that was cut off";
  EXPECT_TRUE(json::accept(lines[1])) << "the next one is whole again";
  EXPECT_EQ(Count(Counter::kSpansExported), 1u);
}

TEST_F(StdoutJsonExporterTest, CancelEndsAWriteThatWaits) {
  std::thread canceller([this] {
    (void)Read(1000);  // the export has begun
    exporter_->Cancel();
  });
  Export(1000, absl::InfiniteDuration());
  canceller.join();
  Export(2, absl::InfiniteDuration());
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown), 1002u);
}

TEST_F(StdoutJsonExporterTest, DescriptorThatCannotBeWrittenIsCounted) {
  exporter_ = *StdoutJsonExporter::Create(reader_.get(), &counters_);
  Export(2, absl::Milliseconds(50));
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 2u);
}

}  // namespace
}  // namespace nodespan::otlp
