// SPDX-License-Identifier: Apache-2.0
#include "attach/kafka_plan.h"

#include <iterator>
#include <optional>
#include <utility>

#include "attach/kafka_catalog.h"
#include "attach/plan_steps.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;

// An itab that not every program has; 0 without.
uint64_t ItabOrZero(const GoBinary& binary, std::string_view interface_name, std::string_view type_name) {
  return binary.FindItab(interface_name, type_name).value_or(0);
}

absl::Status PlanHeaders(const GoBinary& binary, ns_message_layout* messages, LibraryPlan* plan) {
  for (const std::string_view name : kKafkaCatalog.header_structs) {
    const absl::StatusOr<goinspect::StructType> header = binary.FindStruct(name);
    if (!header.ok()) {
      continue;
    }
    messages->header_bytes = static_cast<uint16_t>(header->size_bytes);
    for (MessageField field : kKafkaCatalog.header_fields) {
      field.struct_name = name;
      NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_message_layout>(binary, {&field, 1}, messages, plan));
    }
    return absl::OkStatus();
  }
  return base::MakeStatus(absl::StatusCode::kNotFound, "{} is not in the binary", kKafkaCatalog.header_structs.front());
}

// What writers and readers read of messages and errors.
absl::Status PlanValues(const GoBinary& binary, ns_kafka_params* kafka, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType message, binary.FindStruct(kKafkaCatalog.message));
  if (message.size_bytes > NS_WINDOW_BYTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} has {} bytes", message.qualified_name,
                            message.size_bytes);
  }
  ns_message_layout* messages = &kafka->messages;
  messages->message_bytes = static_cast<uint16_t>(message.size_bytes);
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_message_layout>(binary, kKafkaCatalog.message_fields, messages, plan));
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_kafka_params>(binary, kKafkaCatalog.more_message_fields, kafka, plan));
  if ((messages->present & NS_MESSAGE_PARAM_HEADERS) != 0) {
    if (const absl::Status status = PlanHeaders(binary, messages, plan); !status.ok()) {
      messages->present &= ~uint32_t{NS_MESSAGE_PARAM_HEADERS};
      plan->problems.push_back(fmt::format("without links: {}", base::Message(status)));
    }
  }
  kafka->error_itab_vaddr = ItabOrZero(binary, "error", "github.com/segmentio/kafka-go.Error");
  kafka->write_errors_itab_vaddr = ItabOrZero(binary, "error", "github.com/segmentio/kafka-go.WriteErrors");
  kafka->deadline_itab_vaddr = ItabOrZero(binary, "error", "context.deadlineExceededError");
  return absl::OkStatus();
}

// The writer's topic: a field of its own, up to 0.3 one of the configuration in it.
void PlanWriterTopic(const GoBinary& binary, ns_kafka_params* kafka, LibraryPlan* plan) {
  if (ResolveFields<ns_kafka_params>(binary, kKafkaWriterCatalog.fields, kafka, plan).ok() &&
      (kafka->present & NS_KAFKA_PARAM_WRITER_TOPIC) != 0) {
    return;
  }
  uint16_t offset = 0;
  for (const KafkaField& field : kKafkaWriterCatalog.old_topic) {
    const absl::StatusOr<goinspect::Field> found =
        FindCheckedField(binary, field.struct_name, field.field_name, field.type_names);
    if (!found.ok()) {
      plan->problems.push_back(fmt::format("without messaging.destination.name: {}", base::Message(found.status())));
      return;
    }
    offset = static_cast<uint16_t>(offset + found->offset);
    plan->fields.push_back({std::string(field.struct_name), *found});
  }
  kafka->writer_topic_off = offset;
  kafka->present |= NS_KAFKA_PARAM_WRITER_TOPIC;
}

// An optional part of a writer: fields, and the type that an interface among them has.
void PlanWriterPart(const GoBinary& binary, std::string_view lost_without, std::span<const KafkaField> fields,
                    uint64_t itab_vaddr, uint32_t present_bit, ns_kafka_params* kafka, LibraryPlan* plan) {
  if (itab_vaddr == 0) {
    return;  // the program has no such value
  }
  if (const absl::Status status = ResolveFields<ns_kafka_params>(binary, fields, kafka, plan); !status.ok()) {
    plan->problems.push_back(fmt::format("without {}: {}", lost_without, base::Message(status)));
    return;
  }
  kafka->present |= present_bit;
}

