// SPDX-License-Identifier: Apache-2.0
#include "spans/redact.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

TEST(RedactTest, ReplacesTheValuesOfKnownSecretsAndKeepsTheirKeys) {
  for (const std::string key : {"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "AWSAccessKeyId",
                                "Signature", "sig", "X-Goog-Signature"}) {
    EXPECT_EQ(RedactQuery("a=1&" + key + "=s3cret%2F&b=2"), "a=1&" + key + "=REDACTED&b=2");
    EXPECT_EQ(RedactQuery(key + "=s3cret"), key + "=REDACTED");
    EXPECT_EQ(RedactQuery(key + "="), key + "=REDACTED");
  }
}

TEST(RedactTest, LeavesEverythingElseByteForByte) {
  for (const std::string_view query : {"", "a", "a=1", "&&", "=x", "a=1;b=2", "SIG=visible", "signature=visible", "sig",
                                       "sig&a=1", "a=sig=1", "%zz=1", "%", "a=%", "mysig=1", "a=1&"}) {
    EXPECT_EQ(RedactQuery(query), query);
  }
}

TEST(RedactTest, FindsEncodedKeysRepeatsAndSemicolons) {
  EXPECT_EQ(RedactQuery("X%2DAmz%2dSignature=s"), "X%2DAmz%2dSignature=REDACTED");
  EXPECT_EQ(RedactQuery("sig=1&sig=2"), "sig=REDACTED&sig=REDACTED");
  EXPECT_EQ(RedactQuery("a=1;sig=2"), "a=1;sig=REDACTED");
  EXPECT_EQ(RedactQuery("sig=half;other-half&b=1"), "sig=REDACTED&b=1");
  EXPECT_EQ(RedactQuery("sig=a=b"), "sig=REDACTED");
}

}  // namespace
}  // namespace nodespan::spans
