// SPDX-License-Identifier: Apache-2.0
#include "attach/attach_plan.h"

#include <algorithm>

#include "attach/error_plan.h"
#include "attach/fasthttp_plan.h"
#include "attach/go_runtime_plan.h"
#include "attach/grpc_plan.h"
#include "attach/http_client_plan.h"
#include "attach/http_server_plan.h"
#include "attach/kafka_plan.h"
#include "attach/mongo_plan.h"
#include "attach/otel_plan.h"
#include "attach/panic_plan.h"
#include "attach/pgx_plan.h"
#include "attach/propagation_plan.h"
#include "attach/redis_plan.h"
#include "attach/route_plan.h"
#include "attach/sarama_plan.h"
#include "attach/sql_plan.h"
#include "base/errors.h"

namespace nodespan::attach {
namespace {

// A library of which not all sites fit is not attached at all.
void DropWhatDoesNotFit(std::vector<LibraryPlan>* libraries) {
  size_t sites = 0;
  for (LibraryPlan& library : *libraries) {
    if (sites + library.probes.size() > NS_MAX_SITES) {
      library.problems = {
          fmt::format("needs {} probes where {} are left", library.probes.size(), NS_MAX_SITES - sites)};
      library.attach = false;
      library.probes.clear();
    }
    sites += library.probes.size();
  }
}

// Whether there are operations that look for a parent within the program.
bool HasClientOperations(const std::vector<LibraryPlan>& libraries) {
  return std::any_of(libraries.begin(), libraries.end(), [](const LibraryPlan& library) {
    return library.attach && (library.kind == LibraryKind::kClient || library.kind == LibraryKind::kApi);
  });
}

}  // namespace

bool AttachPlan::attaches_anything() const {
  return std::any_of(libraries.begin(), libraries.end(), [](const LibraryPlan& library) {
    return library.attach && library.kind != LibraryKind::kOwnSdk && library.kind != LibraryKind::kPropagation;
  });
}

std::string AttachPlan::Problems(bool propagates) const {
  if (std::none_of(libraries.begin(), libraries.end(), [](const LibraryPlan& library) {
        return library.is_used && library.kind != LibraryKind::kOwnSdk;
      })) {
    return "uses none of the libraries that are traced";
  }
  std::string all;
  for (const LibraryPlan& library : libraries) {
    if (library.kind == LibraryKind::kPropagation && !propagates) {
      continue;
    }
    for (const std::string& problem : library.problems) {
      if (!all.empty()) {
        all += "; ";
      }
      all += library.library + ": " + problem;
    }
  }
  return all;
}

std::vector<const PlannedProbe*> AttachPlan::Probes() const {
  std::vector<const PlannedProbe*> probes;
  for (const LibraryPlan& library : libraries) {
    for (const PlannedProbe& probe : library.probes) {
      probes.push_back(&probe);
    }
  }
  return probes;
}

AttachPlan MakePlan(const goinspect::GoBinary& binary) {
  AttachPlan plan;
  plan.params.go.image_vaddr = binary.info().image_vaddr;
  plan.params.go.image_bytes = binary.info().image_bytes;
  plan.libraries.push_back(PlanHttpServer(binary, &plan.params));
  plan.libraries.push_back(PlanHttpClient(binary, &plan.params));
  plan.libraries.push_back(PlanHttpTwoClient(binary, plan.libraries.back(), &plan.params));
  plan.libraries.push_back(PlanFasthttpClient(binary, &plan.params));
  plan.libraries.push_back(PlanGrpcServer(binary, &plan.params));
  plan.libraries.push_back(PlanGrpcClient(binary, &plan.params));
  plan.libraries.push_back(PlanSql(binary, &plan.params));
  plan.libraries.push_back(PlanPgx(binary, &plan.params));
  plan.libraries.push_back(PlanRedis(binary, &plan.params));
  plan.libraries.push_back(PlanMongo(binary, &plan.params));
  plan.libraries.push_back(PlanOtelSdks(binary, &plan.params));
  plan.libraries.push_back(PlanOtelGlobal(binary, &plan.params));
  plan.libraries.push_back(PlanOwnSdk(binary));
  plan.libraries.push_back(PlanKafkaWriter(binary, &plan.params));
  plan.libraries.push_back(PlanKafkaReader(binary, &plan.params));
  plan.libraries.push_back(PlanSaramaSync(binary, &plan.params));
  plan.libraries.push_back(PlanSaramaAsync(binary, &plan.params));
  plan.libraries.push_back(PlanSaramaConsumer(binary, &plan.params));
  LibraryPlan fasthttp = PlanFasthttpServer(binary, &plan.params);
  const bool serves_http = plan.libraries.front().attach || fasthttp.attach;
  plan.libraries.push_back(std::move(fasthttp));
  if (plan.libraries.front().attach) {
    for (LibraryPlan& library : PlanHttpStreams(binary, &plan.params)) {
      plan.libraries.push_back(std::move(library));
    }
  }
  if (serves_http) {
    for (LibraryPlan& library : PlanRoutes(binary, &plan.params)) {
      plan.libraries.push_back(std::move(library));
    }
  }
  if (plan.attaches_anything()) {
    plan.libraries.push_back(PlanPanics(binary, &plan.params));
  }
  for (LibraryPlan& library : PlanPropagation(binary, plan.libraries, &plan.params)) {
    plan.libraries.push_back(std::move(library));
  }
  DropWhatDoesNotFit(&plan.libraries);
  plan.params.site_count = static_cast<uint16_t>(plan.Probes().size());
  if (HasClientOperations(plan.libraries)) {
    plan.params.has_client_ops = 1;
    PlanGoroutines(binary, &plan.params.go);
    plan.context_types = PlanContextTypes(binary);
    if (plan.params.otel.context_key_type_vaddr != 0) {
      PlanOtelContexts(binary, &plan.context_types);
    }
    PlanErrors(binary, &plan.params.go);
    plan.types = PlanTypes(binary);
  }
  return plan;
}

}  // namespace nodespan::attach
