// SPDX-License-Identifier: Apache-2.0
#include "spans/exception_event.h"

#include <cstring>
#include <map>
#include <string>

#include "base/clock.h"
#include "events/record_builder.h"
#include "events/record_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

using events::PanicEvent;
using model::CodeType;
using ::testing::ElementsAre;
using ::testing::Pair;

PanicEvent WithText(std::string_view text) {
  PanicEvent event;
  event.type_vaddr = 1;
  event.text.text = text;
  return event;
}

PanicEvent WithValue(const void* value, size_t bytes) {
  PanicEvent event;
  event.type_vaddr = 1;
  std::memcpy(event.value.data(), value, bytes);
  event.value_bytes = 32;
  return event;
}

std::string Message(const PanicEvent& event, std::string name, CodeType::Kind kind = CodeType::Kind::kOther,
                    uint8_t size_bytes = 0) {
  return PanicMessage(event, {std::move(name), kind, size_bytes}).value_or("(none)");
}

TEST(PanicMessageTest, StringsAndErrorsThatHoldOneAreRead) {
  const PanicEvent event = WithText("out of luck");
  EXPECT_EQ(Message(event, "string", CodeType::Kind::kString), "out of luck");
  EXPECT_EQ(Message(event, "main.word", CodeType::Kind::kString), "out of luck");
  EXPECT_EQ(Message(event, "*errors.errorString"), "out of luck");
  EXPECT_EQ(Message(event, "*fmt.wrapError"), "out of luck");
  EXPECT_EQ(Message(event, "runtime.errorString", CodeType::Kind::kString), "runtime error: out of luck");
  EXPECT_EQ(Message(event, "runtime.plainError", CodeType::Kind::kString), "out of luck");
}

TEST(PanicMessageTest, TheTextOfOtherTypesIsNotTakenForTheirs) {
  EXPECT_EQ(Message(WithText("secret"), "*main.refused"), "(none)");
  EXPECT_EQ(Message(WithText("secret"), ""), "(none)");
}

TEST(PanicMessageTest, NumbersHaveTheSignAndTheSizeOfTheirType) {
  const int64_t minus_two = -2;
  const PanicEvent event = WithValue(&minus_two, sizeof(minus_two));
  EXPECT_EQ(Message(event, "int", CodeType::Kind::kSigned, 8), "-2");
  EXPECT_EQ(Message(event, "main.level", CodeType::Kind::kSigned, 1), "-2");
  EXPECT_EQ(Message(event, "uint8", CodeType::Kind::kUnsigned, 1), "254");
  EXPECT_EQ(Message(event, "uint64", CodeType::Kind::kUnsigned, 8), "18446744073709551614");
  EXPECT_EQ(Message(event, "int128", CodeType::Kind::kSigned, 16), "(none)");
  const bool yes = true;
  EXPECT_EQ(Message(WithValue(&yes, 1), "bool", CodeType::Kind::kBool, 1), "true");
  PanicEvent unread = WithValue(&yes, 1);
  unread.value_bytes = 0;
  EXPECT_EQ(Message(unread, "bool", CodeType::Kind::kBool, 1), "(none)");
  EXPECT_EQ(Message(unread, "int", CodeType::Kind::kSigned, 8), "(none)");
}

std::string Bounds(int64_t x, int64_t y, bool is_signed, uint8_t code) {
  struct {
    int64_t x, y;
    uint8_t is_signed, code;
    uint8_t pad[6];
  } value = {x, y, is_signed, code, {}};
  return Message(WithValue(&value, sizeof(value)), "runtime.boundsError");
}

TEST(PanicMessageTest, BoundsErrorsSayWhatTheRuntimeSays) {
  EXPECT_EQ(Bounds(5, 3, true, 0), "runtime error: index out of range [5] with length 3");
  EXPECT_EQ(Bounds(-1, 3, true, 0), "runtime error: index out of range [-1]");
  EXPECT_EQ(Bounds(-1, 3, false, 0), "runtime error: index out of range [18446744073709551615] with length 3");
  EXPECT_EQ(Bounds(9, 4, true, 2), "runtime error: slice bounds out of range [:9] with capacity 4");
  EXPECT_EQ(Bounds(3, 2, true, 3), "runtime error: slice bounds out of range [3:2]");
  EXPECT_EQ(Bounds(4, 2, true, 8),
            "runtime error: cannot convert slice with length 2 to array or pointer to array with length 4");
  EXPECT_EQ(Bounds(4, 2, true, 9), "(none)");
}

