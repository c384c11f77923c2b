// SPDX-License-Identifier: Apache-2.0
#include "attach/sarama_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "attach/plan_steps.h"
#include "attach/sarama_catalog.h"
#include "attach/value_paths.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;
using goinspect::Kind;

// The full name of a function or type of the package; names that are full already, and "error", stay.
std::string InPackage(std::string_view package, std::string_view name) {
  if (name == "error" || name.find('.') < name.find('(')) {
    return std::string(name);
  }
  return name.starts_with('*') ? fmt::format("*{}.{}", package, name.substr(1)) : fmt::format("{}.{}", package, name);
}

bool Has(const GoBinary& binary, std::string_view package, std::string_view function) {
  return FindFunction(binary, InPackage(package, function)).ok();
}

// ResolveFields() for structs of the package.
template <typename Params>
absl::Status ResolveInPackage(const GoBinary& binary, std::string_view package,
                              std::span<const FieldSpec<Params>> specs, Params* params, uint32_t* present,
                              LibraryPlan* plan) {
  for (FieldSpec<Params> spec : specs) {
    const std::string struct_name = InPackage(package, spec.struct_name);
    spec.struct_name = struct_name;
    NODESPAN_RETURN_IF_ERROR(ResolveFields<Params>(binary, {&spec, 1}, params, present, plan));
  }
  return absl::OkStatus();
}

// The same of fields that cannot be done without.
absl::Status ResolveAll(const GoBinary& binary, std::string_view package, std::span<const SaramaField> specs,
                        ns_sarama_params* sarama, LibraryPlan* plan) {
  uint32_t none_optional = 0;
  return ResolveInPackage(binary, package, specs, sarama, &none_optional, plan);
}

absl::Status PlanMessages(const GoBinary& binary, std::string_view package, ns_message_layout* messages,
                          LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType message,
                            binary.FindStruct(InPackage(package, kSaramaCatalog.message)));
  messages->message_bytes = static_cast<uint16_t>(message.size_bytes);
  NODESPAN_RETURN_IF_ERROR(
      ResolveInPackage(binary, package, kSaramaCatalog.message_fields, messages, &messages->present, plan));
  if ((messages->present & NS_MESSAGE_PARAM_HEADERS) == 0) {
    return absl::OkStatus();
  }
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType header,
                            binary.FindStruct(InPackage(package, kSaramaCatalog.header)));
  messages->header_bytes = static_cast<uint16_t>(header.size_bytes);
  return ResolveInPackage(binary, package, kSaramaCatalog.header_fields, messages, &messages->present, plan);
}

// The types of values that are looked into, as far as the program has them.
void PlanItabs(const GoBinary& binary, std::string_view package, ns_sarama_params* sarama, LibraryPlan* plan) {
  for (const SaramaItabSpec& spec : kSaramaCatalog.itabs) {
    const auto itab_vaddr =
        binary.FindItab(InPackage(package, spec.interface_name), InPackage(package, spec.type_name));
    if (!itab_vaddr.ok()) {
      continue;
    }
    if (const absl::Status status = ResolveAll(binary, package, spec.fields, sarama, plan); !status.ok()) {
      plan->problems.push_back(fmt::format("without {}: {}", spec.lost_without, base::Message(status)));
      continue;
    }
    sarama->*spec.itab_vaddr = *itab_vaddr;
  }
}

// What is read of messages, errors and producers.
absl::Status PlanValues(const GoBinary& binary, std::string_view package, ns_sarama_params* sarama, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(PlanMessages(binary, package, &sarama->messages, plan));
  NODESPAN_RETURN_IF_ERROR(ResolveAll(binary, package, kSaramaCatalog.fields, sarama, plan));
  PlanItabs(binary, package, sarama, plan);
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType producer,
                            binary.FindStruct(InPackage(package, kSaramaCatalog.producer)));
  sarama->client_id = FindPath(binary, producer, kSaramaCatalog.client_id, Kind::kString);
  sarama->acks = FindPath(binary, producer, kSaramaCatalog.acks, Kind::kInt16);
  if (sarama->client_id.steps == 0 || sarama->acks.steps == 0) {
    plan->problems.emplace_back("without messaging.client.id or messaging.kafka.offset: the configuration differs");
  }
  return absl::OkStatus();
}

