// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/truth_check.h"

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::e2e {
namespace {

using opentelemetry::proto::trace::v1::Span;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kStart = 1'700'000'000'000'000'000;

// A client span for /back/<id>, a root, of one millisecond.
Span MakeSpan(const std::string& id, const std::string& span_id, const std::string& parent = "",
              const std::string& trace_id = "tttttttttttttttt") {
  Span span;
  span.set_trace_id(trace_id);
  span.set_span_id(span_id);
  span.set_parent_span_id(parent);
  span.set_name("GET");
  span.set_kind(opentelemetry::proto::trace::v1::Span_SpanKind_SPAN_KIND_CLIENT);
  span.set_start_time_unix_nano(kStart);
  span.set_end_time_unix_nano(kStart + 1'000'000);
  auto* attribute = span.add_attributes();
  attribute->set_key("url.full");
  attribute->mutable_value()->set_string_value("http://127.0.0.1:80/back/" + id + "?x=1");
  return span;
}

SpanTruth MakeTruth(const std::string& id, const std::string& parent = "root", const std::string& kind = "client") {
  SpanTruth truth;
  truth.id = id;
  truth.kind = kind;
  truth.name = "a case";
  truth.parents = {parent};
  truth.span_name = "GET";
  truth.status = "unset";
  truth.start_ns = kStart;
  truth.end_ns = kStart + 2'000'000;
  return truth;
}

Span AsServer(Span span) {
  span.set_kind(opentelemetry::proto::trace::v1::Span_SpanKind_SPAN_KIND_SERVER);
  return span;
}

Span WithInt(Span span, const std::string& key, int64_t value) {
  auto* attribute = span.add_attributes();
  attribute->set_key(key);
  attribute->mutable_value()->set_int_value(value);
  return span;
}

TEST(TruthCheckTest, ANumberLiesBetweenItsBounds) {
  SpanTruth truth = MakeTruth("basic-00001");
  truth.between["wait"] = {2, 5};
  for (const int64_t right : {2, 5}) {
    EXPECT_THAT(CompareWithTruth({truth}, {WithInt(MakeSpan("basic-00001", "ssssssss"), "wait", right)}), IsEmpty());
  }
  for (const int64_t wrong : {1, 6}) {
    EXPECT_THAT(CompareWithTruth({truth}, {WithInt(MakeSpan("basic-00001", "ssssssss"), "wait", wrong)}),
                ElementsAre(HasSubstr("expected from 2 to 5")));
  }
  EXPECT_THAT(CompareWithTruth({truth}, {MakeSpan("basic-00001", "ssssssss")}),
              ElementsAre(HasSubstr("no number wait")));
}

TEST(TruthCheckTest, FindsNothingWhenAllIsRight) {
  SpanTruth child = MakeTruth("pool-00002", "server:pool-00001");
  child.attributes = {{"http.response.status_code", "200"}};
  child.absent = {"error.type"};
  EXPECT_THAT(
      CompareWithTruth({MakeTruth("pool-00001", "root", "server"), child},
                       {AsServer(MakeSpan("pool-00001", "aaaaaaaa")),
                        WithInt(MakeSpan("pool-00002", "bbbbbbbb", "aaaaaaaa"), "http.response.status_code", 200)}),
      IsEmpty());
}

TEST(TruthCheckTest, FindsMissingSecondAndUnexplainedSpans) {
  EXPECT_THAT(
      CompareWithTruth({MakeTruth("pool-00001"), MakeTruth("pool-00002")},
                       {MakeSpan("pool-00001", "aaaaaaaa"), MakeSpan("pool-00001", "bbbbbbbb"),
                        MakeSpan("pool-00009", "cccccccc"), MakeSpan("none", "dddddddd")}),
      ElementsAre("client:pool-00001: span number 2, \"GET\"",
                  "client:pool-00009: a span \"GET\" that nothing explains", "client:pool-00002 (a case): no span",
                  "client:\"GET\" without id: a span that nothing explains"));
}

TEST(TruthCheckTest, NamesTheWrongParent) {
  const std::vector<SpanTruth> truths = {MakeTruth("pool-00001", "root", "server"),
                                         MakeTruth("pool-00002", "root", "server"),
                                         MakeTruth("pool-00003", "server:pool-00001")};
  const std::vector<Span> servers = {AsServer(MakeSpan("pool-00001", "aaaaaaaa")),
                                     AsServer(MakeSpan("pool-00002", "bbbbbbbb"))};
  const auto findings = [&](const Span& child) { return CompareWithTruth(truths, {servers[0], servers[1], child}); };
  EXPECT_THAT(findings(MakeSpan("pool-00003", "cccccccc", "bbbbbbbb")),
              ElementsAre("client:pool-00003 (a case): parent server:pool-00002, expected server:pool-00001"));
  EXPECT_THAT(findings(MakeSpan("pool-00003", "cccccccc")),
              ElementsAre("client:pool-00003 (a case): parent root, expected server:pool-00001"));
  EXPECT_THAT(
      findings(MakeSpan("pool-00003", "cccccccc", "zzzzzzzz")),
      ElementsAre("client:pool-00003 (a case): parent unknown span 7a7a7a7a7a7a7a7a, expected server:pool-00001"));
  EXPECT_THAT(findings(MakeSpan("pool-00003", "cccccccc", "aaaaaaaa", "uuuuuuuuuuuuuuuu")),
              ElementsAre("client:pool-00003 (a case): parent server:pool-00001 but in another trace, expected "
                          "server:pool-00001"));
}

TEST(TruthCheckTest, TakesAnyOfSeveralParents) {
  SpanTruth truth = MakeTruth("pool-00002");
  truth.parents = {"server:pool-00001", "root"};
  const SpanTruth server = MakeTruth("pool-00001", "root", "server");
  const Span server_span = AsServer(MakeSpan("pool-00001", "aaaaaaaa"));
  EXPECT_THAT(CompareWithTruth({server, truth}, {server_span, MakeSpan("pool-00002", "bbbbbbbb", "aaaaaaaa")}),
              IsEmpty());
  EXPECT_THAT(CompareWithTruth({server, truth}, {server_span, MakeSpan("pool-00002", "bbbbbbbb")}), IsEmpty());
}

TEST(TruthCheckTest, AllowsAttemptsAndOptionalSpans) {
  SpanTruth truth = MakeTruth("sql-00001");
  truth.attempts = 2;
  Span first = MakeSpan("sql-00001", "aaaaaaaa");
  first.set_name("not compared");
  Span second = MakeSpan("sql-00001", "bbbbbbbb");
  second.set_start_time_unix_nano(kStart + 1000);
  EXPECT_THAT(CompareWithTruth({truth}, {second, first}), IsEmpty());
  EXPECT_THAT(CompareWithTruth({truth}, {second, first, MakeSpan("sql-00001", "cccccccc")}),
              ElementsAre("client:sql-00001: span number 3, \"GET\""));
  truth.optional = true;
  EXPECT_THAT(CompareWithTruth({truth}, {}), IsEmpty());
}

TEST(TruthCheckTest, KnowsRemoteParentsAndLinks) {
  SpanTruth truth = MakeTruth("pool-00001", "remote:74747474747474747474747474747474:7070707070707070");
  truth.links = {"remote:75757575757575757575757575757575:7171717171717171"};
  Span span = MakeSpan("pool-00001", "aaaaaaaa", "pppppppp");
  EXPECT_THAT(CompareWithTruth({truth}, {span}), ElementsAre(HasSubstr("no link to remote:7575")));
  auto* link = span.add_links();
  link->set_trace_id("uuuuuuuuuuuuuuuu");
  link->set_span_id("qqqqqqqq");
  EXPECT_THAT(CompareWithTruth({truth}, {span}), IsEmpty());
}

TEST(TruthCheckTest, MakesCallersParentsWhenContextsArePropagated) {
  SpanTruth server = MakeTruth("pool-00001", "root", "server");
  server.caller = "client:pool-00001";
  const std::vector<Span> joined = {MakeSpan("pool-00001", "aaaaaaaa"),
                                    AsServer(MakeSpan("pool-00001", "bbbbbbbb", "aaaaaaaa"))};
  EXPECT_THAT(CompareWithTruth({server, MakeTruth("pool-00001")}, joined, {.propagated = true}), IsEmpty());
  EXPECT_THAT(CompareWithTruth({server, MakeTruth("pool-00001")}, joined), ElementsAre(HasSubstr("expected root")));
}

TEST(TruthCheckTest, FindsWrongNameStatusAttributesAndTimes) {
  SpanTruth truth = MakeTruth("pool-00001");
  truth.span_name = "POST";
  truth.status = "error";
  truth.attributes = {{"error.type", "500"}, {"http.response.status_code", "500"}};
  truth.absent = {"url.full"};
  truth.start_ns = kStart + 1'000'000'000;
  truth.end_ns = kStart + 1'000'000'000;
  EXPECT_THAT(
      CompareWithTruth({truth}, {WithInt(MakeSpan("pool-00001", "aaaaaaaa"), "http.response.status_code", 200)}),
      ElementsAre(HasSubstr("is named \"GET\", expected \"POST\""), HasSubstr("status unset, expected error"),
                  HasSubstr("no error.type, expected \"500\""),
                  HasSubstr("http.response.status_code is \"200\", expected \"500\""),
                  HasSubstr("url.full is \"http://127.0.0.1:80/back/pool-00001?x=1\", expected none"),
                  HasSubstr("starts 1000000000 ns too early")));
}

TEST(TruthCheckTest, GivesSpansWithoutIdToAlikeLinesInTheOrderOfTime) {
  std::vector<SpanTruth> truths = {MakeTruth("sql-00002"), MakeTruth("sql-00001")};
  std::vector<Span> spans;
  for (SpanTruth& truth : truths) {
    truth.match = {{"db.operation.name", "COMMIT"}};
    Span span = MakeSpan("none", "span" + truth.id.substr(5));
    auto* attribute = span.add_attributes();
    attribute->set_key("db.operation.name");
    attribute->mutable_value()->set_string_value("COMMIT");
    spans.push_back(span);
  }
  truths[0].start_ns += 100;  // later than sql-00001
  spans[1].set_start_time_unix_nano(kStart + 100);
  truths[1].attributes = {{"url.full", "of the first"}};
  EXPECT_THAT(CompareWithTruth(truths, spans), ElementsAre(HasSubstr("client:sql-00001 (a case): url.full is")));
  spans.pop_back();
  truths[1].attributes = {};
  EXPECT_THAT(CompareWithTruth(truths, spans),
              ElementsAre("client:sql-00002 (a case): no span; fewer than lines with db.operation.name=COMMIT"));
}

TEST(TruthCheckTest, LooksAtChosenKindsOnlyButKnowsTheOthersAsParents) {
  const SpanTruth child = MakeTruth("pool-00002", "server:pool-00001");
  SpanTruth server = MakeTruth("pool-00001", "root", "server");
  server.span_name = "not looked at";
  const std::vector<Span> spans = {AsServer(MakeSpan("pool-00001", "aaaaaaaa")),
                                   MakeSpan("pool-00002", "bbbbbbbb", "aaaaaaaa")};
  EXPECT_THAT(CompareWithTruth({server, child}, spans, {.kinds = {"client"}}), IsEmpty());
}

TEST(TruthCheckTest, ReadsIdsFromStatementsAndListsTheFindings) {
  Span span;
  span.set_name("SELECT sqlite_00012");
  EXPECT_EQ(IdOf(span), "sqlite-00012");
  EXPECT_EQ(Summarise({"a", "b", "c"}, 2), "3 findings\n  a\n  b\n  ...\n");
}

TEST(ParseTruthTest, ReadsLinesAndSkipsOthers) {
  const absl::StatusOr<ProgramTruth> truth = ParseTruth(
      {"ready pid=1 addr=127.0.0.1:1",
       R"({"kind":"span","id":"a-00001","span_kind":"client","scenario":"s","case":"c","parent":"server:a-00002|root",)"
       R"("status":"","attributes":{"n":1,"t":"x","l":["p","q"]},"start_ns":5,"end_ns":6})",
       R"({"kind":"note","text":"no IPv6"})", R"({"kind":"summary","spans":1,"failures":0})"});
  ASSERT_TRUE(truth.ok());
  ASSERT_EQ(truth->spans.size(), 1U);
  EXPECT_THAT(truth->spans[0].parents, ElementsAre("server:a-00002", "root"));
  EXPECT_EQ(truth->spans[0].attributes.at("n"), "1");
  EXPECT_EQ(truth->spans[0].attributes.at("l"), R"(["p","q"])");
  EXPECT_THAT(truth->notes, ElementsAre("no IPv6"));
  EXPECT_EQ(truth->failures, 0);
}

TEST(ParseTruthTest, RejectsBrokenAndRepeatedLines) {
  const absl::StatusOr<ProgramTruth> broken = ParseTruth({R"({"kind":"span","id":"a-00001"})"});
  EXPECT_EQ(broken.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(base::Message(broken.status()), HasSubstr("bad line of truth"));
  const std::string line =
      R"({"kind":"span","id":"a-00001","span_kind":"client","scenario":"s","case":"c","parent":"root","status":"","start_ns":5,"end_ns":6})";
  const absl::StatusOr<ProgramTruth> repeated = ParseTruth({line, line});
  EXPECT_EQ(repeated.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(base::Message(repeated.status()), HasSubstr("two lines of truth for client:a-00001"));
}

}  // namespace
}  // namespace nodespan::e2e
