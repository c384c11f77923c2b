// SPDX-License-Identifier: Apache-2.0

package truth

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Handlers is an HTTP server of the program's own, which asks it to have calls made inside of a handler. Safe for use by
// several goroutines.
type Handlers struct {
	Address string // host:port on loopback

	journal *Journal
	mu      sync.Mutex
	work    map[string]func(ctx context.Context, parent string) // by id
}

// ServeHandlers starts the server; it goes on until the program ends.
func ServeHandlers(journal *Journal) (*Handlers, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &Handlers{
		Address: listener.Addr().String(), journal: journal, work: map[string]func(context.Context, string){},
	}
	server := &http.Server{Handler: http.HandlerFunc(h.handle), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }()
	return h, nil
}

func (h *Handlers) handle(_ http.ResponseWriter, r *http.Request) {
	id := IDIn(r.URL.Path)
	h.mu.Lock()
	work := h.work[id]
	h.mu.Unlock()
	work(r.Context(), Server(id))
}

// Within does the work in a handler, with the context of its request and the key of its line, which it writes.
func (h *Handlers) Within(scenario, name string, work func(ctx context.Context, parent string)) {
	id := h.journal.NewID(scenario)
	h.mu.Lock()
	h.work[id] = work
	h.mu.Unlock()
	start := time.Now()
	status, err := Ask(h.Address, http.MethodGet, "/do/"+id)
	if status != http.StatusOK {
		h.journal.Fail("%s: status %d (%v)", id, status, err)
	}
	h.journal.Write(Span{
		ID: id, SpanKind: "server", Scenario: scenario, Case: name, Parent: Root, Name: http.MethodGet, Status: Unset,
		Attributes: map[string]interface{}{"url.path": "/do/" + id, "http.response.status_code": status},
		StartNs:    start.UnixNano(), EndNs: time.Now().UnixNano(),
	})
}
