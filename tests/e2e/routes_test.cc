// SPDX-License-Identifier: Apache-2.0
// Routes of web frameworks on server spans (tests/goprograms/frameworks), with the newest and older versions of each.
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

struct Router {
  const char* scenario;
  const char* modules;
};

class RoutesTest : public E2eTest, public ::testing::WithParamInterface<Router> {};

TEST_P(RoutesTest, EveryRequestHasItsRoute) {
  const Program program = BuildOrSkip("path", "default", "frameworks", GetParam().modules);
  if (program.ok()) {
    ExpectTruth(program, {.program_arguments = {"--scenario", GetParam().scenario}});
  }
}

INSTANTIATE_TEST_SUITE_P(Routers, RoutesTest,
                         ::testing::Values(Router{"gin", "default"}, Router{"gin", "older"},
                                           Router{"echofour", "default"}, Router{"echofour", "older"},
                                           Router{"echofive", "default"}, Router{"echofive", "older"},
                                           Router{"chi", "default"}, Router{"chi", "older"},
                                           Router{"gorilla", "default"}, Router{"gorilla", "older"},
                                           Router{"servemux", "default"}),
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