absl::Status PlanWriter(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  ns_kafka_params* kafka = &params->kafka;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(plan->probes, PlanProbes(binary, kKafkaWriterCatalog.functions));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanEnds(binary, kKafkaWriterCatalog.end));
  std::move(ends.begin(), ends.end(), std::back_inserter(plan->probes));
  NODESPAN_RETURN_IF_ERROR(PlanValues(binary, kafka, plan));
  PlanWriterTopic(binary, kafka, plan);
  kafka->network_addr_itab_vaddr = ItabOrZero(binary, "net.Addr", "*github.com/segmentio/kafka-go.networkAddress");
  PlanWriterPart(binary, "server.address", kKafkaWriterCatalog.addr_fields, kafka->network_addr_itab_vaddr,
                 NS_KAFKA_PARAM_WRITER_ADDR, kafka, plan);
  kafka->transport_itab_vaddr =
      ItabOrZero(binary, "github.com/segmentio/kafka-go.RoundTripper", "*github.com/segmentio/kafka-go.Transport");
  PlanWriterPart(binary, "messaging.client.id", kKafkaWriterCatalog.client_fields, kafka->transport_itab_vaddr,
                 NS_KAFKA_PARAM_WRITER_CLIENT, kafka, plan);
  return absl::OkStatus();
}

// Where in the frame of FetchMessage the reader's channel leaves what it is told: the variable of that type whose
// address the runtime gets (runtime/select.go, selectgo). Nobody writes to it before the next turn of the loop.
absl::StatusOr<int32_t> FindReceivedMessage(const GoBinary& binary, const goinspect::Function& fetch,
                                            LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType element,
                            binary.FindStruct(kKafkaReaderCatalog.channel_element));
  const goinspect::Field* message = element.FindField(kKafkaReaderCatalog.message_field);
  if (message == nullptr || message->qualified_type_name != kKafkaCatalog.message) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} has no message", element.qualified_name);
  }
  NODESPAN_ASSIGN_OR_RETURN(const std::vector<goinspect::StackObject> objects, binary.StackObjects(fetch));
  std::optional<int32_t> entry_off;
  for (const goinspect::StackObject& object : objects) {
    if (static_cast<uint64_t>(object.size_bytes) != element.size_bytes) {
      continue;
    }
    if (entry_off.has_value()) {
      return base::MakeStatus(absl::StatusCode::kUnimplemented, "several variables of {} can be a {}", fetch.name,
                              element.qualified_name);
    }
    entry_off = object.entry_sp_off + static_cast<int32_t>(message->offset);
  }
  if (!entry_off.has_value()) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "no variable of {} can be a {}", fetch.name,
                            element.qualified_name);
  }
  plan->fields.push_back({element.qualified_name, *message});
  return *entry_off;
}

// The ends of FetchMessage with the place of the message. At a return that is the caller's: results that are not in
// registers begin behind the return address, on arm64 behind the saved link register.
absl::StatusOr<std::vector<PlannedProbe>> PlanFetchEnds(const GoBinary& binary, LibraryPlan* plan) {
  constexpr int32_t kResultsOff = 8;
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanEnds(binary, kKafkaReaderCatalog.end));
  std::optional<int32_t> received;
  for (PlannedProbe& end : ends) {
    int32_t message_off = kResultsOff;
    if (end.frame_bytes != 0) {
      if (!received.has_value()) {
        NODESPAN_ASSIGN_OR_RETURN(received, FindReceivedMessage(binary, end.function, plan));
      }
      message_off = *received + end.frame_bytes;
    }
    end.site.results[NS_KAFKA_SITE_MESSAGE] = {.value = message_off, .source = NS_VALUE_NONE, .pad = {}};
  }
  return ends;
}

absl::Status PlanReader(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  ns_kafka_params* kafka = &params->kafka;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(plan->probes, PlanProbes(binary, kKafkaReaderCatalog.functions));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanFetchEnds(binary, plan));
  std::move(ends.begin(), ends.end(), std::back_inserter(plan->probes));
  absl::StatusOr<std::vector<PlannedProbe>> close = PlanProbes(binary, {&kKafkaReaderCatalog.close, 1});
  if (close.ok()) {
    std::move(close->begin(), close->end(), std::back_inserter(plan->probes));
  } else if (!absl::IsNotFound(close.status())) {
    plan->problems.push_back(
        fmt::format("without the work on the last message of a reader: {}", base::Message(close.status())));
  }
  NODESPAN_RETURN_IF_ERROR(PlanValues(binary, kafka, plan));
  return ResolveFields<ns_kafka_params>(binary, kKafkaReaderCatalog.fields, kafka, plan);
}

}  // namespace

LibraryPlan PlanKafkaWriter(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(
      binary, kKafkaWriterCatalog.library, LibraryKind::kClient, kKafkaWriterCatalog.functions.front().candidates,
      params, [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanWriter(binary, candidate, plan); });
}

LibraryPlan PlanKafkaReader(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(
      binary, kKafkaReaderCatalog.library, LibraryKind::kClient, kKafkaReaderCatalog.functions.front().candidates,
      params, [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanReader(binary, candidate, plan); });
}

}  // namespace nodespan::attach
