// SPDX-License-Identifier: Apache-2.0

// kafkaclient produces and consumes with segmentio/kafka-go against a broker in the same process, and prints the spans that
// must come. Topics are named by the ids of the operations. See truth.Main for flags and output; NODESPAN_TEST_KAFKA
// (host:port) names a real broker instead, which has to create topics by itself.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"nodespan/goprograms/truth"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
	topics  = 20 // per scenario
	limit   = 20 * time.Second
)

var topicScenarios = []string{"produce", "failure", "handler", "consume", "group"}

type world struct {
	journal *truth.Journal
	broker  string
	address string // of the HTTP server

	mu       sync.Mutex
	handlers map[string]func(ctx context.Context, id string)
}

func main() { truth.Main("kafkaclient", prepare) }

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{journal: journal, broker: os.Getenv("NODESPAN_TEST_KAFKA"), handlers: map[string]func(context.Context, string){}}
	if w.broker == "" {
		var names []string
		for _, scenario := range topicScenarios {
			for i := 1; i <= topics; i++ {
				if name := fmt.Sprintf("%s-%05d", scenario, i); scenario != "failure" || i > 1 {
					names = append(names, name)
				}
			}
		}
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, names...))
		if err != nil {
			return "", nil, err
		}
		w.broker = cluster.ListenAddrs()[0]
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	w.address = listener.Addr().String()
	server := &http.Server{Handler: w, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }()
	return w.address, []truth.Scenario{
		{Name: "failure", Run: w.failures}, // its first topic does not exist
		{Name: "produce", Run: w.produce},
		{Name: "handler", Run: w.inHandler},
		{Name: "consume", Run: w.consume},
		{Name: "group", Run: w.consumeAsGroup},
	}, nil
}

func (w *world) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	id := truth.IDIn(r.URL.Path)
	w.mu.Lock()
	handle := w.handlers[id]
	w.mu.Unlock()
	handle(r.Context(), id)
}

func (w *world) writer(topic string) *kafka.Writer {
	return &kafka.Writer{
		Addr: kafka.TCP(w.broker), Topic: topic, MaxAttempts: 1, BatchTimeout: 5 * time.Millisecond, RequiredAcks: kafka.RequireAll,
		Balancer: &kafka.LeastBytes{},
	}
}

// sending is one call of WriteMessages.
type sending struct {
	scenario, name string
	id             string
	ctx            context.Context
	parent         string
	change         func(*kafka.Writer)
	messages       []kafka.Message
	fails          bool
	anyhow         bool
}

func (w *world) send(s sending) string {
	if s.id == "" {
		s.id = w.journal.NewID(s.scenario)
	}
	if s.ctx == nil {
		s.ctx = context.Background()
	}
	if s.parent == "" {
		s.parent = truth.Root
	}
	if s.messages == nil {
		s.messages = []kafka.Message{{Key: []byte("key"), Value: []byte("value")}}
	}
	writer := w.writer(s.id)
	if s.change != nil {
		s.change(writer)
	}
	line := truth.Span{
		ID: s.id, SpanKind: "producer", Scenario: s.scenario, Case: s.name, Parent: s.parent, Facts: map[string]interface{}{},
		Attributes: map[string]interface{}{"messaging.system": "kafka", "messaging.destination.name": s.id},
	}
	if len(s.messages) > 1 {
		line.Attributes["messaging.batch.message_count"] = len(s.messages)
	} else if s.messages[0].Key != nil {
		line.Attributes["messaging.kafka.message.key"] = string(s.messages[0].Key)
	}
	for _, message := range s.messages {
		for _, header := range message.Headers {
			if header.Key == "traceparent" {
				line.Links = append(line.Links, truth.Remote(traceID, spanID))
			}
		}
	}
	start := time.Now()
	err := writer.WriteMessages(s.ctx, s.messages...)
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	if (err != nil) != s.fails {
		w.journal.Fail("kafkaclient: %s %s: %v", s.id, s.name, err)
	}
	line.Status = truth.StatusOf(err != nil)
	if err != nil {
		line.Facts["error_text"], line.Facts["error_type"] = err.Error(), fmt.Sprintf("%T", err)
	} else {
		line.Absent = []string{"error.type"}
	}
	if s.anyhow {
		line.Status = truth.Any
	}
	w.journal.Write(line)
	if err := writer.Close(); err != nil {
		w.journal.Fail("kafkaclient: %s: %v", s.id, err)
	}
	return s.id
}

func traced() []kafka.Header {
	return []kafka.Header{{Key: "traceparent", Value: []byte("00-" + traceID + "-" + spanID + "-01")}}
}

func many(count int) []kafka.Message {
	var list []kafka.Message
	for i := 0; i < count; i++ {
		list = append(list, kafka.Message{Key: []byte(fmt.Sprint("key", i)), Value: []byte("value")})
	}
	return list
}

func (w *world) produce() {
	for _, s := range []sending{
		{name: "single"},
		{name: "no key", messages: []kafka.Message{{Value: []byte("value")}}},
		{name: "tombstone", messages: []kafka.Message{{Key: []byte("key")}}},
		{name: "batch", messages: many(5)},
		{name: "large batch", messages: many(250)},
		{name: "async", change: func(writer *kafka.Writer) { writer.Async = true }},
		{name: "traceparent", messages: []kafka.Message{{Key: []byte("key"), Value: []byte("value"), Headers: traced()}}},
	} {
		s.scenario = "produce"
		w.send(s)
	}
	id := w.journal.NewID("produce")
	w.send(sending{scenario: "produce", name: "topic of the message", id: id,
		change: func(writer *kafka.Writer) { writer.Topic = "" }, messages: []kafka.Message{{Topic: id, Key: []byte("key"), Value: []byte("value")}}})
}

