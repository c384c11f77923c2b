// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics_page.h"

#include <unistd.h>

#include <fstream>
#include <utility>
#include <vector>

#include "bpf/abi/nodespan_abi.h"
#include "daemon/loss_report.h"
#include "fmt/format.h"
#include "model/version.h"
#include "prometheus/metric_family.h"
#include "prometheus/text_serializer.h"

namespace nodespan::daemon {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kPrefix = "nodespan_";

MetricFamily Family(std::string_view name, std::string_view help, MetricType type) {
  return {.name = std::string(name), .help = std::string(help), .type = type, .metric = {}};
}

void AddSample(MetricFamily& family, uint64_t value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = static_cast<double>(value);
  family.metric.push_back(std::move(metric));
}

MetricFamily Single(std::string_view name, std::string_view help, MetricType type, uint64_t value) {
  MetricFamily family = Family(name, help, type);
  AddSample(family, value);
  return family;
}

MetricFamily Labelled(std::string_view name, std::string_view help, MetricType type, const char* label,
                      const std::vector<NamedCount>& values) {
  MetricFamily family = Family(name, help, type);
  for (const auto& [value_name, value] : values) {
    AddSample(family, value, {{label, std::string(value_name)}});
  }
  return family;
}

MetricFamily Targets(const metrics::Gauges& gauges) {
  using metrics::Gauge;
  const auto count = [&gauges](Gauge gauge) { return static_cast<uint64_t>(gauges.Get(gauge)); };
  return Labelled("nodespan_targets", "Processes by what is done about them.", MetricType::Gauge, "state",
                  {{"traced", count(Gauge::kTargetsTraced)},
                   {"inspecting", count(Gauge::kTargetsInspecting)},
                   {"refused", count(Gauge::kTargetsRefused)},
                   {"waiting_for_pod", count(Gauge::kTargetsWaiting)}});
}

MetricFamily BuildInfo() {
  MetricFamily family = Family("nodespan_build_info", "Always 1; the labels say what runs.", MetricType::Gauge);
  AddSample(family, 1, {{"version", std::string(model::kVersion)}});
  return family;
}

void AddPods(const k8s::PodSource& pods, std::vector<MetricFamily>& families) {
  MetricFamily synced = Family("nodespan_pod_source_synced", "1: the pods of this node are known.", MetricType::Gauge);
  AddSample(synced, pods.is_synced() ? 1 : 0, {{"source", std::string(pods.name())}});
  families.push_back(std::move(synced));
  families.push_back(
      Single("nodespan_pods", "Pods of this node that are known.", MetricType::Gauge, pods.snapshot()->pods().size()));
}

}  // namespace

std::string RenderMetrics(const metrics::Counters& counters, const metrics::Gauges& gauges,
                          const attach::KernelCounters& kernel, const k8s::PodSource* pods) {
  std::vector<MetricFamily> families;
  families.push_back(BuildInfo());
  families.push_back(Targets(gauges));
  families.push_back(Single("nodespan_container_processes", "Processes in containers.", MetricType::Gauge,
                            static_cast<uint64_t>(gauges.Get(metrics::Gauge::kContainerProcesses))));
  if (pods != nullptr) {
    AddPods(*pods, families);
  }
  families.push_back(Single("nodespan_operations_total", "Operations seen in traced programs.", MetricType::Counter,
                            kernel[NS_COUNT_OPS_STARTED]));
  families.push_back(Single("nodespan_operations_unsampled_total", "Operations that the sampler left out.",
                            MetricType::Counter, kernel[NS_COUNT_OPS_UNSAMPLED]));
  families.push_back(Single("nodespan_operations_excluded_total",
                            "Requests that were left out because of their path or user agent.", MetricType::Counter,
                            kernel[NS_COUNT_OPS_EXCLUDED]));
  families.push_back(Single("nodespan_propagated_total", "Messages into which a traceparent was written.",
                            MetricType::Counter, kernel[NS_COUNT_PROPAGATED]));
  families.push_back(Single("nodespan_propagation_kept_total", "Messages whose traceparent is the program's own.",
                            MetricType::Counter, kernel[NS_COUNT_PROPAGATION_KEPT]));
  families.push_back(Labelled("nodespan_spans_lost_total", "Operations without a delivered span, by reason.",
                              MetricType::Counter, "reason", Losses(counters, kernel)));
  families.push_back(Labelled("nodespan_details_lost_total", "What spans lack, or what is not known about them.",
                              MetricType::Counter, "reason", Details(counters, kernel)));
  for (size_t i = 0; i < static_cast<size_t>(metrics::Counter::kCount); ++i) {
    const auto counter = static_cast<metrics::Counter>(i);
    const metrics::CounterInfo& info = metrics::Describe(counter);
    families.push_back(
        Single(fmt::format("{}{}", kPrefix, info.name), info.help, MetricType::Counter, counters.Get(counter)));
  }
  families.push_back(
      Single("process_resident_memory_bytes", "Resident memory of nodespan.", MetricType::Gauge, ReadOwnRssBytes()));
  return prometheus::TextSerializer().Serialize(families);
}

uint64_t ReadOwnRssBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size_pages = 0;
  uint64_t resident_pages = 0;
  statm >> size_pages >> resident_pages;
  return statm ? resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace nodespan::daemon
