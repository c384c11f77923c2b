// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kerr"

	"nodespan/goprograms/truth"
)

// sending is one call of a SyncProducer.
type sending struct {
	scenario, name string
	id             string
	parent         string
	change         func(*config)
	brokers        []string     // more than the one there is; their address is not told then
	producer       syncProducer // nil: one of its own
	messages       []*message   // nil: an ordinary one
	together       bool         // by SendMessages also when there is only one
	others         bool         // some go to other topics, or that they do not is not known: the client is called like the call
	refusals       int          // by the broker, one after the other
	fails          bool
}

func (w *world) send(s sending) string {
	if s.id == "" {
		s.id = w.journal.NewID(s.scenario)
	}
	if s.parent == "" {
		s.parent = truth.Root
	}
	if s.messages == nil {
		s.messages = []*message{ordinary()}
	}
	for _, m := range s.messages {
		if m.Topic == "" {
			m.Topic = s.id
		}
	}
	configuration := settings(s.change)
	if s.refusals > 0 && !w.refuse(s.refusals) {
		w.journal.Note("%s: the broker does not refuse requests when it is told to", s.name)
		return s.id
	}
	producer := s.producer
	if producer == nil {
		made, err := newSyncProducer(append([]string{w.broker}, s.brokers...), configuration)
		if err != nil {
			w.journal.Fail("saramaclient: %s %s: %v", s.id, s.name, err)
			return s.id
		}
		defer made.Close()
		producer = made
	}
	line := w.line(s, configuration)
	start := time.Now()
	var err error
	if len(s.messages) > 1 || s.together {
		err = producer.SendMessages(s.messages)
		s.place(&line, configuration)
	} else {
		var partition int32
		var offset int64
		partition, offset, err = producer.SendMessage(s.messages[0])
		if m := s.messages[0]; err == nil && (partition != m.Partition || offset != m.Offset) {
			w.journal.Fail("saramaclient: %s %s: %d/%d returned, %d/%d in the message", s.id, s.name, partition, offset, m.Partition, m.Offset)
		}
		s.place(&line, configuration)
	}
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	if (err != nil) != s.fails {
		w.journal.Fail("saramaclient: %s %s: %v", s.id, s.name, err)
	}
	line.Status = truth.StatusOf(err != nil)
	if err != nil {
		line.Facts["error_text"] = err.Error()
		line.Attributes["error.type"] = errorType(err)
	} else {
		line.Absent = append(line.Absent, "error.type")
	}
	w.journal.Write(line)
	return s.id
}

// line is what the span says before the call is made.
func (w *world) line(s sending, configuration *config) truth.Span {
	host, port, _ := net.SplitHostPort(w.broker)
	line := truth.Span{
		ID: s.id, SpanKind: "producer", Scenario: s.scenario, Case: s.name, Parent: s.parent, Name: "send " + s.id,
		Facts: map[string]interface{}{},
		Attributes: map[string]interface{}{"messaging.system": "kafka", "messaging.operation.name": "send", "messaging.operation.type": "send",
			"messaging.client.id": configuration.ClientID},
	}
	if s.others {
		line.Name = "send"
		line.Absent = append(line.Absent, "messaging.destination.name")
	} else {
		line.Attributes["messaging.destination.name"] = s.id
	}
	if len(s.brokers) == 0 {
		line.Attributes["server.address"], line.Attributes["server.port"] = host, port
	} else {
		line.Absent = append(line.Absent, "server.address", "server.port")
	}
	line.Links = remoteLinks(s.messages)
	if len(s.messages) > 1 {
		line.Attributes["messaging.batch.message_count"] = len(s.messages)
		line.Absent = append(line.Absent, "messaging.kafka.message.key", "messaging.kafka.message.tombstone")
		return line
	}
	line.Absent = append(line.Absent, "messaging.batch.message_count")
	describe(s.messages[0], &line)
	return line
}

// remoteLinks are those to what the messages say they were sent by.
func remoteLinks(messages []*message) []string {
	var links []string
	for _, m := range messages {
		for _, h := range m.Headers {
			if string(h.Key) == "traceparent" && len(h.Value) == 55 && len(links) < recordedLinks {
				links = append(links, truth.Remote(traceID, string(h.Value[36:52])))
			}
		}
	}
	return links
}

// describe says what a span tells of a single message.
func describe(m *message, line *truth.Span) {
	key, isKnown := contents(m.Key)
	if isKnown && len(key) != 0 && utf8.Valid(key) {
		line.Attributes["messaging.kafka.message.key"] = string(key)
	} else {
		line.Absent = append(line.Absent, "messaging.kafka.message.key")
	}
	if value, _ := contents(m.Value); value == nil {
		line.Attributes["messaging.kafka.message.tombstone"] = true
	} else {
		line.Absent = append(line.Absent, "messaging.kafka.message.tombstone")
	}
}

// contents are what an Encoder stands for. Those of other types than the library's own are not known without calling them.
func contents(e encoder) (bytes []byte, isKnown bool) {
	switch e := e.(type) {
	case nil:
		return nil, true
	case text:
		return append([]byte{}, e...), true
	case binary:
		return e, true
	}
	return []byte("anything"), false
}

// place says where a single message is once it was sent.
func (s sending) place(line *truth.Span, configuration *config) {
	if len(s.messages) > 1 || s.fails {
		line.Absent = append(line.Absent, "messaging.destination.partition.id", "messaging.kafka.offset")
		return
	}
	line.Attributes["messaging.destination.partition.id"] = fmt.Sprint(s.messages[0].Partition)
	if configuration.Producer.RequiredAcks == noResponse {
		line.Absent = append(line.Absent, "messaging.kafka.offset")
	} else {
		line.Attributes["messaging.kafka.offset"] = s.messages[0].Offset
	}
}

// errorType is Kafka's own name of an error, or the Go type: of the one inside, and of several the first one.
func errorType(err error) string {
	for {
		switch inner := err.(type) {
		case producerErrors:
			err = inner[0].Err
			continue
		case interface{ Unwrap() []error }:
			err = inner.Unwrap()[0]
			continue
		case kafkaError:
			var known *kerr.Error
			if errors.As(kerr.ErrorForCode(int16(inner)), &known) {
				return known.Message
			}
		}
		cause := truth.Cause(err)
		if cause == err {
			return truth.ErrorType(err)
		}
		err = cause
	}
}

func ordinary() *message { return &message{Key: text("key"), Value: text("value")} }

func many(count int) []*message {
	var list []*message
	for i := 0; i < count; i++ {
		list = append(list, ordinary())
	}
	return list
}

func tracedBy(span string) []header {
	return []header{{Key: []byte("other"), Value: []byte("x")},
		{Key: []byte("traceparent"), Value: []byte("00-" + traceID + "-" + span + "-01")}, {Key: []byte("last"), Value: nil}}
}

// manyTraced are messages with a context each.
func manyTraced(count int) []*message {
	list := many(count)
	for i := range list {
		list[i].Headers = tracedBy(fmt.Sprintf("b7ad6b71692%05x", i+1))
	}
	return list
}
