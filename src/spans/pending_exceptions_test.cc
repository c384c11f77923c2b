// SPDX-License-Identifier: Apache-2.0
#include "spans/pending_exceptions.h"

#include <string>

#include "gtest/gtest.h"
#include "spans/exception_event.h"

namespace nodespan::spans {
namespace {

model::SpanEvent Exception(const std::string& message) {
  model::SpanEvent exception;
  exception.name = kExceptionEvent;
  exception.attributes.emplace_back().key = kExceptionMessage;
  exception.attributes.back().value = message;
  return exception;
}

model::Span Panicked() {
  model::Span span;
  span.status = model::StatusCode::kError;
  span.attributes.emplace_back().key = "error.type";
  span.attributes.back().value = std::string("panic");
  span.status_message = kDidNotReturn;
  return span;
}

constexpr model::SpanId kOne = {1};
constexpr model::SpanId kTwo = {2};

TEST(PendingExceptionsTest, ASpanGetsItsOwnInTheirOrder) {
  PendingExceptions pending;
  EXPECT_EQ(pending.Add(kOne, Exception("a")), 0U);
  EXPECT_EQ(pending.Add(kTwo, Exception("b")), 0U);
  EXPECT_EQ(pending.Add(kOne, Exception("c")), 0U);
  model::Span span = Panicked();
  pending.MoveTo(kOne, span);
  ASSERT_EQ(span.events.size(), 2U);
  EXPECT_EQ(std::get<std::string>(span.events[0].attributes[0].value), "a");
  EXPECT_EQ(std::get<std::string>(span.events[1].attributes[0].value), "c");
  EXPECT_EQ(span.status_message, "panic: c");
  EXPECT_EQ(pending.size(), 1U);
}

TEST(PendingExceptionsTest, AnOperationThatRecoveredKeepsItsStatus) {
  PendingExceptions pending;
  (void)pending.Add(kOne, Exception("a"));
  model::Span span;
  pending.MoveTo(kOne, span);
  EXPECT_EQ(span.events.size(), 1U);
  EXPECT_EQ(span.status, model::StatusCode::kUnset);
  EXPECT_EQ(span.status_message, "");
}

TEST(PendingExceptionsTest, WithoutAPanicTheStatusSaysWhatItSaid) {
  PendingExceptions pending;
  (void)pending.Add(kTwo, Exception("a"));
  model::Span span = Panicked();
  pending.MoveTo(kOne, span);
  EXPECT_TRUE(span.events.empty());
  EXPECT_EQ(span.status_message, kDidNotReturn);
}

TEST(PendingExceptionsTest, TheTypeTellsWhenThereIsNoMessage) {
  PendingExceptions pending;
  model::SpanEvent exception = Exception("*main.refused");
  exception.attributes[0].key = kExceptionType;
  (void)pending.Add(kOne, std::move(exception));
  model::Span span = Panicked();
  pending.MoveTo(kOne, span);
  EXPECT_EQ(span.status_message, "panic: *main.refused");
}

TEST(PendingExceptionsTest, ASpanHasALimit) {
  PendingExceptions pending;
  for (size_t i = 0; i < PendingExceptions::kMaxPerSpan + 3; ++i) {
    (void)pending.Add(kOne, Exception("a"));
  }
  model::Span span;
  pending.MoveTo(kOne, span);
  EXPECT_EQ(span.events.size(), PendingExceptions::kMaxPerSpan);
  EXPECT_EQ(span.dropped_events_count, 3U);
  EXPECT_EQ(pending.size(), 0U);
}

TEST(PendingExceptionsTest, TheOldestMakeRoom) {
  PendingExceptions pending;
  (void)pending.Add(kOne, Exception("old"));
  for (size_t i = 0; i + 1 < PendingExceptions::kMax; ++i) {
    EXPECT_EQ(pending.Add(kTwo, Exception("a")), 0U);
  }
  EXPECT_EQ(pending.Add(kTwo, Exception("new")), 1U);
  EXPECT_EQ(pending.size(), PendingExceptions::kMax);
  model::Span span;
  pending.MoveTo(kOne, span);
  EXPECT_TRUE(span.events.empty());
}

}  // namespace
}  // namespace nodespan::spans
