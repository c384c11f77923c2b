// SPDX-License-Identifier: Apache-2.0
#include "attach/attach_plan.h"

#include "attach/http_server_plan.h"

namespace nodespan::attach {

std::string_view ToString(Program program) {
  switch (program) {
    case Program::kNetHttpServerStart: return "nethttp_server_start";
    case Program::kNetHttpServerEnd: return "nethttp_server_end";
  }
  return "unknown";
}

bool AttachPlan::attaches_anything() const {
  for (const LibraryPlan& library : libraries) {
    if (library.attach) {
      return true;
    }
  }
  return false;
}

std::string AttachPlan::Problems() const {
  std::string all;
  for (const LibraryPlan& library : libraries) {
    for (const std::string& problem : library.problems) {
      if (!all.empty()) {
        all += "; ";
      }
      all += library.library + ": " + problem;
    }
  }
  return all;
}

AttachPlan MakePlan(const goinspect::GoBinary& binary) {
  AttachPlan plan;
  plan.libraries.push_back(PlanHttpServer(binary, &plan.params));
  return plan;
}

}  // namespace nodespan::attach