func (w *world) failures() {
	ended, end := context.WithCancel(context.Background())
	end()
	for _, s := range []sending{
		{name: "no such topic", fails: os.Getenv("NODESPAN_TEST_KAFKA") == ""},
		{name: "too large", fails: true, messages: []kafka.Message{{Value: []byte(strings.Repeat("x", 2<<20))}}},
		{name: "cancelled before", fails: true, ctx: ended, anyhow: true},
		{name: "nobody listens", fails: true, change: func(writer *kafka.Writer) { writer.Addr = kafka.TCP("127.0.0.1:1") }},
	} {
		s.scenario = "failure"
		w.send(s)
	}
}

func (w *world) inHandler() {
	for _, background := range []bool{false, true} {
		background := background
		request := w.journal.NewID("handler")
		w.mu.Lock()
		w.handlers[request] = func(ctx context.Context, id string) {
			if background {
				ctx = context.Background()
			}
			w.send(sending{scenario: "handler", name: "in a handler", ctx: ctx, parent: truth.Server(id)})
		}
		w.mu.Unlock()
		start := time.Now()
		status, err := truth.Ask(w.address, http.MethodGet, "/do/"+request)
		if status != http.StatusOK {
			w.journal.Fail("kafkaclient: %s: status %d (%v)", request, status, err)
		}
		w.journal.Write(truth.Span{
			ID: request, SpanKind: "server", Scenario: "handler", Case: "handler", Parent: truth.Root, Name: http.MethodGet, Status: truth.Unset,
			Attributes: map[string]interface{}{"http.response.status_code": status}, StartNs: start.UnixNano(), EndNs: time.Now().UnixNano(),
		})
	}
}

// consume reads single messages of partitions; the goroutine processes a message until it fetches the next.
func (w *world) consume() {
	for i := 0; i < 4; i++ {
		w.one("consume", "partition", i%2 == 0, func(topic string) kafka.ReaderConfig {
			return kafka.ReaderConfig{Brokers: []string{w.broker}, Topic: topic, MaxWait: 100 * time.Millisecond}
		})
	}
}

func (w *world) consumeAsGroup() {
	for i := 0; i < 2; i++ {
		w.one("group", "group", i%2 == 0, func(topic string) kafka.ReaderConfig {
			return kafka.ReaderConfig{Brokers: []string{w.broker}, Topic: topic, GroupID: "group-of-" + topic, MaxWait: 100 * time.Millisecond,
				StartOffset: kafka.FirstOffset, JoinGroupBackoff: 100 * time.Millisecond, HeartbeatInterval: 500 * time.Millisecond}
		})
	}
}

// one produces a message, fetches it, works for a while, and fetches in vain, which ends the processing.
func (w *world) one(scenario, name string, withParent bool, config func(topic string) kafka.ReaderConfig) {
	message := kafka.Message{Key: []byte("key"), Value: []byte("value")}
	var links []string
	if withParent {
		message.Headers, links = traced(), []string{truth.Remote(traceID, spanID)}
	}
	id := w.send(sending{scenario: scenario, name: name + ": produced", messages: []kafka.Message{message}})
	setting := config(id)
	reader := kafka.NewReader(setting)
	defer reader.Close()
	ctx, end := context.WithTimeout(context.Background(), limit)
	defer end()
	start := time.Now()
	got, err := reader.FetchMessage(ctx)
	fetched := time.Now()
	if err != nil {
		w.journal.Fail("kafkaclient: %s: %v", id, err)
		return
	}
	time.Sleep(5 * time.Millisecond) // the work
	if setting.GroupID != "" {
		if err := reader.CommitMessages(ctx, got); err != nil {
			w.journal.Fail("kafkaclient: %s: commit: %v", id, err)
		}
	}
	over := time.Now()
	vain, endVain := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer endVain()
	if _, err := reader.FetchMessage(vain); err == nil {
		w.journal.Fail("kafkaclient: %s: a second message", id)
	}
	attributes := map[string]interface{}{
		"messaging.system": "kafka", "messaging.destination.name": id, "messaging.destination.partition.id": "0",
		"messaging.kafka.offset": got.Offset, "messaging.kafka.message.key": "key",
	}
	if setting.GroupID != "" {
		attributes["messaging.consumer.group.name"] = setting.GroupID
	}
	w.journal.Write(truth.Span{ID: id, SpanKind: "client", Scenario: scenario, Case: name + ": receive", Parent: truth.Root, Links: links,
		Status: truth.Unset, Attributes: attributes, Attempts: 2, // fetching in vain may be told too
		StartNs: start.UnixNano(), EndNs: fetched.UnixNano()})
	w.journal.Write(truth.Span{ID: id, SpanKind: "consumer", Scenario: scenario, Case: name + ": process", Links: links,
		Parent: truth.Either(truth.Root, truth.Client(id)), Status: truth.Unset, Attributes: attributes,
		StartNs: fetched.UnixNano(), EndNs: over.UnixNano()})
}