absl::Status PlanReceived(const GoBinary& binary, std::string_view package, ns_message_layout* messages,
                          LibraryPlan* plan) {
  const SaramaConsumerCatalog& catalog = kSaramaConsumerCatalog;
  NODESPAN_RETURN_IF_ERROR(
      ResolveInPackage(binary, package, catalog.message_fields, messages, &messages->present, plan));
  if ((messages->present & NS_MESSAGE_PARAM_HEADERS) == 0) {
    return absl::OkStatus();
  }
  messages->present |= NS_MESSAGE_PARAM_HEADER_POINTERS;
  messages->header_bytes = sizeof(uint64_t);
  return ResolveInPackage(binary, package, catalog.header_fields, messages, &messages->present, plan);
}

absl::Status PlanConsumer(const GoBinary& binary, std::string_view package, ns_sarama_consumer_params* consumer,
                          LibraryPlan* plan) {
  const SaramaConsumerCatalog& catalog = kSaramaConsumerCatalog;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  const std::string parse = InPackage(package, catalog.parse);
  const std::string_view candidates[] = {parse};
  const FunctionSpec start = {Program::kSaramaConsumerStart, candidates};
  constexpr int kMessagesAndError[] = {0, 1, 3, 4};
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&start, 1}));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanEnds(binary, {.program = Program::kSaramaConsumerEnd,
                                                                              .candidates = candidates,
                                                                              .deferred = {},
                                                                              .result_words = kMessagesAndError,
                                                                              .error_word = 2,
                                                                              .allows_hot_return = true}));
  NODESPAN_RETURN_IF_ERROR(PlanReceived(binary, package, &consumer->messages, plan));
  uint32_t none_optional = 0;
  NODESPAN_RETURN_IF_ERROR(ResolveInPackage(binary, package, catalog.fields, consumer, &none_optional, plan));
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType from, binary.FindStruct(InPackage(package, catalog.consumer)));
  consumer->client_id = FindPath(binary, from, catalog.client_id, Kind::kString);
  consumer->broker = FindPath(binary, from, catalog.broker, Kind::kString);
  if (consumer->client_id.steps == 0 || consumer->broker.steps == 0) {
    plan->problems.emplace_back("without messaging.client.id or server.address: the consumer differs");
  }
  const auto error_code = binary.FindItab("error", InPackage(package, catalog.error_code));
  consumer->error_code_itab_vaddr = error_code.ok() ? *error_code : 0;
  std::move(ends.begin(), ends.end(), std::back_inserter(probes));
  plan->probes = std::move(probes);
  return absl::OkStatus();
}

// The package whose producers the program calls: the first one, as both have the same parameters.
std::string_view UsedPackage(const GoBinary& binary) {
  for (const std::string_view package : kSaramaCatalog.packages) {
    const auto calls = [&](const SaramaCallSpec& spec) { return Has(binary, package, spec.start.function); };
    if (std::any_of(kSaramaSyncCatalog.calls.begin(), kSaramaSyncCatalog.calls.end(), calls) ||
        Has(binary, package, kSaramaAsyncCatalog.input)) {
      return package;
    }
  }
  return kSaramaCatalog.packages.front();
}

absl::Status PlanStart(const GoBinary& binary, std::string_view package, const SaramaStartSpec& spec,
                       LibraryPlan* plan) {
  const std::string function = InPackage(package, spec.function);
  const std::string_view candidates[] = {function};
  const FunctionSpec start = {spec.program, candidates};
  NODESPAN_ASSIGN_OR_RETURN(const std::vector<PlannedProbe> probes, PlanProbes(binary, {&start, 1}));
  plan->probes.push_back(probes.front());
  plan->probes.back().site.tag = static_cast<uint8_t>(spec.tag);
  return absl::OkStatus();
}

