// SPDX-License-Identifier: Apache-2.0
#include "k8s/watched_instrumentations.h"

#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "k8s/instrumentation_json.h"

namespace nodespan::k8s {

WatchedInstrumentations::WatchedInstrumentations(std::vector<std::string> variables, PodStore* store,
                                                 metrics::Counters* counters)
    : variables_(std::move(variables)), store_(store), counters_(counters) {
  store_->AwaitInstrumentations();
}

absl::Status WatchedInstrumentations::AddListed(std::string_view json) {
  NODESPAN_ASSIGN_OR_RETURN(Instrumentation instrumentation, ParseInstrumentation(json, variables_));
  if (!listed_.Set(std::move(instrumentation))) {
    counters_->Add(metrics::Counter::kInstrumentationsLeftOut);
  }
  return absl::OkStatus();
}

void WatchedInstrumentations::EndList() {
  listed_count_ = listed_.size();
  store_->ReplaceInstrumentations(std::exchange(listed_, {}));
  is_known_ = true;
}

absl::StatusOr<WatchEvent> WatchedInstrumentations::Apply(std::string_view line) {
  NODESPAN_ASSIGN_OR_RETURN(InstrumentationEvent told, ParseInstrumentationEvent(line, variables_));
  if (told.event.type == WatchEvent::Type::kPut) {
    store_->PutInstrumentation(std::move(told.instrumentation));
  } else if (told.event.type == WatchEvent::Type::kDeleted) {
    store_->RemoveInstrumentation(told.instrumentation);
  }
  return std::move(told.event);
}

void WatchedInstrumentations::Tell(const absl::Status& status) {
  const bool cannot_be_read = absl::IsPermissionDenied(status) || absl::IsNotFound(status);
  if (cannot_be_read) {
    store_->RefuseInstrumentations();
  }
  if (status.ok()) {
    spdlog::info("Instrumentation resources come from the API server: {} known", listed_count_);
  } else if (!cannot_be_read || is_known_) {
    spdlog::warn("API server: Instrumentation resources: {}; trying again{}, known ones stay as they were",
                 base::Message(status), cannot_be_read ? " now and then" : "");
  } else if (absl::IsNotFound(status)) {
    spdlog::info(
        "this cluster has no Instrumentation resources (opentelemetry.io/v1alpha1); looking again now and then");
  } else {
    // Whoever does not use them need not allow it.
    spdlog::info(
        "Instrumentation resources do not count: {} (the service account may get, list and watch "
        "instrumentations.opentelemetry.io where they shall); trying again now and then",
        base::Message(status));
  }
}

}  // namespace nodespan::k8s
