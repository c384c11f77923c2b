// SPDX-License-Identifier: Apache-2.0

// kafkaclient produces and consumes with segmentio/kafka-go against a broker in the same process, and prints the spans that
// must come. Topics are named by the ids of the operations. See truth.Main for flags and output; NODESPAN_TEST_KAFKA
// (host:port) names a real broker instead, which has no topics yet and does not create them by itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"

	"nodespan/goprograms/truth"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
	topics  = 30 // per scenario
	limit   = 20 * time.Second

	hits          = 50 // messages of the scenario that only counts
	recordedLinks = 24 // of one call; NS_KAFKA_MAX_LINK_COUNT of bpf/abi/records.h
)

var topicScenarios = []string{"produce", "failure", "handler", "consume", "group", "hits"}

type world struct {
	*truth.Handlers
	journal *truth.Journal
	broker  string
}

func main() { truth.Main("kafkaclient", prepare) }

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{journal: journal, broker: os.Getenv("NODESPAN_TEST_KAFKA")}
	if w.broker == "" {
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topicNames()...))
		if err != nil {
			return "", nil, err
		}
		w.broker = cluster.ListenAddrs()[0]
	} else if err := createTopics(w.broker, topicNames()); err != nil {
		return "", nil, err
	}
	var err error
	if w.Handlers, err = truth.ServeHandlers(journal); err != nil {
		return "", nil, err
	}
	return w.Address, []truth.Scenario{
		{Name: "failure", Run: w.failures}, // its first topic does not exist
		{Name: "produce", Run: w.produce},
		{Name: "handler", Run: w.inHandler},
		{Name: "consume", Run: w.consume},
		{Name: "group", Run: w.consumeAsGroup},
		{Name: "hits", Run: w.many},
	}, nil
}

// topicNames leaves out the one that must not exist: that of the first failure.
func topicNames() []string {
	var names []string
	for _, scenario := range topicScenarios {
		for i := 1; i <= topics; i++ {
			if name := fmt.Sprintf("%s-%05d", scenario, i); scenario != "failure" || i > 1 {
				names = append(names, name)
			}
		}
	}
	return names
}

// createTopics returns when they and groups of consumers can be used: a broker says that it has made a topic before it
// serves it.
func createTopics(broker string, names []string) error {
	connection, err := kafka.Dial("tcp", broker)
	if err != nil {
		return err
	}
	defer connection.Close()
	var wanted []kafka.TopicConfig
	for _, name := range names {
		wanted = append(wanted, kafka.TopicConfig{Topic: name, NumPartitions: 1, ReplicationFactor: 1})
	}
	if err := connection.CreateTopics(wanted...); err != nil {
		return err
	}
	ctx, end := context.WithTimeout(context.Background(), limit)
	defer end()
	for _, name := range names {
		if err := retried(ctx, func() error { return serves(ctx, broker, name) }); err != nil {
			return fmt.Errorf("topic %s: %w", name, err)
		}
	}
	client := &kafka.Client{Addr: kafka.TCP(broker)}
	return retried(ctx, func() error {
		found, err := client.FindCoordinator(ctx, &kafka.FindCoordinatorRequest{Key: "any", KeyType: kafka.CoordinatorKeyTypeConsumer})
		if err != nil {
			return err
		}
		return found.Error
	})
}

func serves(ctx context.Context, broker, topic string) error {
	leader, err := kafka.DialLeader(ctx, "tcp", broker, topic, 0)
	if err != nil {
		return err
	}
	defer leader.Close()
	_, err = leader.ReadLastOffset()
	return err
}

