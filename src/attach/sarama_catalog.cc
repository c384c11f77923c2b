// SPDX-License-Identifier: Apache-2.0
#include "attach/sarama_catalog.h"

namespace nodespan::attach {
namespace {

using Params = ns_sarama_params;

// The library moved to IBM with 1.40.
constexpr std::string_view kPackages[] = {"github.com/IBM/sarama", "github.com/Shopify/sarama"};

constexpr std::string_view kString[] = {"string"};
constexpr std::string_view kBytes[] = {"[]uint8"};
constexpr std::string_view kInt32[] = {"int32"};
constexpr std::string_view kInt64[] = {"int64"};
constexpr std::string_view kError[] = {"error"};
constexpr std::string_view kHeaders[] = {"[]sarama.RecordHeader"};
constexpr std::string_view kEncoder[] = {"sarama.Encoder"};
constexpr std::string_view kClient[] = {"sarama.Client"};
constexpr std::string_view kBrokers[] = {"[]*sarama.Broker"};
constexpr std::string_view kAsyncProducer[] = {"*sarama.asyncProducer"};
constexpr std::string_view kExpectation[] = {"chan *sarama.ProducerError"};
constexpr std::string_view kProduceSet[] = {"*sarama.produceSet"};
constexpr std::string_view kBroker[] = {"*sarama.Broker"};

// Source: async_producer.go, record.go.
constexpr std::string_view kMessage = "ProducerMessage";
constexpr std::string_view kHeader = "RecordHeader";
constexpr MessageField kMessageFields[] = {
    {kMessage, "Topic", kString, &ns_message_layout::topic_off},
    {kMessage, "Headers", kHeaders, &ns_message_layout::headers_off, NS_MESSAGE_PARAM_HEADERS, "links"},
};
constexpr MessageField kHeaderFields[] = {
    {kHeader, "Key", kBytes, &ns_message_layout::header_key_off},
    {kHeader, "Value", kBytes, &ns_message_layout::header_value_off},
};
constexpr SaramaField kFields[] = {
    {kMessage, "Key", kEncoder, &Params::message_key_off},
    {kMessage, "Value", kEncoder, &Params::message_value_off},
    {kMessage, "Partition", kInt32, &Params::message_partition_off},
    {kMessage, "Offset", kInt64, &Params::message_offset_off},
    {"asyncProducer", "client", kClient, &Params::producer_client_off},
};

// Source: client.go, broker.go.
constexpr SaramaField kClientFields[] = {
    {"client", "seedBrokers", kBrokers, &Params::client_seeds_off},
    {"client", "deadSeeds", kBrokers, &Params::client_dead_seeds_off},
    {"Broker", "addr", kString, &Params::broker_addr_off},
};
constexpr SaramaField kLentClientFields[] = {{"nopCloserClient", "Client", kClient, &Params::lent_client_off}};
// Source: async_producer.go.
constexpr SaramaField kProducerErrorFields[] = {{"ProducerError", "Err", kError, &Params::producer_error_err_off}};

// Source: the same, errors.go, utils.go.
constexpr SaramaItabSpec kItabs[] = {
    {"error", "KError", &Params::error_code_itab_vaddr, {}, ""},
    {"error", "ProducerErrors", &Params::producer_errors_itab_vaddr, kProducerErrorFields, "error.type of batches"},
    {"Encoder", "StringEncoder", &Params::string_encoder_itab_vaddr, {}, ""},
    {"Encoder", "ByteEncoder", &Params::byte_encoder_itab_vaddr, {}, ""},
    {"Client", "*client", &Params::client_itab_vaddr, kClientFields, "server.address"},
    {"Client", "*nopCloserClient", &Params::lent_client_itab_vaddr, kLentClientFields, "server.address"},
};

// Source: config.go.
constexpr std::string_view kClientId[] = {"conf", "ClientID"};
constexpr std::string_view kAcks[] = {"conf", "Producer", "RequiredAcks"};

// Source: sync_producer.go. SendMessage returns partition and offset as well, which are in the message then.
constexpr int kThirdResult[] = {2, 3};
constexpr int kOnlyError[] = {0, 1};
constexpr SaramaCallSpec kCalls[] = {
    {{Program::kSaramaProducerStart, "(*syncProducer).SendMessage", NS_SARAMA_MESSAGE}, kThirdResult},
    {{Program::kSaramaProducerStart, "(*syncProducer).SendMessages", NS_SARAMA_MESSAGES}, kOnlyError},
};
constexpr std::string_view kCallsOfAnyPackage[] = {
    "github.com/IBM/sarama.(*syncProducer).SendMessage", "github.com/IBM/sarama.(*syncProducer).SendMessages",
    "github.com/Shopify/sarama.(*syncProducer).SendMessage", "github.com/Shopify/sarama.(*syncProducer).SendMessages"};
constexpr SaramaField kSyncFields[] = {
    {"syncProducer", "producer", kAsyncProducer, &Params::sync_producer_off},
};

// Source: async_producer.go, produce_set.go. A SyncProducer has the concrete type, in which Input is inlined: only
// programs that call it through the interface have the function.
constexpr std::string_view kInputOfAnyPackage[] = {"github.com/IBM/sarama.(*asyncProducer).Input",
                                                   "github.com/Shopify/sarama.(*asyncProducer).Input"};
constexpr SaramaStartSpec kBatchStarts[] = {
    {Program::kSaramaBatchRequest, "(*produceSet).buildRequest", {}},
    {Program::kSaramaBatchAnswer, "(*brokerProducer).handleResponse", {}},
    {Program::kSaramaBatchEnd, "(*asyncProducer).returnSuccesses", NS_SARAMA_MESSAGES},
};
constexpr SaramaField kAsyncFields[] = {
    {kMessage, "expectation", kExpectation, &Params::message_expectation_off},
    {"brokerProducerResponse", "set", kProduceSet, &Params::answer_set_off},
    {"brokerProducer", "broker", kBroker, &Params::sender_broker_off},
    {"Broker", "addr", kString, &Params::broker_addr_off},
};

// Source: consumer.go. Every consumer has it, also one of a group.
using Consumer = ns_sarama_consumer_params;
constexpr std::string_view kParseOfAnyPackage[] = {"github.com/IBM/sarama.(*partitionConsumer).parseResponse",
                                                   "github.com/Shopify/sarama.(*partitionConsumer).parseResponse"};
constexpr std::string_view kReceived = "ConsumerMessage";
constexpr std::string_view kHeaderPointers[] = {"[]*sarama.RecordHeader"};
constexpr MessageField kReceivedFields[] = {
    {kReceived, "Topic", kString, &ns_message_layout::topic_off},
    {kReceived, "Headers", kHeaderPointers, &ns_message_layout::headers_off, NS_MESSAGE_PARAM_HEADERS, "links"},
};
constexpr FieldSpec<Consumer> kConsumerFields[] = {
    {"partitionConsumer", "topic", kString, &Consumer::topic_off},
    {"partitionConsumer", "partition", kInt32, &Consumer::partition_off},
    {kReceived, "Key", kBytes, &Consumer::key_off},
    {kReceived, "Value", kBytes, &Consumer::value_off},
    {kReceived, "Offset", kInt64, &Consumer::offset_off},
};
constexpr std::string_view kConsumerClientId[] = {"conf", "ClientID"};
constexpr std::string_view kConsumerBroker[] = {"broker", "broker", "addr"};

}  // namespace

constexpr SaramaConsumerCatalog kSaramaConsumerCatalog = {"sarama consumer",
                                                          kParseOfAnyPackage,
                                                          kReceived,
                                                          kHeader,
                                                          kReceivedFields,
                                                          kHeaderFields,
                                                          kConsumerFields,
                                                          "KError",
                                                          "(*partitionConsumer).parseResponse",
                                                          "partitionConsumer",
                                                          kConsumerClientId,
                                                          kConsumerBroker};

constexpr SaramaCatalog kSaramaCatalog = {kPackages, kMessage, kMessageFields,  kHeader,   kHeaderFields,
                                          kFields,   kItabs,   "asyncProducer", kClientId, kAcks};

constexpr SaramaSyncCatalog kSaramaSyncCatalog = {"sarama sync producer", kCallsOfAnyPackage, kCalls, kSyncFields};

// Up to 1.60 returnErrors calls returnError for each message, and is inlined where it can be; since then it is the
// other way round.
constexpr SaramaAsyncCatalog kSaramaAsyncCatalog = {
    "sarama async producer",
    "(*asyncProducer).Input",
    kInputOfAnyPackage,
    kBatchStarts,
    {Program::kSaramaBatchEnd, "(*asyncProducer).returnError", NS_SARAMA_MESSAGE},
    {Program::kSaramaBatchEnd, "(*asyncProducer).returnErrors", NS_SARAMA_FAILED_MESSAGES},
    kAsyncFields};

}  // namespace nodespan::attach