TEST(StackTextTest, BeginsWithTheFunctionThatPanickedAndEndsWithTheGoroutine) {
  const std::vector<model::CodeLocation> stack = {{"runtime.goPanicIndex", "/go/panic.go", 1},
                                                  {"main.inner", "/src/a.go", 10},
                                                  {"runtime.call32", "/go/asm.s", 2},
                                                  {"main.outer", "/src/b.go", 20},
                                                  {"runtime.goexit", "/go/asm.s", 3}};
  EXPECT_EQ(StackText(stack, 17),
            "goroutine 17 [running]:\nmain.inner(...)\n\t/src/a.go:10\nruntime.call32(...)\n\t/go/asm.s:2\n"
            "main.outer(...)\n\t/src/b.go:20\n");
  EXPECT_EQ(StackText({}, 17), "");
  EXPECT_EQ(StackText({stack.front()}, 17), "");
}

class OneTypeSymbols : public model::CodeSymbols {
 public:
  explicit OneTypeSymbols(CodeType type) : type_(std::move(type)) {}
  const model::CodeLocation* FunctionAt(uint64_t) override { return nullptr; }
  const model::CodeLocation* MethodOf(uint64_t, std::string_view) override { return nullptr; }
  CodeType TypeAt(uint64_t vaddr) override { return vaddr == 0x7000 ? type_ : CodeType{}; }
  std::vector<model::CodeLocation> StackOf(const std::vector<uint64_t>& return_vaddrs) override {
    return {{"main.handle", "/src/main.go", static_cast<uint32_t>(return_vaddrs.size())}};
  }

 private:
  CodeType type_;
};

std::map<std::string, std::string> AttributesOf(const model::SpanEvent& event) {
  std::map<std::string, std::string> attributes;
  for (const model::Attribute& attribute : event.attributes) {
    attributes[std::string(attribute.key)] = std::get<std::string>(attribute.value);
  }
  return attributes;
}

class ExceptionEventTest : public ::testing::Test {
 protected:
  std::optional<model::SpanEvent> Build(const events::testing::PanicRecordBuilder& record,
                                        model::CodeSymbols* symbols) {
    bytes_ = record.Bytes();
    const auto event = events::ReadRecord(bytes_);
    EXPECT_TRUE(event.ok()) << event.status();
    return BuildExceptionEvent(std::get<PanicEvent>(*event), symbols, clock_);
  }

  std::vector<std::byte> bytes_;
  WallClock clock_{&base::Clock::Real()};
};

TEST_F(ExceptionEventTest, HasTypeMessageAndStack) {
  OneTypeSymbols symbols({"*errors.errorString", CodeType::Kind::kOther, 8});
  const auto event = Build({}, &symbols);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->name, "exception");
  EXPECT_THAT(AttributesOf(*event),
              ElementsAre(Pair("exception.message", "out of luck"),
                          Pair("exception.stacktrace", "goroutine 17 [running]:\nmain.handle(...)\n\t/src/main.go:2\n"),
                          Pair("exception.type", "*errors.errorString")));
}

TEST_F(ExceptionEventTest, AnAbortedAnswerIsNone) {
  OneTypeSymbols symbols({"*errors.errorString", CodeType::Kind::kOther, 8});
  events::testing::PanicRecordBuilder record;
  record.Set(NS_PANIC_TEXT, "net/http: abort Handler");
  EXPECT_FALSE(Build(record, &symbols).has_value());
}

TEST_F(ExceptionEventTest, WithoutSymbolsThereIsStillAnEvent) {
  const auto event = Build({}, nullptr);
  ASSERT_TRUE(event.has_value());
  EXPECT_TRUE(event->attributes.empty());
}

TEST_F(ExceptionEventTest, NilHasAMessage) {
  OneTypeSymbols symbols({});
  events::testing::PanicRecordBuilder record;
  record.fixed.type_vaddr = 0;
  const auto event = Build(record, &symbols);
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(AttributesOf(*event)["exception.message"], "panic called with nil argument");
}

}  // namespace
}  // namespace nodespan::spans
