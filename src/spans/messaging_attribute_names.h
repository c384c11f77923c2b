// SPDX-License-Identifier: Apache-2.0
// Names of the messaging attributes in both generations of the semantic conventions (SPEC section 3.5).
#pragma once

#include "spans/attribute_name.h"

namespace nodespan::spans::messaging {

inline constexpr AttributeName kSystem{"messaging.system", "messaging.system"};
inline constexpr AttributeName kOperationName{"messaging.operation.name", ""};
// The two generations also differ in the values.
inline constexpr AttributeName kOperationTypeStable{"messaging.operation.type", ""};
inline constexpr AttributeName kOperationOld{"", "messaging.operation"};
inline constexpr AttributeName kDestinationName{"messaging.destination.name", "messaging.destination.name"};
// A text and a number.
inline constexpr AttributeName kPartitionStable{"messaging.destination.partition.id", ""};
inline constexpr AttributeName kPartitionOld{"", "messaging.kafka.destination.partition"};
inline constexpr AttributeName kOffset{"messaging.kafka.offset", "messaging.kafka.message.offset"};
inline constexpr AttributeName kKey{"messaging.kafka.message.key", "messaging.kafka.message.key"};
inline constexpr AttributeName kTombstone{"messaging.kafka.message.tombstone", "messaging.kafka.message.tombstone"};
inline constexpr AttributeName kGroup{"messaging.consumer.group.name", "messaging.kafka.consumer.group"};
inline constexpr AttributeName kMessageCount{"messaging.batch.message_count", "messaging.batch.message_count"};
inline constexpr AttributeName kClientId{"messaging.client.id", "messaging.client_id"};
inline constexpr AttributeName kServerAddress{"server.address", "server.address"};
inline constexpr AttributeName kServerPort{"server.port", "server.port"};
inline constexpr AttributeName kErrorType{"error.type", ""};

}  // namespace nodespan::spans::messaging