// retried is the error that it ended with.
func retried(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
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
	hidesKey       bool // it is no text
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
	line := line{truth.Span{
		ID: s.id, SpanKind: "producer", Scenario: s.scenario, Case: s.name, Parent: s.parent, Facts: map[string]interface{}{},
		Name: "send " + s.id, Attributes: map[string]interface{}{"messaging.system": "kafka", "messaging.destination.name": s.id,
			"messaging.operation.name": "send", "messaging.operation.type": "send"},
	}}
	host, port, _ := net.SplitHostPort(writer.Addr.String())
	line.Attributes["server.address"], line.Attributes["server.port"] = host, port
	if len(s.messages) > 1 {
		line.Attributes["messaging.batch.message_count"] = len(s.messages)
	} else {
		line.describe(s.messages[0], s.hidesKey)
	}
	for _, message := range s.messages {
		for _, header := range message.Headers {
			if header.Key == "traceparent" && len(header.Value) == 55 && len(line.Links) < recordedLinks {
				line.Links = append(line.Links, truth.Remote(traceID, string(header.Value[36:52])))
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
		if name := errorType(err); name != "" {
			line.Attributes["error.type"] = name
		}
	} else {
		line.Absent = append(line.Absent, "error.type")
	}
	if s.anyhow {
		line.Status = truth.Any
	}
	w.journal.Write(line.Span)
	if err := writer.Close(); err != nil {
		w.journal.Fail("kafkaclient: %s: %v", s.id, err)
	}
	return s.id
}

// line is a line of truth about messages.
type line struct{ truth.Span }

// describe says what a span tells of a single message.
func (l *line) describe(message kafka.Message, hidesKey bool) {
	if len(message.Key) != 0 && !hidesKey {
		l.Attributes["messaging.kafka.message.key"] = string(message.Key)
	} else {
		l.Absent = append(l.Absent, "messaging.kafka.message.key")
	}
	if message.Value == nil {
		l.Attributes["messaging.kafka.message.tombstone"] = true
	} else {
		l.Absent = append(l.Absent, "messaging.kafka.message.tombstone")
	}
	l.Absent = append(l.Absent, "messaging.batch.message_count")
}

// errorType is the error.type of what WriteMessages returned: Kafka's own name, or the Go type; empty: it is not said here.
func errorType(err error) string {
	var list kafka.WriteErrors
	if errors.As(err, &list) {
		for _, inner := range list {
			if inner != nil {
				err = inner
				break
			}
		}
	}
	var code kafka.Error
	var tooLarge kafka.MessageTooLargeError
	var known *kerr.Error
	switch {
	case errors.As(err, &tooLarge): // also wraps Kafka's own in newer releases
		return "github.com/segmentio/kafka-go.MessageTooLargeError"
	case errors.As(err, &code) && errors.As(kerr.ErrorForCode(int16(code)), &known):
		return known.Message
	}
	return ""
}

func traced() []kafka.Header { return tracedBy(spanID) }

func tracedBy(span string) []kafka.Header {
	return []kafka.Header{{Key: "other", Value: []byte("x")},
		{Key: "traceparent", Value: []byte("00-" + traceID + "-" + span + "-01")}, {Key: "last", Value: nil}}
}

// manyTraced are messages with a context each.
func manyTraced(count int) []kafka.Message {
	list := many(count)
	for i := range list {
		list[i].Headers = tracedBy(fmt.Sprintf("b7ad6b71692%05x", i+1))
	}
	return list
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
		{name: "key that is no text", hidesKey: true, messages: []kafka.Message{{Key: []byte{0xff, 0xfe}, Value: []byte("value")}}},
		{name: "batch with contexts", messages: manyTraced(3)},
		{name: "more contexts than are kept", messages: manyTraced(30)},
		{name: "broken context", messages: []kafka.Message{{Value: []byte("value"), Headers: []kafka.Header{{Key: "traceparent", Value: []byte("00-no")}}}}},
		{name: "async", change: func(writer *kafka.Writer) { writer.Async = true }},
		{name: "traceparent", messages: []kafka.Message{{Key: []byte("key"), Value: []byte("value"), Headers: traced()}}},
	} {
		s.scenario = "produce"
		w.send(s)
	}
	for _, count := range []int{1, 3} {
		id := w.journal.NewID("produce")
		messages := many(count)
		for i := range messages {
			messages[i].Topic = strings.Clone(id) // not the same string, but an equal one
		}
		w.send(sending{scenario: "produce", name: "topic of the messages", id: id, change: func(writer *kafka.Writer) { writer.Topic = "" }, messages: messages})
	}
}

func (w *world) failures() {
	ended, end := context.WithCancel(context.Background())
	end()
	for _, s := range []sending{
		{name: "no such topic", fails: true},
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
		w.Within("handler", "handler", func(ctx context.Context, parent string) {
			if background {
				ctx = context.Background()
			}
			w.send(sending{scenario: "handler", name: "in a handler", ctx: ctx, parent: parent})
		})
	}
}

// reading is how one message is consumed.
type reading struct {
	scenario, name string
	config         kafka.ReaderConfig // its Topic is set
	message        kafka.Message
	read           bool // by ReadMessage, else by FetchMessage
	closes         bool // the work ends when the reader is closed, else when the next message is fetched in vain
	panics         bool // the work panics, and goes on
}

// consume reads single messages of partitions; the goroutine processes a message until it fetches the next.
func (w *world) consume() {
	config := kafka.ReaderConfig{Brokers: []string{w.broker}, MaxWait: 100 * time.Millisecond, Dialer: &kafka.Dialer{ClientID: "reader of the test"}}
	message := kafka.Message{Key: []byte("key"), Value: []byte("value")}
	withContext := message
	withContext.Headers = traced()
	for _, r := range []reading{
		{name: "context", message: withContext},
		{name: "no context", message: message},
		{name: "read", message: withContext, read: true},
		{name: "closed", message: withContext, closes: true},
		{name: "no key", message: kafka.Message{Value: []byte("value")}},
		{name: "tombstone", message: kafka.Message{Key: []byte("key")}},
		{name: "panic", message: message, panics: true},
	} {
		r.scenario, r.config = "consume", config
		w.one(r)
	}
	w.inRequest(config, withContext)
}

func (w *world) consumeAsGroup() {
	for _, read := range []bool{false, true} {
		w.one(reading{scenario: "group", name: "group", read: read, message: kafka.Message{Key: []byte("key"), Value: []byte("value"), Headers: traced()},
			config: kafka.ReaderConfig{Brokers: []string{w.broker}, MaxWait: 100 * time.Millisecond, StartOffset: kafka.FirstOffset,
				JoinGroupBackoff: 100 * time.Millisecond, HeartbeatInterval: 500 * time.Millisecond}})
	}
}

// many sends messages by one call and fetches each of them.
func (w *world) many() {
	topic := w.send(sending{scenario: "hits", name: "all at once", messages: many(hits)})
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{w.broker}, Topic: topic, MaxWait: 100 * time.Millisecond})
	ctx, end := context.WithTimeout(context.Background(), limit)
	defer end()
	for i := 0; i < hits; i++ {
		if _, err := reader.FetchMessage(ctx); err != nil {
			w.journal.Fail("kafkaclient: %s: message %d: %v", topic, i, err)
		}
	}
	if err := reader.Close(); err != nil {
		w.journal.Fail("kafkaclient: %s: %v", topic, err)
	}
}

