// SPDX-License-Identifier: Apache-2.0
#include "spans/grpc_span.h"

#include <memory>
#include <string>
#include <vector>

#include "events/record_builder.h"
#include "events/record_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "spans/span_test_util.h"

namespace nodespan::spans {
namespace {

using events::testing::GrpcRecordBuilder;
using model::SemconvMode;
using model::SpanKind;
using model::StatusCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::kErrorStringVaddr;
using testing::Lines;
using ::testing::Not;
using ::testing::StartsWith;

constexpr uint64_t kDeadlineVaddr = 0x6000;

model::Span Build(const GrpcRecordBuilder& record, SemconvMode mode = SemconvMode::kNew) {
  static const auto resource = std::make_shared<const model::Resource>();
  static const model::TypeNames types(
      {{kDeadlineVaddr, "context.deadlineExceededError"}, {kErrorStringVaddr, "*errors.errorString"}});
  const std::vector<std::byte> bytes = record.Bytes();
  const absl::StatusOr<events::Event> event = events::ReadRecord(bytes);
  EXPECT_TRUE(event.ok()) << event.status();
  model::Span span;
  BuildGrpcSpan(std::get<events::GrpcEvent>(*event), mode, resource, &types, testing::FixedWallClock(), span);
  return span;
}

TEST(GrpcSpanTest, DescribesACallByTheNewNames) {
  const model::Span span = Build(GrpcRecordBuilder());
  EXPECT_EQ(span.name, "shop.Cart/Add");
  EXPECT_EQ(span.kind, SpanKind::kClient);
  EXPECT_EQ(span.status, StatusCode::kUnset);
  EXPECT_THAT(Lines(span),
              ElementsAre("rpc.system.name=grpc", "rpc.method=shop.Cart/Add", "rpc.response.status_code=OK",
                          "server.address=cart.example", "server.port=50051", "network.peer.address=10.0.0.9",
                          "network.peer.port=50051"));
}

TEST(GrpcSpanTest, DescribesACallByTheOldNames) {
  const model::Span span = Build(GrpcRecordBuilder(NS_RECORD_GRPC_SERVER), SemconvMode::kOld);
  EXPECT_EQ(span.name, "shop.Cart/Add");
  EXPECT_EQ(span.kind, SpanKind::kServer);
  EXPECT_THAT(Lines(span), ElementsAre("rpc.system=grpc", "rpc.service=shop.Cart", "rpc.method=Add",
                                       "rpc.grpc.status_code=0", "server.address=cart.example", "server.port=50051",
                                       "network.peer.address=10.0.0.9", "network.peer.port=50051"));
}

TEST(GrpcSpanTest, GivesTheNewMethodWhenBothNamesAreWanted) {
  EXPECT_THAT(Lines(Build(GrpcRecordBuilder().Code(5, "no such cart"), SemconvMode::kDup)),
              ElementsAre("rpc.system.name=grpc", "rpc.system=grpc", "rpc.service=shop.Cart",
                          "rpc.method=shop.Cart/Add", "rpc.response.status_code=NOT_FOUND", "rpc.grpc.status_code=5",
                          "error.type=NOT_FOUND", "server.address=cart.example", "server.port=50051",
                          "network.peer.address=10.0.0.9", "network.peer.port=50051"));
}

TEST(GrpcSpanTest, EveryOtherCodeIsAnErrorForClientsAndSomeAreForServers) {
  for (uint32_t code = 1; code <= 16; ++code) {
    const model::Span client = Build(GrpcRecordBuilder().Code(code, "because"));
    EXPECT_EQ(client.status, StatusCode::kError) << code;
    EXPECT_EQ(client.status_message, "because");
    const bool is_error = code == 2 || code == 4 || (code >= 12 && code <= 15);
    const model::Span server = Build(GrpcRecordBuilder(NS_RECORD_GRPC_SERVER).Code(code, "because"));
    EXPECT_EQ(server.status, is_error ? StatusCode::kError : StatusCode::kUnset) << code;
    EXPECT_EQ(server.status_message, is_error ? "because" : "");
  }
}

TEST(GrpcSpanTest, WritesCodesWithoutANameAsNumbers) {
  EXPECT_THAT(Lines(Build(GrpcRecordBuilder().Code(99, ""))), Contains("rpc.response.status_code=99"));
  EXPECT_EQ(Build(GrpcRecordBuilder(NS_RECORD_GRPC_SERVER).Code(99, "")).status, StatusCode::kUnset);
}

TEST(GrpcSpanTest, GivesErrorsWithoutACodeTheOneOfTheLibrary) {
  struct Case {
    uint64_t type;
    std::string_view text, code;
  };
  for (const Case& c : {Case{kErrorStringVaddr, "EOF", "OK"}, Case{kErrorStringVaddr, "context canceled", "CANCELLED"},
                        Case{kDeadlineVaddr, "", "DEADLINE_EXCEEDED"}, Case{0x7000, "", "UNKNOWN"}}) {
    GrpcRecordBuilder record;
    record.fixed.present = NS_GRPC_FAILED;
    record.fixed.error_type_vaddr = c.type;
    record.Set(NS_GRPC_MESSAGE, c.text);
    const model::Span span = Build(record);
    EXPECT_THAT(Lines(span), Contains("rpc.response.status_code=" + std::string(c.code)));
    EXPECT_EQ(span.status, c.code == "OK" ? StatusCode::kUnset : StatusCode::kError);
  }
}

TEST(GrpcSpanTest, NamesNoMethodThatTheServerDoesNotHave) {
  GrpcRecordBuilder record(NS_RECORD_GRPC_SERVER);
  record.fixed.present |= NS_GRPC_UNREGISTERED;
  record.Code(12, "unknown method");
  const model::Span span = Build(record);
  EXPECT_EQ(span.name, "grpc");
  EXPECT_THAT(Lines(span), Contains("rpc.method=_OTHER"));
  EXPECT_THAT(Lines(span), Contains("rpc.method_original=shop.Cart/Add"));
  EXPECT_THAT(Lines(Build(record, SemconvMode::kOld)), Contains("rpc.method=Add"));
}

TEST(GrpcSpanTest, LeavesOutWhatIsNotKnown) {
  GrpcRecordBuilder record;
  record.fixed.present = 0;
  record.fixed.peer.ip_bytes = 0;
  record.Set(NS_GRPC_METHOD, "").Set(NS_GRPC_TARGET, "cart.exa", /*cut=*/true);
  const model::Span span = Build(record);
  EXPECT_EQ(span.name, "grpc");
  EXPECT_THAT(Lines(span), ElementsAre("rpc.system.name=grpc"));
}

TEST(GrpcSpanTest, KeepsTheTracestateOfARemoteParentOnly) {
  GrpcRecordBuilder record(NS_RECORD_GRPC_SERVER);
  record.Set(NS_GRPC_TRACESTATE, "vendor=1");
  EXPECT_EQ(Build(record).trace_state, "");
  record.fixed.header.flags = NS_SPAN_REMOTE_PARENT;
  record.fixed.header.parent_span_id[0] = 1;
  EXPECT_EQ(Build(record).trace_state, "vendor=1");
}

TEST(GrpcSpanTest, MakesForeignBytesValidText) {
  GrpcRecordBuilder record;
  record.Code(13, "\xff").Set(NS_GRPC_METHOD, "/a.B/\xfe");
  const model::Span span = Build(record);
  EXPECT_EQ(span.status_message, "\xef\xbf\xbd");
  EXPECT_THAT(span.name, StartsWith("a.B/"));
  EXPECT_THAT(span.name, Not(::testing::HasSubstr("\xfe")));
}

}  // namespace
}  // namespace nodespan::spans
