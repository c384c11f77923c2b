// SPDX-License-Identifier: Apache-2.0

// otelsdk is an HTTP server that makes spans with an OpenTelemetry SDK of its own, which exports them. The truth has the
// spans of the server only; those of the SDK are not a tracer's to make. See truth.Main for flags and output; --size is
// the number of requests. With --decisions RATIO... it says what the SDK's sampler decides instead.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"nodespan/goprograms/truth"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// collector is where spans leave the process, as far as an SDK can see.
type collector struct{ spans atomic.Int64 }

func (c *collector) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		if span.Name() == "own span" {
			c.spans.Add(1)
		}
	}
	return ctx.Err()
}

func (c *collector) Shutdown(context.Context) error { return nil }

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--decisions" {
		if err := printDecisions(os.Args[2:]); err != nil {
			log.Fatal(err)
		}
		return
	}
	truth.Main("otelsdk", prepare)
}

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address := listener.Addr().String()
	// Made before the provider is set, so that its spans go through the global tracer to the provider's.
	tracer := otel.Tracer("example.com/early")
	exporter := &collector{}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(time.Hour)))
	otel.SetTracerProvider(provider)
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, span := tracer.Start(r.Context(), "own span")
		span.End()
	})}
	go func() { _ = server.Serve(listener) }()
	return address, []truth.Scenario{{Name: "export", Run: func() {
		count := truth.SizeOr(20)
		for i := 0; i < count; i++ {
			id := journal.NewID("export")
			start := time.Now()
			if status, err := truth.Ask(address, http.MethodGet, "/"+id); status != http.StatusOK {
				journal.Fail("otelsdk: %s: status %d (%v)", id, status, err)
			}
			journal.Write(truth.Span{
				ID: id, SpanKind: "server", Scenario: "export", Case: "request", Parent: truth.Root, Name: http.MethodGet, Status: truth.Unset,
				StartNs: start.UnixNano(), EndNs: time.Now().UnixNano(),
			})
			// Exports while no request is open: one that is when a tracer lets go would be lost to it.
			time.Sleep(50 * time.Millisecond)
			if err := provider.ForceFlush(context.Background()); err != nil {
				journal.Fail("otelsdk: %s: %v", id, err)
			}
		}
		if exported := exporter.spans.Load(); exported != int64(count) {
			journal.Fail("otelsdk: %d spans exported, expected %d", exported, count)
		}
	}}}, nil
}
