// SPDX-License-Identifier: Apache-2.0

//go:build !modules_oldest

package main

import "github.com/IBM/sarama"

// What both paths of the library call the same.
type (
	config         = sarama.Config
	message        = sarama.ProducerMessage
	header         = sarama.RecordHeader
	encoder        = sarama.Encoder
	text           = sarama.StringEncoder
	binary         = sarama.ByteEncoder
	syncProducer   = sarama.SyncProducer
	producerErrors = sarama.ProducerErrors
	kafkaError     = sarama.KError
	topicDetail    = sarama.TopicDetail
	session        = sarama.ConsumerGroupSession
	claim          = sarama.ConsumerGroupClaim
)

var (
	newConfig                 = sarama.NewConfig
	newClient                 = sarama.NewClient
	newClusterAdmin           = sarama.NewClusterAdmin
	newSyncProducer           = sarama.NewSyncProducer
	newSyncProducerFromClient = sarama.NewSyncProducerFromClient
	newAsyncProducer          = sarama.NewAsyncProducer
	newManualPartitioner      = sarama.NewManualPartitioner
	newConsumer               = sarama.NewConsumer
	newConsumerGroup          = sarama.NewConsumerGroup
	version                   = sarama.V2_1_0_0
)

const (
	offsetOldest    = sarama.OffsetOldest
	compressionZSTD = sarama.CompressionZSTD
	noResponse      = sarama.NoResponse
	waitForAll      = sarama.WaitForAll
)
