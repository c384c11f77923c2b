// SPDX-License-Identifier: Apache-2.0
// Names of the errors of the Kafka protocol (https://kafka.apache.org/protocol, error codes). Pure function.
#pragma once

#include <cstdint>
#include <string>

namespace nodespan::spans {

// "UNKNOWN_TOPIC_OR_PARTITION" for 3; of a code that has no name here the number.
std::string KafkaErrorName(int64_t code);

}  // namespace nodespan::spans
