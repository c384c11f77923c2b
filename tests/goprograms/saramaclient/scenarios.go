// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"nodespan/goprograms/truth"
)

const (
	calls  = 50 // of the scenario that only counts
	atOnce = 25
)

// rot13 is an Encoder of the program's own.
type rot13 string

func (r rot13) Encode() ([]byte, error) {
	return []byte(strings.Map(func(c rune) rune { return 'a' + (c-'a'+13)%26 }, string(r))), nil
}
func (r rot13) Length() int { return len(r) }

func (w *world) produce() {
	for _, s := range []sending{
		{name: "single"},
		{name: "no key", messages: []*message{{Value: text("value")}}},
		{name: "empty key", messages: []*message{{Key: text(""), Value: text("value")}}},
		{name: "key of bytes", messages: []*message{{Key: binary("key"), Value: binary("value")}}},
		{name: "key that is no text", messages: []*message{{Key: binary{0xff, 0xfe}, Value: text("value")}}},
		{name: "key of another type", messages: []*message{{Key: rot13("key"), Value: rot13("value")}}},
		{name: "tombstone", messages: []*message{{Key: text("key")}}},
		{name: "tombstone of bytes", messages: []*message{{Key: text("key"), Value: binary(nil)}}},
		{name: "empty value", messages: []*message{{Key: text("key"), Value: text("")}}},
		{name: "traceparent", messages: []*message{{Key: text("key"), Value: text("value"), Headers: tracedBy(spanID)}}},
		{name: "broken context", messages: []*message{{Value: text("value"), Headers: []header{{Key: []byte("traceparent"), Value: []byte("00-no")}}}}},
		{name: "no acknowledgement", change: func(c *config) { c.Producer.RequiredAcks = noResponse }},
		{name: "idempotent", change: func(c *config) { c.Producer.Idempotent, c.Net.MaxOpenRequests = true, 1 }},
		{name: "compressed", change: func(c *config) { c.Producer.Compression = compressionZSTD }},
		{name: "default name of the client", change: func(c *config) { c.ClientID = newConfig().ClientID }},
		{name: "repeated", refusals: 1},
		{name: "several brokers", brokers: []string{"127.0.0.1:1"}},
		{name: "list of one", together: true},
		{name: "batch", messages: many(5)},
		{name: "large batch", messages: many(90)},
		{name: "batch with contexts", messages: manyTraced(3)},
		{name: "more contexts than are kept", messages: manyTraced(30)},
		{name: "topics that are equal", messages: equalTopics(w.journal)},
	} {
		s.scenario = "produce"
		if s.name == "topics that are equal" {
			s.id = s.messages[0].Topic
		}
		w.send(s)
	}
	for partition := int32(0); partition < partitions; partition++ {
		w.send(sending{scenario: "produce", name: fmt.Sprint("partition ", partition),
			messages: []*message{{Key: text("key"), Value: text("value"), Partition: partition}},
			change:   func(c *config) { c.Producer.Partitioner = newManualPartitioner }})
	}
	w.topicsThatDiffer()
	w.again()
}

// equalTopics are messages whose topics are not the same string, but equal ones.
func equalTopics(journal *truth.Journal) []*message {
	id := journal.NewID("produce")
	list := many(3)
	for _, m := range list {
		m.Topic = strings.Clone(id)
	}
	return list
}

// topicsThatDiffer has calls whose spans tell no topic: there are two, or more messages than are looked at. The name of
// the client has the id instead.
func (w *world) topicsThatDiffer() {
	id, other := w.journal.NewID("produce"), w.journal.NewID("produce")
	list := many(2)
	list[1].Topic = other
	w.send(sending{scenario: "produce", name: "topics that differ", id: id, messages: list, others: true, change: func(c *config) { c.ClientID = id }})
	large := w.journal.NewID("produce")
	w.send(sending{scenario: "produce", name: "very large batch", id: large, messages: many(250), others: true, change: func(c *config) { c.ClientID = large }})
}

