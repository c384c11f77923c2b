// SPDX-License-Identifier: Apache-2.0
// The larger demo is run as its users run it: all libraries in one process each, and the right edges within it.
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/harness/collector.h"
#include "tests/e2e/harness/database_server.h"
#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

using ::testing::IsSupersetOf;
using ::testing::Pair;

class ShopTest : public E2eTest {};

struct ShopSpan {
  std::string service;
  std::string name;
  std::string parent;
};

// By their ids, of lines of OTLP/JSON.
std::map<std::string, ShopSpan> ReadShopSpans(const std::vector<std::string>& lines) {
  std::map<std::string, ShopSpan> spans;
  for (const std::string& line : lines) {
    const nlohmann::json request = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!request.is_object()) {
      continue;  // the closing line
    }
    Collector::ForEachSpanOf(request, [&spans](const nlohmann::json& resource, const nlohmann::json& span) {
      ShopSpan& shown = spans[span.at("spanId")];
      for (const nlohmann::json& attribute : resource.at("attributes")) {
        if (attribute.at("key") == "service.name") {
          shown.service = attribute.at("value").at("stringValue");
        }
      }
      shown.name = span.at("name");
      shown.parent = span.value("parentSpanId", "");
    });
  }
  return spans;
}

TEST_F(ShopTest, TheDemoShowsAllServicesWithTheRightEdges) {
  if (!BuildOrSkip("path", "default", "shop").ok()) {
    return;
  }
  if (!DatabaseServer::HasPostgres()) {
    GTEST_SKIP() << "PostgreSQL is not installed (package postgresql)";
  }
  const std::string build = std::filesystem::path(NodespanBinary()).parent_path();
  const std::optional<Finished> demo = RunToEnd({"env", "BUILD_DIR=" + build, SourcePath("tools/demo"), "--shop",
                                                 "--seconds", "4", "--rps", "20", "--exporter", "otlp/stdout"},
                                                Milliseconds(300'000));
  ASSERT_TRUE(demo);
  ASSERT_EQ(demo->status, ExitStatus{}) << ::testing::PrintToString(demo->error);

  const std::map<std::string, ShopSpan> spans = ReadShopSpans(demo->output);
  std::set<std::pair<std::string, std::string>> edges;
  for (const auto& [id, span] : spans) {
    const auto parent = spans.find(span.parent);
    if (parent != spans.end()) {
      EXPECT_EQ(parent->second.service, span.service) << span.name;
      edges.insert({parent->second.name, span.service + ": " + span.name});
    }
  }
  EXPECT_THAT(edges, IsSupersetOf({Pair("GET /products/:sku", "shop-front: SELECT products"),
                                   Pair("POST /orders/:sku", "shop-front: shop.Orders/Place"),
                                   Pair("shop.Orders/Place", "shop-orders: BEGIN postgres"),
                                   Pair("shop.Orders/Place", "shop-orders: INSERT orders"),
                                   Pair("shop.Orders/Place", "shop-orders: COMMIT postgres"),
                                   Pair("shop.Orders/Place", "shop-orders: ROLLBACK postgres"),
                                   Pair("shop.Orders/Place", "shop-orders: send orders"),
                                   Pair("receive orders", "shop-stock: process orders"),
                                   Pair("process orders", "shop-stock: UPDATE products")}));
}

}  // namespace
}  // namespace nodespan::e2e
