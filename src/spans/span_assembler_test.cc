// SPDX-License-Identifier: Apache-2.0
#include "spans/span_assembler.h"

#include "base/errors.h"
#include "events/record_builder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

using events::testing::HttpServerRecordBuilder;
using metrics::Counter;

// Knows one function, one method and one type.
class FakeSymbols : public model::CodeSymbols {
 public:
  const model::CodeLocation* FunctionAt(uint64_t vaddr) override { return vaddr == 0x401000 ? &handler_ : nullptr; }
  const model::CodeLocation* MethodOf(uint64_t type_vaddr, std::string_view method) override {
    return type_vaddr == 0x7000 && method == "Add" ? &handler_ : nullptr;
  }
  model::CodeType TypeAt(uint64_t) override { return {"*errors.errorString", model::CodeType::Kind::kOther, 8}; }
  std::vector<model::CodeLocation> StackOf(const std::vector<uint64_t>&) override { return {handler_}; }

 private:
  const model::CodeLocation handler_{"main.handle", "/src/main.go", 42};
};

std::string TextOf(const model::Span& span, std::string_view key) {
  for (const model::Attribute& attribute : span.attributes) {
    if (const auto* text = std::get_if<std::string>(&attribute.value); text != nullptr && attribute.key == key) {
      return *text;
    }
  }
  return {};
}

class SpanAssemblerTest : public ::testing::Test {
 protected:
  void ExpectCounts(uint64_t read, uint64_t assembled, uint64_t malformed, uint64_t unknown) const {
    EXPECT_EQ(counters_.Get(Counter::kRecordsRead), read);
    EXPECT_EQ(counters_.Get(Counter::kSpansAssembled), assembled);
    EXPECT_EQ(counters_.Get(Counter::kRecordsMalformed), malformed);
    EXPECT_EQ(counters_.Get(Counter::kRecordsUnknownTarget), unknown);
  }

  metrics::Counters counters_;
  TargetDirectory directory_{&base::Clock::Real()};
  SpanAssembler assembler_{&directory_, &base::Clock::Real(), &counters_};
  std::vector<model::Span> spans_;
};

TEST_F(SpanAssemblerTest, LeavesOutSpansByTheirName) {
  const struct {
    std::vector<std::string> patterns;
    bool is_left_out;
  } cases[] = {{{"GET /users/{id}"}, true},
               {{"PUT *", "GET /users*"}, true},
               {{"*"}, true},
               {{"GET /users"}, false},
               {{"get /users/{id}"}, false},
               {{"users*"}, false},
               {{}, false}};
  uint32_t generation = 0;
  uint64_t left_out = 0;
  for (const auto& test : cases) {
    model::SpanOptions options;
    options.excluded_names = test.patterns;
    directory_.Add({3, ++generation}, {std::make_shared<const model::Resource>(), options});
    HttpServerRecordBuilder record;
    record.fixed.header.target_generation = generation;
    record.fixed.route_source = NS_ROUTE_SERVE_MUX;
    record.Set(NS_HTTP_PATTERN, "/users/{id}");
    spans_.clear();
    assembler_.BeginBatch();
    ASSERT_TRUE(assembler_.Assemble(record.Bytes(), spans_).ok());
    EXPECT_EQ(spans_.empty(), test.is_left_out) << ::testing::PrintToString(test.patterns);
    left_out += test.is_left_out ? 1 : 0;
    EXPECT_EQ(counters_.Get(Counter::kSpansExcluded), left_out);
    EXPECT_EQ(counters_.Get(Counter::kSpansAssembled), generation - left_out);
  }
}

TEST_F(SpanAssemblerTest, AppendsTheSpanWithTheResourceAndNamesOfItsTarget) {
  const auto resource = std::make_shared<const model::Resource>();
  model::SpanOptions options;
  options.semconv.http = model::SemconvMode::kOld;
  directory_.Add({3, 7}, {resource, options});
  assembler_.BeginBatch();
  ASSERT_TRUE(assembler_.Assemble(HttpServerRecordBuilder().Bytes(), spans_).ok());
  ASSERT_TRUE(assembler_.Assemble(HttpServerRecordBuilder().Bytes(), spans_).ok());
  ASSERT_EQ(spans_.size(), 2u);
  EXPECT_EQ(spans_[1].name, "GET /users/{id}");
  EXPECT_EQ(spans_[1].resource, resource);
  EXPECT_EQ(spans_[1].attributes.at(0).key, "http.method");
  ExpectCounts(2, 2, 0, 0);
}