// again sends several times by one producer that has a client which is not its own, and nothing at all.
func (w *world) again() {
	client, err := newClient([]string{w.broker}, settings(nil))
	if err != nil {
		w.journal.Fail("saramaclient: %v", err)
		return
	}
	defer client.Close()
	producer, err := newSyncProducerFromClient(client)
	if err != nil {
		w.journal.Fail("saramaclient: %v", err)
		return
	}
	defer producer.Close()
	if err := producer.SendMessages(nil); err != nil {
		w.journal.Fail("saramaclient: nothing: %v", err)
	}
	for i := 0; i < 3; i++ {
		w.send(sending{scenario: "produce", name: fmt.Sprint("call ", i, " of a producer"), producer: producer})
	}
}

func (w *world) failures() {
	for _, s := range []sending{
		{name: "no such topic"},
		{name: "larger than the producer allows", messages: []*message{{Value: text(strings.Repeat("x", 2<<20))}}},
		{name: "partition that there is not", messages: []*message{{Value: text("value"), Partition: partitions}},
			change: func(c *config) { c.Producer.Partitioner = newManualPartitioner }},
		{name: "batch of which one fails", messages: append(many(3), &message{Value: text(strings.Repeat("x", 2<<20))})},
		{name: "batch of which all fail", messages: []*message{{Value: text(strings.Repeat("x", 2<<20))}, {Value: text(strings.Repeat("y", 2<<20))}}},
		{name: "larger than the broker allows", messages: []*message{{Value: text(strings.Repeat("x", 2<<20))}},
			change: func(c *config) { c.Producer.MaxMessageBytes = 4 << 20 }},
		{name: "repeated in vain", refusals: 2},
	} {
		s.scenario, s.fails = "failure", true
		w.send(s)
	}
}

func (w *world) inHandler() {
	w.Within("handler", "handler", func(_ context.Context, parent string) {
		w.send(sending{scenario: "handler", name: "in a handler", parent: parent})
		w.send(sending{scenario: "handler", name: "once more", parent: parent, messages: many(2)})
	})
	w.Within("handler", "handler", func(_ context.Context, parent string) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			// A root where the number of the goroutine does not prove that the handler made it.
			w.send(sending{scenario: "handler", name: "in a goroutine of a handler", parent: truth.Either(parent, truth.Root)})
		}()
		<-done
	})
}

// storm has many requests that send at once by one producer, some of them one message and some of them several.
func (w *world) storm() {
	producer, err := newSyncProducer([]string{w.broker}, settings(nil))
	if err != nil {
		w.journal.Fail("saramaclient: %v", err)
		return
	}
	defer producer.Close()
	var group sync.WaitGroup
	for i := 0; i < truth.SizeOr(atOnce); i++ {
		count := 1 + 2*(i%2)
		group.Add(1)
		go func() {
			defer group.Done()
			w.Within("storm", "handler", func(_ context.Context, parent string) {
				w.send(sending{scenario: "storm", name: "at once", parent: parent, producer: producer, messages: many(count)})
			})
		}()
	}
	group.Wait()
}

// many calls one after the other, of each kind.
func (w *world) many() {
	producer, err := newSyncProducer([]string{w.broker}, settings(nil))
	if err != nil {
		w.journal.Fail("saramaclient: %v", err)
		return
	}
	defer producer.Close()
	topic := w.journal.NewID("hits")
	for i := 0; i < calls; i++ {
		m := ordinary()
		m.Topic = topic
		if _, _, err := producer.SendMessage(m); err != nil {
			w.journal.Fail("saramaclient: %s: %v", topic, err)
		}
		list := many(2)
		list[0].Topic, list[1].Topic = topic, topic
		if err := producer.SendMessages(list); err != nil {
			w.journal.Fail("saramaclient: %s: %v", topic, err)
		}
	}
}
