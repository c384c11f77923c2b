// SPDX-License-Identifier: Apache-2.0
#include "attach/kafka_catalog.h"

namespace nodespan::attach {
namespace {

using Params = ns_kafka_params;

constexpr std::string_view kString[] = {"string"};
constexpr std::string_view kStrings[] = {"[]string"};
constexpr std::string_view kBytes[] = {"[]uint8"};
constexpr std::string_view kInt[] = {"int"};
constexpr std::string_view kInt64[] = {"int64"};
constexpr std::string_view kHeaders[] = {"[]protocol.Header", "[]kafka.Header"};  // the latter up to 0.3
constexpr std::string_view kNetAddr[] = {"net.Addr"};
constexpr std::string_view kRoundTripper[] = {"kafka.RoundTripper"};
constexpr std::string_view kReaderConfig[] = {"kafka.ReaderConfig"};
constexpr std::string_view kWriterConfig[] = {"kafka.WriterConfig"};
constexpr std::string_view kDialerPtr[] = {"*kafka.Dialer"};

// Source: message.go; protocol/record.go.
constexpr std::string_view kMessage = "github.com/segmentio/kafka-go.Message";
constexpr std::string_view kHeaderStructs[] = {"github.com/segmentio/kafka-go/protocol.Header",
                                               "github.com/segmentio/kafka-go.Header"};
constexpr MessageField kMessageFields[] = {
    {kMessage, "Topic", kString, &ns_message_layout::topic_off},
    {kMessage, "Headers", kHeaders, &ns_message_layout::headers_off, NS_MESSAGE_PARAM_HEADERS, "links"},
};
constexpr KafkaField kMoreMessageFields[] = {
    {kMessage, "Partition", kInt, &Params::message_partition_off},
    {kMessage, "Offset", kInt64, &Params::message_offset_off},
    {kMessage, "Key", kBytes, &Params::message_key_off},
    {kMessage, "Value", kBytes, &Params::message_value_off},
};
constexpr MessageField kHeaderFields[] = {
    {kHeaderStructs[0], "Key", kString, &ns_message_layout::header_key_off},
    {kHeaderStructs[0], "Value", kBytes, &ns_message_layout::header_value_off},
};

// Source: writer.go. What is deferred is w.leave(), which leaves the result alone; it is called func1 up to Go 1.21 and
// deferwrap1 since. Releases before 0.4 defer nothing.
constexpr std::string_view kWriteMessages[] = {"github.com/segmentio/kafka-go.(*Writer).WriteMessages"};
constexpr std::string_view kWriteDeferred[] = {"github.com/segmentio/kafka-go.(*Writer).WriteMessages.deferwrap1",
                                               "github.com/segmentio/kafka-go.(*Writer).WriteMessages.func1"};
constexpr int kOnlyError[] = {0, 1};

constexpr FunctionSpec kWriterFunctions[] = {{Program::kKafkaWriterStart, kWriteMessages}};
constexpr std::string_view kWriter = "github.com/segmentio/kafka-go.Writer";
constexpr KafkaField kWriterFields[] = {
    {kWriter, "Topic", kString, &Params::writer_topic_off, NS_KAFKA_PARAM_WRITER_TOPIC},
};
constexpr KafkaField kOldTopic[] = {
    {kWriter, "config", kWriterConfig, &Params::writer_topic_off, NS_KAFKA_PARAM_WRITER_TOPIC},
    {"github.com/segmentio/kafka-go.WriterConfig", "Topic", kString, &Params::writer_topic_off,
     NS_KAFKA_PARAM_WRITER_TOPIC},
};
// Source: address.go, transport.go.
constexpr KafkaField kAddrFields[] = {
    {kWriter, "Addr", kNetAddr, &Params::writer_addr_off},
    {"github.com/segmentio/kafka-go.networkAddress", "address", kString, &Params::network_addr_address_off},
};
constexpr KafkaField kWriterClientFields[] = {
    {kWriter, "Transport", kRoundTripper, &Params::writer_transport_off},
    {"github.com/segmentio/kafka-go.Transport", "ClientID", kString, &Params::transport_client_id_off},
};

// Source: reader.go, dialer.go. A Message is too large for registers, so only the error is in them.
constexpr std::string_view kFetchMessage[] = {"github.com/segmentio/kafka-go.(*Reader).FetchMessage"};
constexpr std::string_view kClose[] = {"github.com/segmentio/kafka-go.(*Reader).Close"};
constexpr FunctionSpec kReaderFunctions[] = {{Program::kKafkaReaderStart, kFetchMessage}};
constexpr std::string_view kConfig = "github.com/segmentio/kafka-go.ReaderConfig";
constexpr KafkaField kReaderFields[] = {
    {"github.com/segmentio/kafka-go.Reader", "config", kReaderConfig, &Params::reader_config_off},
    {kConfig, "GroupID", kString, &Params::config_group_off, NS_KAFKA_PARAM_READER_GROUP,
     "messaging.consumer.group.name"},
    {kConfig, "Topic", kString, &Params::config_topic_off, NS_KAFKA_PARAM_READER_TOPIC,
     "messaging.destination.name of failed calls"},
    {kConfig, "Brokers", kStrings, &Params::config_brokers_off, NS_KAFKA_PARAM_READER_BROKERS, "server.address"},
    {kConfig, "Dialer", kDialerPtr, &Params::config_dialer_off, NS_KAFKA_PARAM_READER_CLIENT, "messaging.client.id"},
    {"github.com/segmentio/kafka-go.Dialer", "ClientID", kString, &Params::dialer_client_id_off,
     NS_KAFKA_PARAM_READER_CLIENT, "messaging.client.id"},
};

}  // namespace

constexpr KafkaCatalog kKafkaCatalog = {kMessage, kMessageFields, kMoreMessageFields, kHeaderStructs, kHeaderFields};

constexpr KafkaWriterCatalog kKafkaWriterCatalog = {
    "kafka-go writer",
    kWriterFunctions,
    // Calls that fail are rare, and their returns may be single-stepped.
    {.program = Program::kKafkaWriterEnd,
     .candidates = kWriteMessages,
     .deferred = kWriteDeferred,
     .result_words = kOnlyError,
     .error_word = 0,
     .allows_hot_return = true},
    kWriterFields,
    kOldTopic,
    kAddrFields,
    kWriterClientFields};

constexpr KafkaReaderCatalog kKafkaReaderCatalog = {"kafka-go reader",
                                                    kReaderFunctions,
                                                    {Program::kKafkaReaderClose, kClose},
                                                    {.program = Program::kKafkaReaderEnd,
                                                     .candidates = kFetchMessage,
                                                     .deferred = {},
                                                     .result_words = kOnlyError,
                                                     .error_word = 0,
                                                     .allows_hot_return = true},
                                                    "github.com/segmentio/kafka-go.readerMessage",
                                                    "message",
                                                    kReaderFields};

}  // namespace nodespan::attach