// Calls that fail are rare, and their returns may be single-stepped.
absl::Status PlanCallEnds(const GoBinary& binary, std::string_view package, const SaramaCallSpec& spec,
                          LibraryPlan* plan) {
  const std::string function = InPackage(package, spec.start.function);
  const std::string_view candidates[] = {function};
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanEnds(binary, {.program = Program::kSaramaProducerEnd,
                                                                              .candidates = candidates,
                                                                              .deferred = {},
                                                                              .result_words = spec.result_words,
                                                                              .error_word = 0,
                                                                              .allows_hot_return = true}));
  std::move(ends.begin(), ends.end(), std::back_inserter(plan->probes));
  return absl::OkStatus();
}

absl::Status PlanSync(const GoBinary& binary, std::string_view package, ns_sarama_params* sarama, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  for (const SaramaCallSpec& spec : kSaramaSyncCatalog.calls) {
    if (!Has(binary, package, spec.start.function)) {
      continue;
    }
    NODESPAN_RETURN_IF_ERROR(PlanStart(binary, package, spec.start, plan));
    NODESPAN_RETURN_IF_ERROR(PlanCallEnds(binary, package, spec, plan));
  }
  NODESPAN_RETURN_IF_ERROR(PlanValues(binary, package, sarama, plan));
  return ResolveAll(binary, package, kSaramaSyncCatalog.fields, sarama, plan);
}

// By which function messages that failed are given back, each once.
const SaramaStartSpec& FailureOf(const GoBinary& binary, std::string_view package) {
  const SaramaStartSpec& several = kSaramaAsyncCatalog.fail_several;
  const std::string one = InPackage(package, kSaramaAsyncCatalog.fail_one.function);
  const std::string caller = InPackage(package, several.function);
  const std::string_view callers[] = {caller};
  const bool is_each =
      !Has(binary, package, several.function) || PlanCall(binary, several.program, one, callers, "").ok();
  return is_each ? kSaramaAsyncCatalog.fail_one : several;
}

absl::Status PlanAsync(const GoBinary& binary, std::string_view package, ns_sarama_params* sarama, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  for (const SaramaStartSpec& spec : kSaramaAsyncCatalog.starts) {
    NODESPAN_RETURN_IF_ERROR(PlanStart(binary, package, spec, plan));
  }
  NODESPAN_RETURN_IF_ERROR(PlanStart(binary, package, FailureOf(binary, package), plan));
  NODESPAN_RETURN_IF_ERROR(PlanValues(binary, package, sarama, plan));
  return ResolveAll(binary, package, kSaramaAsyncCatalog.fields, sarama, plan);
}

}  // namespace

LibraryPlan PlanSaramaSync(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, kSaramaSyncCatalog.library, LibraryKind::kClient, kSaramaSyncCatalog.used_when, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) {
                       return PlanSync(binary, UsedPackage(binary), &candidate->sarama, plan);
                     });
}

LibraryPlan PlanSaramaAsync(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, kSaramaAsyncCatalog.library, LibraryKind::kClient, kSaramaAsyncCatalog.used_when, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) {
                       return PlanAsync(binary, UsedPackage(binary), &candidate->sarama, plan);
                     });
}

LibraryPlan PlanSaramaConsumer(const GoBinary& binary, ns_binary_params* params) {
  const SaramaConsumerCatalog& catalog = kSaramaConsumerCatalog;
  const auto& packages = kSaramaCatalog.packages;
  const auto used = std::find_if(packages.begin(), packages.end(),
                                 [&](std::string_view package) { return Has(binary, package, catalog.parse); });
  return PlanLibrary(binary, catalog.library, LibraryKind::kClient, catalog.used_when, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) {
                       return PlanConsumer(binary, used == packages.end() ? packages.front() : *used,
                                           &candidate->sarama_consumer, plan);
                     });
}

}  // namespace nodespan::attach
