// SPDX-License-Identifier: Apache-2.0

// otelapi makes spans through the OpenTelemetry API without an SDK of its own, by the global tracer and by the tracer of
// go.opentelemetry.io/auto/sdk, within HTTP handlers and around HTTP calls, and prints the span that each must make. See
// truth.Main for flags and output; --size is how many requests are open at a time.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"nodespan/goprograms/truth"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
)

const scopeName = "example.com/shop"

func main() { truth.Main("otelapi", prepare) }

// world is the journal and a server, whose handlers are what the scenarios want.
type world struct {
	journal  *truth.Journal
	address  string
	client   *http.Client
	tracer   trace.Tracer
	isSDK    bool // the tracer of the auto SDK, which takes the last status and knows no WithNewRoot
	handlers map[string]func(ctx context.Context)
}

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{
		journal: journal, client: &http.Client{}, handlers: map[string]func(context.Context){}, tracer: otel.Tracer(scopeName),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	w.address = listener.Addr().String()
	server := &http.Server{Handler: w, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }()
	scenarios := w.scenarios("")
	for _, other := range otherTracers {
		with := *w
		with.tracer, with.isSDK = other.tracer, true
		with.handlers = w.handlers
		scenarios = append(scenarios, (&with).scenarios(other.prefix)...)
	}
	return w.address, scenarios, nil
}

// ServeHTTP runs what `within` has prepared for the id; what has no id there is the target of a call.
func (w *world) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	handlersMu.Lock()
	handle := w.handlers[truth.IDIn(r.URL.Path)]
	handlersMu.Unlock()
	if handle != nil {
		handle(r.Context())
	}
}

// The server is shared by all worlds.
var handlersMu sync.Mutex

// within runs operations inside of a handler.
func (w *world) within(scenario, name string, work func(ctx context.Context, parent string)) {
	id := w.journal.NewID(scenario)
	handlersMu.Lock()
	w.handlers[id] = func(ctx context.Context) { work(ctx, truth.Server(id)) }
	handlersMu.Unlock()
	start := time.Now()
	status, err := truth.Ask(w.address, http.MethodGet, "/do/"+id)
	if status != http.StatusOK {
		w.journal.Fail("otelapi: %s: status %d (%v)", id, status, err)
	}
	w.journal.Write(truth.Span{
		ID: id, SpanKind: "server", Scenario: scenario, Case: name, Parent: truth.Root, Name: http.MethodGet, Status: truth.Unset,
		Attributes: map[string]interface{}{"url.path": "/do/" + id}, StartNs: start.UnixNano(), EndNs: time.Now().UnixNano(),
	})
}

// call sends a request, whose client span must be a child of `parent`, and whose server span is a root: contexts are not
// sent along.
func (w *world) call(ctx context.Context, scenario, name, parent string) {
	id := w.journal.NewID(scenario)
	path := "/called/" + id
	start := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.address+path, nil)
	if err == nil {
		var response *http.Response
		if response, err = w.client.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
	}
	if err != nil {
		w.journal.Fail("otelapi: %s: %v", id, err)
	}
	line := truth.Span{
		ID: id, SpanKind: "client", Scenario: scenario, Case: name, Parent: parent, Status: truth.Unset,
		StartNs: start.UnixNano(), EndNs: time.Now().UnixNano(),
	}
	w.journal.Write(line)
	line.SpanKind, line.Parent, line.Caller = "server", truth.Root, truth.Client(id)
	w.journal.Write(line)
}

// span is a line for a span of the API; the caller completes it.
func (w *world) span(scenario, name, parent string) truth.Span {
	return truth.Span{
		ID: w.journal.NewID(scenario), SpanKind: "internal", Scenario: scenario, Case: name, Parent: parent, Status: truth.Unset,
		StartNs: time.Now().UnixNano(),
	}
}

// ended completes a line when its span has ended.
func (w *world) ended(line truth.Span) {
	line.EndNs = time.Now().UnixNano()
	w.journal.Write(line)
}
