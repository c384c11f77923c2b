// SPDX-License-Identifier: Apache-2.0
// The rows of segmentio/kafka-go in the catalogue.
#pragma once

#include <span>
#include <string_view>

#include "attach/probe_catalog.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::attach {

using KafkaField = FieldSpec<ns_kafka_params>;
using MessageField = FieldSpec<ns_message_layout>;  // what is read of messages of all libraries

// What writers and readers share.
struct KafkaCatalog {
  std::string_view message;
  std::span<const MessageField> message_fields;
  std::span<const KafkaField> more_message_fields;
  std::span<const std::string_view> header_structs;  // where Header is declared, the newest place first
  std::span<const MessageField> header_fields;       // of whichever it is
};

struct KafkaWriterCatalog {
  std::string_view library;
  std::span<const FunctionSpec> functions;
  EndSpec end;
  std::span<const KafkaField> fields;
  std::span<const KafkaField>
      old_topic;  // up to 0.3: the field of the configuration in the writer, and the topic there
  std::span<const KafkaField> addr_fields;
  std::span<const KafkaField> client_fields;
};

struct KafkaReaderCatalog {
  std::string_view library;
  std::span<const FunctionSpec> functions;
  FunctionSpec close;
  EndSpec end;
  std::string_view channel_element;  // the struct that comes with a message through the reader's channel
  std::string_view message_field;
  std::span<const KafkaField> fields;
};

extern const KafkaCatalog kKafkaCatalog;
extern const KafkaWriterCatalog kKafkaWriterCatalog;
extern const KafkaReaderCatalog kKafkaReaderCatalog;

}  // namespace nodespan::attach
