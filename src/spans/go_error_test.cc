// SPDX-License-Identifier: Apache-2.0
#include "spans/go_error.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

TEST(GoErrorTest, NamesTypesAsTheGoSdkDoes) {
  const model::TypeNames types({{1, "*net/http.httpError"},
                                {2, "net/http.timeoutError"},
                                {3, "*example.org/a/b.Wrapped[example.org/c.D]"},
                                {4, "*errors.errorString"}});
  EXPECT_EQ(GoErrorType(&types, 1), "*http.httpError");
  EXPECT_EQ(GoErrorType(&types, 2), "net/http.timeoutError");
  EXPECT_EQ(GoErrorType(&types, 3), "*b.Wrapped[example.org/c.D]");
  EXPECT_EQ(GoErrorType(&types, 4), "*errors.errorString");
}

TEST(GoErrorTest, UnknownTypesAreOther) {
  EXPECT_EQ(GoErrorType(nullptr, 1), "_OTHER");
  const model::TypeNames types({{1, "*a.b"}});
  EXPECT_EQ(GoErrorType(&types, 2), "_OTHER");
}

TEST(GoErrorTest, SomeTypesSayAllTheSame) {
  EXPECT_EQ(GoErrorMessage("context.deadlineExceededError", ""), "context deadline exceeded");
  EXPECT_EQ(GoErrorMessage("*poll.DeadlineExceededError", ""), "i/o timeout");
  EXPECT_EQ(GoErrorMessage("context.deadlineExceededError", "shop: context deadline exceeded"),
            "shop: context deadline exceeded");
  EXPECT_EQ(GoErrorMessage("*net.OpError", ""), "");
}

}  // namespace
}  // namespace nodespan::spans