// one produces a message, gets it, works for a while, which sends another, and ends the work. What is sent then is no part
// of it.
func (w *world) one(r reading) {
	id := w.send(sending{scenario: r.scenario, name: r.name + ": produced", messages: []kafka.Message{r.message}})
	r.config.Topic = id
	if r.scenario == "group" {
		r.config.GroupID = "group-of-" + id
	}
	reader := kafka.NewReader(r.config)
	ctx, end := context.WithTimeout(context.Background(), limit)
	defer end()
	get := reader.FetchMessage
	if r.read {
		get = reader.ReadMessage
	}
	start := time.Now()
	got, err := get(ctx)
	fetched := time.Now()
	if err != nil {
		w.journal.Fail("kafkaclient: %s: %v", id, err)
		return
	}
	w.send(sending{scenario: r.scenario, name: r.name + ": in the work", parent: truth.Key("consumer", id)})
	if r.panics {
		panicAndRecover()
	}
	if r.config.GroupID != "" && !r.read {
		if err := reader.CommitMessages(ctx, got); err != nil {
			w.journal.Fail("kafkaclient: %s: commit: %v", id, err)
		}
	}
	if !r.closes {
		vain, endVain := context.WithTimeout(context.Background(), 50*time.Millisecond)
		if _, err := reader.FetchMessage(vain); err == nil {
			w.journal.Fail("kafkaclient: %s: a second message", id)
		}
		endVain()
	}
	if err := reader.Close(); err != nil {
		w.journal.Fail("kafkaclient: %s: %v", id, err)
	}
	over := time.Now()
	w.send(sending{scenario: r.scenario, name: r.name + ": after the work"})
	w.journal.Write(w.consumed(r, "client", "receive", id, truth.Root, got, start, fetched))
	process := w.consumed(r, "consumer", "process", id, truth.Client(id), got, start, over)
	if r.panics {
		process.Events = []truth.Event{{Name: "exception", Attributes: map[string]interface{}{
			"exception.type": "*errors.errorString", "exception.message": "bad message"}}}
	}
	w.journal.Write(process)
}

