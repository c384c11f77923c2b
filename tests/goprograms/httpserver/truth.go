// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"sync"
	"time"
)

// record is one line of truth about one request, written by the side that sent it.
type record struct {
	Kind          string   `json:"kind"` // "request"
	ID            string   `json:"id"`   // unique in this run and part of the path
	Scenario      string   `json:"scenario"`
	Case          string   `json:"case"`
	Method        string   `json:"method"`
	Target        string   `json:"target"` // as sent on the request line
	Path          string   `json:"path"`   // decoded
	Query         string   `json:"query"`  // raw, without "?"
	Host          string   `json:"host"`   // Host header or authority as sent
	Protocol      string   `json:"protocol"`
	Headers       int      `json:"headers"` // header lines other than Host
	UserAgent     string   `json:"user_agent"`
	Traceparent   []string `json:"traceparent"` // header lines as sent
	Tracestate    []string `json:"tracestate"`
	Parent        *parent  `json:"parent"`         // the remote parent that W3C rules find, null for none
	RequestLength int64    `json:"request_length"` // Content-Length as sent, -1 when chunked or absent
	RequestBytes  int64    `json:"request_bytes"`  // body bytes sent
	Status        int      `json:"status"`         // final status the client saw, 0 when none arrived
	ResponseBytes int64    `json:"response_bytes"` // body bytes the client received
	HandlerBytes  int64    `json:"handler_bytes"`  // body bytes the handler wrote, which HEAD does not send
	Route         string   `json:"route"`          // path of the mux pattern, "" when the mux chose none
	Handler       string   `json:"handler"`        // function that the mux chose, "" when it is hidden behind another one
	HandlerFile   string   `json:"handler_file"`
	HandlerLine   int      `json:"handler_line"`
	Outcome       string   `json:"outcome"`   // see the outcome constants
	PeerPort      int      `json:"peer_port"` // the client's port
	ServerPort    int      `json:"server_port"`
	StartNs       int64    `json:"start_ns"` // Unix time before the first byte was sent
	EndNs         int64    `json:"end_ns"`   // Unix time after the last byte of the answer
	WantSpan      bool     `json:"want_span"`
}

// parent is the remote parent a server span must continue.
type parent struct {
	TraceID string `json:"trace_id"`
	SpanID  string `json:"span_id"`
	Sampled bool   `json:"sampled"`
}

// served is one line of truth written by the serving side when the clients are somebody else's.
type served struct {
	Kind         string `json:"kind"` // "served"
	ID           string `json:"id"`
	Method       string `json:"method"`
	Path         string `json:"path"`
	Route        string `json:"route"`
	HandlerBytes int64  `json:"handler_bytes"`
	PeerPort     int    `json:"peer_port"`
	StartNs      int64  `json:"start_ns"`
	EndNs        int64  `json:"end_ns"`
}

// summary is the last line of a run.
type summary struct {
	Kind     string `json:"kind"` // "summary"
	Requests int    `json:"requests"`
	Spans    int    `json:"want_spans"`
	Failures int    `json:"failures"` // answers that were not what the scenario expects
}

// How a request ended, as seen by the program that knows both sides.
const (
	outcomeOK         = "ok"
	outcomePanic      = "panic"      // the handler panicked and nobody recovered
	outcomeAbort      = "abort"      // panic(http.ErrAbortHandler)
	outcomeGoexit     = "goexit"     // the handler's goroutine called runtime.Goexit
	outcomeHijack     = "hijack"     // the handler took the connection over
	outcomeTimeout    = "timeout"    // http.TimeoutHandler answered instead of the handler
	outcomeClientGone = "clientgone" // the client closed before the answer
)

// journal writes truth lines to standard output; safe for use by several goroutines.
type journal struct {
	mu  sync.Mutex
	out *json.Encoder
}

func newJournal() *journal { return &journal{out: json.NewEncoder(os.Stdout)} }

func (j *journal) write(line interface{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.out.Encode(line); err != nil {
		os.Exit(3) // the reader went away: nothing this program says can be checked any more
	}
}

// handled is what the serving side knows of one request when its handler has ended.
type handled struct {
	bytes          int64
	startNs, endNs int64
}

// ledger carries what handlers did to the client side, which waits for it: an answer can arrive before its handler ends.
type ledger struct {
	mu      sync.Mutex
	entries map[string]chan handled
}

func newLedger() *ledger { return &ledger{entries: map[string]chan handled{}} }

func (l *ledger) entry(id string) chan handled {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries[id] == nil {
		l.entries[id] = make(chan handled, 1)
	}
	return l.entries[id]
}

func (l *ledger) put(id string, h handled) {
	select {
	case l.entry(id) <- h:
	default: // the same id twice: the first stays
	}
}

func (l *ledger) take(id string, patience time.Duration) (handled, bool) {
	entry := l.entry(id)
	defer func() {
		l.mu.Lock()
		delete(l.entries, id)
		l.mu.Unlock()
	}()
	select {
	case h := <-entry:
		return h, true
	case <-time.After(patience):
		return handled{}, false
	}
}
