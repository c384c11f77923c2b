// SPDX-License-Identifier: Apache-2.0
// Routes of web frameworks on server spans, and the handlers at their end (tests/goprograms/frameworks), with the
// newest and older versions of each.
#include <algorithm>
#include <string_view>

#include "gmock/gmock.h"
#include "tests/e2e/harness/span_check.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

using ::testing::AllOf;
using ::testing::Ne;
using ::testing::UnorderedElementsAreArray;

// What names the code of a handler.
constexpr std::string_view kCodeAttributes[] = {"code.function.name", "code.file.path", "code.line.number"};

// Every span whose line has a handler names that one, but for those of the cases in `unknown`; the spans of requests
// that no route has, none.
void ExpectHandlers(const TruthRun& run, const std::vector<std::string>& unknown) {
  std::vector<std::string> without;
  for (const SpanTruth& truth : run.truth.spans) {
    const auto span = std::find_if(run.spans.begin(), run.spans.end(),
                                   [&](const auto& candidate) { return IdOf(candidate) == truth.id; });
    if (span == run.spans.end()) {
      continue;  // reported already
    }
    const Attributes attributes = AttributesOf(*span);
    const bool has_handler = truth.facts.contains("code.function.name");
    if (!attributes.contains("code.function.name")) {
      if (has_handler) {
        without.push_back(truth.name);
      }
      continue;
    }
    EXPECT_TRUE(attributes.contains("http.route")) << truth.id << ": " << truth.name;
    if (const auto status = attributes.find("http.response.status_code"); status != attributes.end()) {
      EXPECT_THAT(status->second, AllOf(Ne("404"), Ne("405"))) << truth.id << ": " << truth.name;
    }
    for (const std::string_view name : kCodeAttributes) {
      if (const std::string key(name); has_handler) {
        EXPECT_EQ(attributes.contains(key) ? attributes.at(key) : "", truth.facts.at(key))
            << truth.id << ": " << truth.name;
      }
    }
  }
  EXPECT_THAT(without, UnorderedElementsAreArray(unknown));
}

struct Router {
  const char* scenario;
  const char* modules;
  // Cases whose handler is not known. gin and echo 4 tell when all is done, which they do not say of a panic that
  // nobody recovers. Echo 5 has the handler together with its middlewares, and has it since 5.4 only.
  std::vector<std::string> unknown;
};

const std::vector<std::string> kPanic = {"panic"};
const std::vector<std::string> kMiddlewares = {"groups and a copied request", "recovered panic"};
const std::vector<std::string> kAll = {"parameter",
                                       "post",
                                       "root",
                                       "rest of the path",
                                       "groups and a copied request",
                                       "failure",
                                       "handler returns an error",
                                       "recovered panic",
                                       "panic",
                                       "request copied in front",
                                       "request cloned in front",
                                       "behind a ServeMux"};

class RoutesTest : public E2eTest, public ::testing::WithParamInterface<Router> {};

TEST_P(RoutesTest, EveryRequestHasItsRouteAndItsHandler) {
  const Program program = BuildOrSkip("path", "default", "frameworks", GetParam().modules);
  if (program.ok()) {
    const TruthRun run = ExpectTruth(program, {.program_arguments = {"--scenario", GetParam().scenario}});
    ExpectHandlers(run, GetParam().unknown);
  }
}

INSTANTIATE_TEST_SUITE_P(Routers, RoutesTest,
                         ::testing::Values(Router{"gin", "default", kPanic}, Router{"gin", "older", kPanic},
                                           Router{"echofour", "default", kPanic}, Router{"echofour", "older", kPanic},
                                           Router{"echofive", "default", kMiddlewares},
                                           Router{"echofive", "older", kAll}, Router{"chi", "default", {}},
                                           Router{"chi", "older", {}}, Router{"gorilla", "default", {}},
                                           Router{"gorilla", "older", {}}, Router{"servemux", "default", {}}),
                         [](const auto& info) { return std::string(info.param.scenario) + "_" + info.param.modules; });

class RoutesBuildTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(RoutesBuildTest, EveryRequestHasItsRoute) {
  const Program program = BuildOrSkip(GetParam(), "stripped", "frameworks");
  if (program.ok()) {
    ExpectTruth(program, {.tracer_first = true});
  }
}

INSTANTIATE_TEST_SUITE_P(Toolchains, RoutesBuildTest, ::testing::Values("path", "newest"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace nodespan::e2e