func panicAndRecover() {
	defer func() { _ = recover() }()
	panic(errors.New("bad message"))
}

// consumed is the line of a span about a message that was fetched.
func (w *world) consumed(r reading, kind, operation, id, parent string, got kafka.Message, start, end time.Time) truth.Span {
	host, port, _ := net.SplitHostPort(w.broker)
	line := line{truth.Span{
		ID: id, SpanKind: kind, Scenario: r.scenario, Case: r.name + ": " + operation, Parent: parent, Name: operation + " " + id, Status: truth.Unset,
		Attributes: map[string]interface{}{
			"messaging.system": "kafka", "messaging.destination.name": id, "messaging.destination.partition.id": "0",
			"messaging.operation.name": operation, "messaging.operation.type": operation, "messaging.kafka.offset": got.Offset,
			"server.address": host, "server.port": port,
		},
		Absent: []string{"error.type"}, StartNs: start.UnixNano(), EndNs: end.UnixNano(),
	}}
	for _, header := range got.Headers {
		if header.Key == "traceparent" {
			line.Links = append(line.Links, truth.Remote(traceID, spanID))
		}
	}
	line.describe(got, false)
	if r.config.GroupID != "" {
		line.Attributes["messaging.consumer.group.name"] = r.config.GroupID
	} else {
		line.Absent = append(line.Absent, "messaging.consumer.group.name")
	}
	if r.config.Dialer != nil {
		line.Attributes["messaging.client.id"] = r.config.Dialer.ClientID
	}
	return line.Span
}

// inRequest fetches a message while a request is served: all of it belongs to the request, and there is no work of its own.
func (w *world) inRequest(config kafka.ReaderConfig, message kafka.Message) {
	topic := w.send(sending{scenario: "consume", name: "in a request: produced", messages: []kafka.Message{message}})
	config.Topic = topic
	r := reading{scenario: "consume", name: "in a request", config: config}
	w.Within("consume", "handler", func(_ context.Context, parent string) {
		reader := kafka.NewReader(config)
		defer reader.Close()
		ctx, end := context.WithTimeout(context.Background(), limit)
		defer end()
		start := time.Now()
		got, err := reader.FetchMessage(ctx)
		if err != nil {
			w.journal.Fail("kafkaclient: %s: %v", topic, err)
			return
		}
		w.journal.Write(w.consumed(r, "client", "receive", topic, parent, got, start, time.Now()))
		w.send(sending{scenario: "consume", name: "in a request: behind the message", parent: parent})
	})
}
