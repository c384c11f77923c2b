// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"nodespan/goprograms/truth"
)

// consume sends messages and takes them afterwards, so that one request brings all that a partition has.
func (w *world) consume() {
	for _, s := range []sending{
		{name: "single", messages: many(1)},
		{name: "no key", messages: []*message{{Value: text("value")}}},
		{name: "key that is no text", messages: []*message{{Key: binary{0xff, 0xfe}, Value: text("value")}}},
		{name: "tombstone", messages: []*message{{Key: text("key")}}},
		{name: "traceparent", messages: []*message{{Key: text("key"), Value: text("value"), Headers: tracedBy(spanID)}}},
		{name: "batch", messages: many(5)},
		{name: "compressed batch", messages: many(5), change: func(c *config) { c.Producer.Compression = compressionZSTD }},
		{name: "batch with contexts", messages: manyTraced(3)},
		{name: "more contexts than are kept", messages: manyTraced(30)},
		{name: "default name of the client", messages: many(1), change: func(c *config) { c.ClientID = newConfig().ClientID }},
	} {
		s.scenario = "consume"
		s.id = w.send(s)
		w.receive(s, w.takeOne)
	}
	group := sending{scenario: "consume", name: "by a group", messages: manyTraced(2)}
	group.id = w.send(group)
	w.receive(group, w.takeInGroup)
	w.refused()
}

// take gets so many messages of the topic, all of them in one partition.
type take func(s sending, configuration *config, count int) error

func (w *world) receive(s sending, take take) {
	configuration := settings(s.change)
	configuration.Consumer.Offsets.Initial = offsetOldest
	start := time.Now()
	if err := take(s, configuration, len(s.messages)); err != nil {
		w.journal.Fail("saramaclient: %s %s: %v", s.id, s.name, err)
	}
	line := w.received(s, configuration)
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	w.journal.Write(line)
}

func (w *world) takeOne(s sending, configuration *config, count int) error {
	consumer, err := newConsumer([]string{w.broker}, configuration)
	if err != nil {
		return err
	}
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(s.id, s.messages[0].Partition, offsetOldest)
	if err != nil {
		return err
	}
	defer partition.Close()
	for i := 0; i < count; i++ {
		select {
		case <-partition.Messages():
		case <-time.After(limit):
			return fmt.Errorf("only %d of %d messages came", i, count)
		}
	}
	return nil
}

// member is one of a consumer group.
type member struct {
	left int // messages
	end  func()
}

func (*member) Setup(session) error   { return nil }
func (*member) Cleanup(session) error { return nil }
func (m *member) ConsumeClaim(session session, claim claim) error {
	for received := range claim.Messages() {
		session.MarkMessage(received, "")
		if m.left--; m.left == 0 {
			m.end()
		}
	}
	return nil
}

func (w *world) takeInGroup(s sending, configuration *config, count int) error {
	group, err := newConsumerGroup([]string{w.broker}, "group-of-"+s.id, configuration)
	if err != nil {
		return err
	}
	defer group.Close()
	ctx, end := context.WithTimeout(context.Background(), limit)
	defer end()
	m := &member{left: count, end: end}
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{s.id}, m); err != nil && ctx.Err() == nil {
			return err
		}
	}
	if m.left > 0 {
		return fmt.Errorf("%d of %d messages did not come", m.left, count)
	}
	return nil
}

// received is what the span says of messages that were got.
func (w *world) received(s sending, configuration *config) truth.Span {
	host, port, _ := net.SplitHostPort(w.broker)
	line := truth.Span{
		ID: s.id, SpanKind: "client", Scenario: s.scenario, Case: s.name, Parent: truth.Root, Name: "receive " + s.id, Status: truth.Unset,
		Attributes: map[string]interface{}{"messaging.system": "kafka", "messaging.operation.name": "receive",
			"messaging.operation.type": "receive", "messaging.client.id": configuration.ClientID,
			"messaging.destination.name": s.id, "server.address": host, "server.port": port},
		Absent: []string{"error.type"},
		Links:  remoteLinks(s.messages),
	}
	if s.messages == nil {
		return line
	}
	first := s.messages[0]
	line.Attributes["messaging.destination.partition.id"] = fmt.Sprint(first.Partition)
	if len(s.messages) > 1 {
		line.Attributes["messaging.batch.message_count"] = len(s.messages)
		line.Absent = append(line.Absent, "messaging.kafka.message.key", "messaging.kafka.offset")
		return line
	}
	line.Attributes["messaging.kafka.offset"] = first.Offset
	if key, _ := contents(first.Key); len(key) > 0 && utf8.Valid(key) {
		line.Attributes["messaging.kafka.message.key"] = string(key)
	} else {
		line.Absent = append(line.Absent, "messaging.kafka.message.key")
	}
	if value, _ := contents(first.Value); value == nil {
		line.Attributes["messaging.kafka.message.tombstone"] = true
	} else {
		line.Absent = append(line.Absent, "messaging.kafka.message.tombstone")
	}
	return line
}

// refused asks for messages of a topic without any; the broker's first answer is an error.
func (w *world) refused() {
	s := sending{scenario: "consume", name: "refused", id: w.journal.NewID("consume")}
	if w.fake == nil {
		w.journal.Note("%s: the broker does not refuse requests when it is told to", s.name)
		return
	}
	w.fake.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		return noMessages(request.(*kmsg.FetchRequest)), nil, true
	})
	configuration := settings(nil)
	configuration.Consumer.Return.Errors = true
	start := time.Now()
	if err := w.takeError(s, configuration); err != nil {
		w.journal.Fail("saramaclient: %s %s: %v", s.id, s.name, err)
	}
	line := w.received(s, configuration)
	line.Status, line.Absent = truth.Error, nil
	line.Attributes["error.type"] = kerr.KafkaStorageError.Message
	line.Attributes["messaging.destination.partition.id"] = "0"
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	w.journal.Write(line)
}

func (w *world) takeError(s sending, configuration *config) error {
	consumer, err := newConsumer([]string{w.broker}, configuration)
	if err != nil {
		return err
	}
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(s.id, 0, offsetOldest)
	if err != nil {
		return err
	}
	defer partition.Close()
	select {
	case <-partition.Errors():
		return nil
	case <-time.After(limit):
		return fmt.Errorf("no error came")
	}
}

func noMessages(request *kmsg.FetchRequest) *kmsg.FetchResponse {
	response := request.ResponseKind().(*kmsg.FetchResponse)
	for _, asked := range request.Topics {
		topic := kmsg.NewFetchResponseTopic()
		topic.Topic = asked.Topic
		for _, part := range asked.Partitions {
			partition := kmsg.NewFetchResponseTopicPartition()
			partition.Partition, partition.ErrorCode = part.Partition, kerr.KafkaStorageError.Code
			partition.RecordBatches = []byte{} // of no bytes: that it has none the library takes for a broken answer
			topic.Partitions = append(topic.Partitions, partition)
		}
		response.Topics = append(response.Topics, topic)
	}
	return response
}
