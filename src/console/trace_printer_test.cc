// SPDX-License-Identifier: Apache-2.0
#include "console/trace_printer.h"

#include <algorithm>

#include "console/terminal_text.h"
#include "console/test_spans.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::console {
namespace {

using testing::Add;
using ::testing::HasSubstr;
using testing::MakeSpan;
using ::testing::Not;
using testing::WithHttp;

std::string Print(const std::vector<model::Span>& spans, size_t width, bool color = false) {
  std::string text;
  for (const TraceTree& tree : BuildTraceTrees(spans)) {
    text += PrintTrace(tree, {.width = width, .color = color, .time_zone = absl::UTCTimeZone()});
  }
  return text;
}

std::vector<model::Span> Checkout() {
  std::vector<model::Span> spans = {
      WithHttp(MakeSpan(0x4b, 2, 1, "GET /stock/{sku}", 2000, 5100, "stock"), 200, "/stock/17", "10.0.0.8"),
      WithHttp(MakeSpan(0x4b, 3, 1, "GET /pay", 8000, 17'900, "pay"), 500, "/pay", "10.0.0.8"),
      WithHttp(MakeSpan(0x4b, 1, 0, "GET /checkout", 0, 21'700, "frontend"), 200, "/checkout")};
  Add(spans[2], "url.query", std::string("cart=7"));
  return spans;
}

model::Span Panic() {
  model::Span span = WithHttp(MakeSpan(3, 3, 0, "GET /panic", 0, 100), 200, "/panic");
  span.attributes.erase(span.attributes.begin() + 1);
  Add(span, "error.type", std::string("panic"));
  span.status = model::StatusCode::kError;
  span.status_message = "it broke";
  return span;
}

size_t LongestLine(std::string_view text) {
  size_t longest = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    longest = std::max(longest, DisplayWidth(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return longest;
}

TEST(TracePrinterTest, DrawsATreeWithBarsOnAWideTerminal) {
  EXPECT_EQ(Print(Checkout(), 100), R"(trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b · 3 spans · 21.7 ms · 1 error
22:13:20.123  ● GET /checkout                         200  21.7 ms  frontend            ━━━━━━━━━━━━
              │ server · /checkout?cart=7 · from 10.0.0.7 · 1.23 kB out · curl/8.5.0
22:13:20.125  ├─● GET /stock/{sku}                    200  3.10 ms  stock                ━━
              │   server · /stock/17 · from 10.0.0.8 · 1.23 kB out · curl/8.5.0
22:13:20.131  ╰─✖ GET /pay                            500  9.90 ms  pay                     ━━━━━━
                  server · /pay · from 10.0.0.8 · 1.23 kB out · curl/8.5.0

)");
}

TEST(TracePrinterTest, KeepsToTheWidthOfTheUsualTerminal) {
  EXPECT_EQ(Print({WithHttp(MakeSpan(2, 1, 0, "GET /users/{id}", 0, 1'320'000), 404, "/users/42")}, 80),
            R"(trace 02020202020202020202020202020202
22:13:20.123  ● GET /users/{id}                     404   1.32 s  shop
                server · /users/42 · from 10.0.0.7 · 1.23 kB out · curl/8.5.0

)");
}

TEST(TracePrinterTest, NarrowTerminalWrapsFactsAndNamesTheServiceAmongThem) {
  EXPECT_EQ(Print(Checkout(), 60), R"(trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b · 3 spans · 21.7 ms
22:13:20.123  ● GET /checkout                   200  21.7 ms
              │ frontend · server · /checkout?cart=7
              │ from 10.0.0.7 · 1.23 kB out · curl/8.5.0
22:13:20.125  ├─● GET /stock/{sku}              200  3.10 ms
              │   stock · server · /stock/17 · from 10.0.0.8
              │   1.23 kB out · curl/8.5.0
22:13:20.131  ╰─✖ GET /pay                      500  9.90 ms
                  pay · server · /pay · from 10.0.0.8
                  1.23 kB out · curl/8.5.0

)");
}

TEST(TracePrinterTest, ErrorWithoutStatusCodeSaysWhy) {
  EXPECT_EQ(Print({Panic()}, 100), R"(trace 03030303030303030303030303030303
22:13:20.123  ✖ GET /panic                            ERR   100 µs  shop
                panic: it broke · server · /panic · from 10.0.0.7 · 1.23 kB out · curl/8.5.0

)");
}

TEST(TracePrinterTest, MarksRemoteAndAbsentParents) {
  model::Span remote = MakeSpan(1, 1, 9, "remote", 0, 1);
  remote.flags = 0x301;
  EXPECT_THAT(Print({remote}, 100), HasSubstr("server · ↖ remote parent 0000000000000009\n"));
  EXPECT_THAT(Print({MakeSpan(1, 1, 9, "local", 0, 1)}, 100),
              HasSubstr("server · ↖ parent 0000000000000009, not in this batch\n"));
  EXPECT_THAT(Print({MakeSpan(1, 1, 0, "root", 0, 1)}, 100), Not(HasSubstr("parent")));
}

TEST(TracePrinterTest, ColoursAreAddedToTheSameText) {
  EXPECT_EQ(
      Print({Panic()}, 80, /*color=*/true),
      "\x1b[2mtrace\x1b[0m \x1b[36m03030303030303030303030303030303\x1b[0m\n"
      "\x1b[2m22:13:20.123\x1b[0m  \x1b[1m\x1b[31m✖\x1b[0m \x1b[1mGET /panic\x1b[0m                          "
      "\x1b[1m\x1b[31mERR\x1b[0m   100 µs  \x1b[96mshop\x1b[0m\n"
      "                \x1b[1m\x1b[31mpanic: it broke\x1b[0m\x1b[2m ·\x1b[0m \x1b[2mserver\x1b[0m\x1b[2m ·\x1b[0m "
      "/panic\x1b[2m ·\x1b[0m \x1b[2mfrom 10.0.0.7\x1b[0m\x1b[2m ·\x1b[0m \x1b[2m1.23 kB out\x1b[0m\n"
      "                \x1b[2mcurl/8.5.0\x1b[0m\n\n");
  for (const size_t width : {60, 80, 100, 120}) {
    std::string colored = Print(Checkout(), width, true);
    for (size_t escape; (escape = colored.find('\x1b')) != std::string::npos;) {
      colored.erase(escape, colored.find('m', escape) - escape + 1);
    }
    EXPECT_EQ(colored, Print(Checkout(), width, false));
  }
}

TEST(TracePrinterTest, ForeignTextCannotReachTheTerminal) {
  model::Span span =
      WithHttp(MakeSpan(1, 1, 0, "GET /\x1b[2J", 0, 1, "sh\x1b]0;op\x07"), 200, "/\x1b[31m\r\nfake line", "\x1b[1m");
  Add(span, "http.request.method_original", std::string("\x1b[0m"));
  span.attributes[4].value = std::string("agent\x1b[8m\x9b");
  span.status = model::StatusCode::kError;
  span.status_message = "\x1b[5m";
  const std::string text = Print({span}, 100);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\r")));
  EXPECT_THAT(text, HasSubstr("/␛[31m␍␊fake line"));
}

TEST(TracePrinterTest, NoLineIsLongerThanTheTerminal) {
  std::vector<model::Span> spans;
  for (uint8_t id = 1; id < 40; ++id) {
    spans.push_back(WithHttp(
        MakeSpan(1, id, static_cast<uint8_t>(id - 1), "GET /" + std::string(200, 'n'), id, 400, std::string(50, 's')),
        500, "/" + std::string(300, 'p'), std::string(100, 'c')));
  }
  for (const size_t width : {60, 75, 76, 80, 99, 100, 119, 120, 300}) {
    EXPECT_LE(LongestLine(Print(spans, width)), width);
  }
  EXPECT_EQ(Print(spans, 0), Print(spans, 60));
}

TEST(TracePrinterTest, OldAttributeNamesShowTheSameFacts) {
  model::Span span = MakeSpan(1, 1, 0, "GET /a", 0, 1);
  span.attributes = {{"http.method", std::string("GET")},         {"http.status_code", int64_t{200}},
                     {"http.target", std::string("/a?b=1")},      {"http.client_ip", std::string("10.0.0.7")},
                     {"http.request_content_length", int64_t{5}}, {"http.response_content_length", int64_t{7}}};
  EXPECT_THAT(Print({span}, 100), HasSubstr("server · /a?b=1 · from 10.0.0.7 · 5 B in · 7 B out\n"));
  EXPECT_THAT(Print({span}, 100), HasSubstr("  200  1.00 µs"));
}

TEST(TracePrinterTest, BothGenerationsOfNamesShowThePathOnce) {
  model::Span span = WithHttp(MakeSpan(1, 1, 0, "GET /a", 0, 1), 200, "/a");
  Add(span, "http.target", std::string("/a?b=1"));
  std::rotate(span.attributes.begin(), span.attributes.end() - 1, span.attributes.end());
  Add(span, "url.query", std::string("b=1"));
  EXPECT_THAT(Print({span}, 100), HasSubstr("server · /a?b=1 · from"));
}

TEST(TracePrinterTest, OtherSpansShowTheirAttributes) {
  model::Span span = MakeSpan(1, 1, 0, "SELECT users", 0, 1);
  span.kind = model::SpanKind::kClient;
  span.attributes = {{"db.system.name", std::string("postgresql")},
                     {"db.response.returned_rows", int64_t{3}},
                     {"flag", true},
                     {"list", std::vector<std::string>{"a", "b"}}};
  const std::string text = Print({span}, 120);
  EXPECT_THAT(
      text, HasSubstr("client · db.system.name=postgresql · db.response.returned_rows=3 · flag=true · list=[a, b]\n"));
  EXPECT_THAT(text, HasSubstr(" -   1.00 µs"));
}

TEST(TracePrinterTest, APanicHasItsValueAndTheCallsThatLedToIt) {
  model::Span span = Panic();
  span.status_message = "panic: no luck";
  model::SpanEvent& event = span.events.emplace_back();
  event.name = "exception";
  const auto add = [&event](std::string_view key, std::string value) {
    model::Attribute& attribute = event.attributes.emplace_back();
    attribute.key = key;
    attribute.value.emplace<std::string>(std::move(value));
  };
  add("exception.type", "*errors.errorString");
  add("exception.message", "no luck");
  add("exception.stacktrace",
      "goroutine 7 "
      "[running]:\nmain.(*shop).order(...)\n\t/src/shop/main.go:42\nmain.b(...)\n\t/src/b.go:1\nmain.c(...)\n"
      "\t/src/c.go:2\nmain.d(...)\n\t/src/d.go:3\nmain.e(...)\n\t/src/e.go:4\n");
  const std::string text = Print({span}, 80);
  EXPECT_THAT(text, HasSubstr("panic: no luck"));
  EXPECT_THAT(text, Not(HasSubstr("panic: panic")));
  EXPECT_THAT(text, HasSubstr("panic *errors.errorString: no luck\n"));
  EXPECT_THAT(text, HasSubstr("  main.(*shop).order main.go:42\n"));
  EXPECT_THAT(text, HasSubstr("  main.d d.go:3\n"));
  EXPECT_THAT(text, Not(HasSubstr("main.e")));
  EXPECT_LE(LongestLine(text), 80U);
}

}  // namespace
}  // namespace nodespan::console
