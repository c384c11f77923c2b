// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"net/http"
	"sort"
	"strconv"
	"sync"
	"time"

	"nodespan/goprograms/truth"
)

// want is what a scenario knows about an operation before it happens.
type want struct {
	scenario, name string
	parent         string
	url            string // url.full, "" for the URL as it is
	peer           string // host:port of the socket's other end; "" for none or unknown
	resend         int    // how many attempts came before in the same redirect chain
	do             handle // of /do/
	server         string // the only right parents of the server's span; "": the client's where it can be
}

// plan holds the wants by id. Ids are in paths, so that contexts stay exactly as the scenario made them.
type plan struct {
	mu    sync.Mutex
	wants map[string]want
}

func (p *plan) add(id string, w want) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wants[id] = w
}

func (p *plan) find(id string) want {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wants[id]
}

func (p *plan) do(id string) handle {
	if w := p.find(id); w.do != nil {
		return w.do
	}
	return func(w http.ResponseWriter, _ *http.Request) int {
		w.WriteHeader(http.StatusNotFound)
		return http.StatusNotFound
	}
}

// signals are events by id, each of which happens once.
type signals struct {
	mu      sync.Mutex
	entries map[string]chan struct{}
}

func newSignals() *signals { return &signals{entries: map[string]chan struct{}{}} }

func (s *signals) of(id string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[id] == nil {
		s.entries[id] = make(chan struct{}, 1)
	}
	return s.entries[id]
}

func (s *signals) send(id string) {
	select {
	case s.of(id) <- struct{}{}:
	default:
	}
}

// wait reports whether the event happened in time.
func (s *signals) wait(id string) bool {
	select {
	case <-s.of(id):
		return true
	case <-time.After(10 * time.Second):
		return false
	}
}

// recorder stands before a Transport and writes a line for every attempt, with the answer or the error that the Transport
// gave: http.Client wraps and replaces errors.
type recorder struct {
	next    http.RoundTripper
	plan    *plan
	journal *truth.Journal
}

func (c *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	start := time.Now()
	response, err := c.next.RoundTrip(request)
	c.record(request, response, err, start)
	return response, err
}

// record writes the line of an attempt that ended just now.
func (c *recorder) record(request *http.Request, response *http.Response, err error, start time.Time) {
	id := truth.IDIn(request.URL.Path)
	w := c.plan.find(id)
	line := truth.Attempt(id, request, response, err)
	line.Scenario, line.Case, line.Parent = w.scenario, w.name, w.parent
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	if w.url != "" {
		line.Attributes["url.full"] = w.url
	}
	if host, port, splitErr := net.SplitHostPort(w.peer); splitErr == nil && response != nil {
		number, _ := strconv.Atoi(port)
		line.Attributes["network.peer.address"], line.Attributes["network.peer.port"] = host, number
	}
	if w.resend > 0 {
		line.Attributes["http.request.resend_count"] = w.resend
	} else {
		line.Absent = append(line.Absent, "http.request.resend_count")
	}
	sort.Strings(line.Absent)
	c.journal.Write(line)
}
