// SPDX-License-Identifier: Apache-2.0

//go:build !modules_older

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"nodespan/goprograms/truth"
)

// posting is what an AsyncProducer is given at once, and sends by one request or not at all.
type posting struct {
	name     string
	change   func(*config)
	messages [][]*message // of each topic, all to one partition
	fails    bool         // a single message of each
	refused  bool         // before there was a request: the span has no duration
	refusals int          // by the broker, one after the other
}

// manual lets messages say where they go, and waits for all messages of a posting.
func manual(count int) func(*config) {
	return func(c *config) {
		c.Producer.Partitioner = newManualPartitioner
		c.Producer.Flush.Messages, c.Producer.Flush.Frequency = count, limit
	}
}

// post sends everything, and writes lines when it has got all of it back. Nobody knows who has sent what: all are roots.
func (w *world) post(p posting) {
	configuration := settings(p.change)
	if p.refusals > 0 && !w.refuse(p.refusals) {
		w.journal.Note("%s: the broker does not refuse requests when it is told to", p.name)
		return
	}
	producer, err := newAsyncProducer([]string{w.broker}, configuration)
	if err != nil {
		w.journal.Fail("saramaclient: async %s: %v", p.name, err)
		return
	}
	defer producer.Close()
	total := 0
	var ids []string
	for _, list := range p.messages {
		id := w.journal.NewID("async")
		ids = append(ids, id)
		total += len(list)
		for _, m := range list {
			m.Topic = id
		}
	}
	start := time.Now()
	go func() {
		for _, list := range p.messages {
			for _, m := range list {
				producer.Input() <- m
			}
		}
	}()
	reasons := map[*message]error{}
	for i := 0; i < total; i++ {
		select {
		case <-producer.Successes():
		case failed := <-producer.Errors():
			reasons[failed.Msg] = failed.Err
		case <-time.After(limit):
			w.journal.Fail("saramaclient: async %s: nothing comes back", p.name)
			return
		}
	}
	end := time.Now()
	if (len(reasons) == total) != p.fails {
		w.journal.Fail("saramaclient: async %s: %d of %d failed: %v", p.name, len(reasons), total, reasons)
	}
	for i, list := range p.messages {
		s := sending{scenario: "async", name: p.name, id: ids[i], parent: truth.Root, messages: list, fails: p.fails}
		line := w.line(s, configuration)
		s.place(&line, configuration)
		if len(list) > 1 && !p.fails {
			line.Attributes["messaging.destination.partition.id"] = fmt.Sprint(list[0].Partition)
			line.Absent = without(line.Absent, "messaging.destination.partition.id")
		}
		line.StartNs, line.EndNs = start.UnixNano(), end.UnixNano()
		line.Status = truth.StatusOf(p.fails)
		if p.fails {
			line.Attributes["error.type"] = errorType(reasons[list[0]])
			line.Facts["error_text"] = reasons[list[0]].Error()
		}
		line.Facts["refused"] = fmt.Sprint(p.refused)
		w.journal.Write(line)
	}
}

func without(list []string, one string) []string {
	var rest []string
	for _, name := range list {
		if name != one {
			rest = append(rest, name)
		}
	}
	return rest
}

func (w *world) asyncScenarios() []truth.Scenario {
	return []truth.Scenario{{Name: "async", Run: w.async}}
}

func (w *world) async() {
	large := func() *message { return &message{Key: text("key"), Value: text(strings.Repeat("x", 2<<20))} }
	for _, p := range []posting{
		{name: "no such topic", messages: [][]*message{{ordinary()}}, fails: true, refused: true}, // its topic is the first one
		{name: "single", messages: [][]*message{{ordinary()}}},
		{name: "batch", messages: [][]*message{many(5)}, change: manual(5)},
		{name: "large batch", messages: [][]*message{many(250)}, change: manual(250)},
		{name: "batch with contexts", messages: [][]*message{manyTraced(3)}, change: manual(3)},
		{name: "two topics by one request", messages: [][]*message{many(2), manyTraced(3)}, change: manual(5)},
		{name: "traceparent", messages: [][]*message{{{Key: text("key"), Value: text("value"), Headers: tracedBy(spanID)}}}},
		{name: "tombstone", messages: [][]*message{{{Key: text("key")}}}},
		{name: "partition", messages: [][]*message{{{Key: text("key"), Value: text("value"), Partition: 2}}}, change: manual(1)},
		{name: "no acknowledgement", messages: [][]*message{{ordinary()}}, change: func(c *config) { c.Producer.RequiredAcks = noResponse }},
		{name: "larger than the producer allows", messages: [][]*message{{large()}}, fails: true, refused: true},
		{name: "larger than the broker allows", messages: [][]*message{{large()}}, fails: true,
			change: func(c *config) { c.Producer.MaxMessageBytes = 4 << 20 }},
		{name: "repeated", messages: [][]*message{many(3)}, change: manual(3), refusals: 1},
		{name: "repeated in vain", messages: [][]*message{{ordinary()}}, fails: true, refusals: 2},
	} {
		w.post(p)
	}
	w.asyncInHandler()
	w.unheard()
}

// asyncInHandler sends while a request is served, which does not make the message a part of it.
func (w *world) asyncInHandler() {
	w.Within("async", "handler", func(context.Context, string) {
		w.post(posting{name: "in a handler", messages: [][]*message{{ordinary()}}})
	})
}

// unheard is a producer that does not give back what was sent: its spans are the same.
func (w *world) unheard() {
	configuration := settings(func(c *config) { c.Producer.Return.Successes, c.Producer.Return.Errors = false, false })
	producer, err := newAsyncProducer([]string{w.broker}, configuration)
	if err != nil {
		w.journal.Fail("saramaclient: unheard: %v", err)
		return
	}
	s := sending{scenario: "async", name: "unheard", id: w.journal.NewID("async"), parent: truth.Root, messages: []*message{ordinary()}}
	s.messages[0].Topic = s.id
	start := time.Now()
	producer.Input() <- s.messages[0]
	if err := producer.Close(); err != nil {
		w.journal.Fail("saramaclient: unheard: %v", err)
	}
	line := w.line(s, configuration)
	s.place(&line, configuration)
	line.Status, line.Facts["refused"] = truth.Unset, "false"
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	w.journal.Write(line)
}