TEST_F(SpanAssemblerTest, MalformedRecordIsCountedAndTheNextOneIsRead) {
  directory_.Add({3, 7}, {std::make_shared<const model::Resource>(), {}});
  const std::vector<std::byte> garbage(40, std::byte{0x5a});
  EXPECT_EQ(assembler_.Assemble(garbage, spans_).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(spans_.empty());
  EXPECT_TRUE(assembler_.Assemble(HttpServerRecordBuilder().Bytes(), spans_).ok());
  ExpectCounts(2, 1, 1, 0);
}

TEST_F(SpanAssemblerTest, RecordOfAnUnknownTargetOrAnotherGenerationIsCounted) {
  directory_.Add({3, 8}, {std::make_shared<const model::Resource>(), {}});
  const absl::Status status = assembler_.Assemble(HttpServerRecordBuilder().Bytes(), spans_);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(base::Message(status), "record of target slot 3, generation 7: not traced");
  EXPECT_TRUE(spans_.empty());
  ExpectCounts(1, 0, 0, 1);
}

TEST_F(SpanAssemblerTest, FindsATargetThatWasAttachedDuringTheBatch) {
  assembler_.BeginBatch();
  directory_.Add({3, 7}, {std::make_shared<const model::Resource>(), {}});
  EXPECT_TRUE(assembler_.Assemble(HttpServerRecordBuilder().Bytes(), spans_).ok());
  ExpectCounts(1, 1, 0, 0);
}

TEST_F(SpanAssemblerTest, FindsATargetThatWasJustReleased) {
  directory_.Add({3, 7}, {std::make_shared<const model::Resource>(), {}});
  directory_.Release({3, 7});
  assembler_.BeginBatch();
  EXPECT_TRUE(assembler_.Assemble(HttpServerRecordBuilder().Bytes(), spans_).ok());
}

TEST_F(SpanAssemblerTest, UsesTheKnownMethodsOfTheTarget) {
  model::SpanOptions options;
  options.known_http_methods = {"PROPFIND"};
  directory_.Add({3, 7}, {std::make_shared<const model::Resource>(), options});
  ASSERT_TRUE(assembler_.Assemble(HttpServerRecordBuilder().Bytes(), spans_).ok());
  EXPECT_EQ(spans_[0].name, "HTTP /users/{id}");
}

TEST_F(SpanAssemblerTest, KeepsToTheLimitsOfItsTarget) {
  model::SpanOptions options;
  options.limits = {.attribute_count = 2, .event_count = 0, .value_length = 2};
  directory_.Add({3, 7}, {std::make_shared<const model::Resource>(), options});
  ASSERT_TRUE(assembler_.Assemble(events::testing::PanicRecordBuilder().Bytes(), spans_).ok());
  ASSERT_TRUE(assembler_.Assemble(HttpServerRecordBuilder().Bytes(), spans_).ok());
  ASSERT_EQ(spans_[0].attributes.size(), 2U);
  EXPECT_EQ(TextOf(spans_[0], "http.request.method"), "GE");
  EXPECT_GT(spans_[0].dropped_attributes_count, 5U);
  EXPECT_TRUE(spans_[0].events.empty());
  EXPECT_EQ(spans_[0].dropped_events_count, 1U);
}

TEST_F(SpanAssemblerTest, NamesTheHandlerOfARequest) {
  directory_.Add({3, 7}, {.resource = std::make_shared<const model::Resource>(),
                          .options = {},
                          .types = nullptr,
                          .code = std::make_shared<FakeSymbols>()});
  HttpServerRecordBuilder known;
  known.fixed.handler_vaddr = 0x401000;
  ASSERT_TRUE(assembler_.Assemble(known.Bytes(), spans_).ok());
  HttpServerRecordBuilder unknown;
  unknown.fixed.handler_vaddr = 0x402000;
  ASSERT_TRUE(assembler_.Assemble(unknown.Bytes(), spans_).ok());
  ASSERT_EQ(spans_.size(), 2U);
  EXPECT_EQ(TextOf(spans_[0], "code.function.name"), "main.handle");
  EXPECT_EQ(TextOf(spans_[0], "code.file.path"), "/src/main.go");
  EXPECT_EQ(TextOf(spans_[1], "code.function.name"), "");
}

TEST_F(SpanAssemblerTest, NamesTheMethodOfACall) {
  directory_.Add({3, 7}, {.resource = std::make_shared<const model::Resource>(),
                          .options = {},
                          .types = nullptr,
                          .code = std::make_shared<FakeSymbols>()});
  events::testing::GrpcRecordBuilder record(NS_RECORD_GRPC_SERVER);
  record.fixed.service_type_vaddr = 0x7000;
  ASSERT_TRUE(assembler_.Assemble(record.Bytes(), spans_).ok());
  EXPECT_EQ(TextOf(spans_[0], "code.function.name"), "main.handle");
}

TEST_F(SpanAssemblerTest, APanicBecomesAnEventOfTheSpanThatFollows) {
  directory_.Add({3, 7}, {.resource = std::make_shared<const model::Resource>(),
                          .options = {},
                          .types = nullptr,
                          .code = std::make_shared<FakeSymbols>()});
  ASSERT_TRUE(assembler_.Assemble(events::testing::PanicRecordBuilder().Bytes(), spans_).ok());
  EXPECT_TRUE(spans_.empty());
  HttpServerRecordBuilder panicked;
  panicked.fixed.outcome = NS_HTTP_PANICKED;
  panicked.fixed.status = 0;
  ASSERT_TRUE(assembler_.Assemble(panicked.Bytes(), spans_).ok());
  ASSERT_EQ(spans_.size(), 1U);
  ASSERT_EQ(spans_[0].events.size(), 1U);
  EXPECT_EQ(spans_[0].events[0].name, "exception");
  EXPECT_EQ(spans_[0].status_message, "panic: out of luck");
  ExpectCounts(2, 1, 0, 0);
  ASSERT_TRUE(assembler_.Assemble(HttpServerRecordBuilder().Bytes(), spans_).ok());
  EXPECT_TRUE(spans_[1].events.empty()) << "it has its span already";
}

}  // namespace
}  // namespace nodespan::spans
