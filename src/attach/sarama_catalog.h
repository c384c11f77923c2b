// SPDX-License-Identifier: Apache-2.0
// The rows of IBM/sarama in the catalogue. Names of functions and structs are those in its package, which has had two
// paths.
#pragma once

#include <span>
#include <string_view>

#include "attach/kafka_catalog.h"
#include "attach/probe_catalog.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::attach {

using SaramaField = FieldSpec<ns_sarama_params>;

// A function whose start is probed, and what it is given.
struct SaramaStartSpec {
  Program program;
  std::string_view function;
  ns_sarama_call tag;
};

// A call of a SyncProducer.
struct SaramaCallSpec {
  SaramaStartSpec start;
  std::span<const int> result_words;  // of the error
};

// An interface and a type that has it. Names without a dot are of the package, but for "error".
struct SaramaItabSpec {
  std::string_view interface_name;
  std::string_view type_name;  // may begin with "*"
  uint64_t ns_sarama_params::*itab_vaddr;
  std::span<const SaramaField> fields;  // what is read of it where it is found
  std::string_view lost_without;        // what spans lack when they differ
};

struct SaramaCatalog {
  std::span<const std::string_view> packages;  // the first one that is there counts
  std::string_view message;
  std::span<const MessageField> message_fields;
  std::string_view header;
  std::span<const MessageField> header_fields;
  std::span<const SaramaField> fields;
  std::span<const SaramaItabSpec> itabs;  // that a program need not have
  // Fields to go through from the struct of a producer.
  std::string_view producer;
  std::span<const std::string_view> client_id;
  std::span<const std::string_view> acks;
};

struct SaramaSyncCatalog {
  std::string_view library;
  std::span<const std::string_view> used_when;
  std::span<const SaramaCallSpec> calls;  // of which a program has one at least
  std::span<const SaramaField> fields;
};

struct SaramaAsyncCatalog {
  std::string_view library;
  std::string_view input;  // a program that calls it uses such a producer, and not only a SyncProducer
  std::span<const std::string_view> used_when;
  std::span<const SaramaStartSpec> starts;
  SaramaStartSpec fail_one;
  SaramaStartSpec fail_several;  // calls the former where that makes an end of its own
  std::span<const SaramaField> fields;
};

struct SaramaConsumerCatalog {
  std::string_view library;
  std::span<const std::string_view> used_when;
  std::string_view message;
  std::string_view header;
  // Headers are pointers.
  std::span<const MessageField> message_fields;
  std::span<const MessageField> header_fields;
  std::span<const FieldSpec<ns_sarama_consumer_params>> fields;
  std::string_view error_code;
  std::string_view parse;  // looks at what was received of one partition
  // Fields to go through from the struct of a consumer of a partition.
  std::string_view consumer;
  std::span<const std::string_view> client_id;
  std::span<const std::string_view> broker;
};

extern const SaramaConsumerCatalog kSaramaConsumerCatalog;
extern const SaramaCatalog kSaramaCatalog;
extern const SaramaSyncCatalog kSaramaSyncCatalog;
extern const SaramaAsyncCatalog kSaramaAsyncCatalog;

}  // namespace nodespan::attach
