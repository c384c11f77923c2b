// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sort"
	"strconv"
	"strings"
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
	line := truth.Span{
		ID: id, SpanKind: "client", Scenario: w.scenario, Case: w.name, Parent: w.parent, Name: spanName(request.Method),
		Attributes: map[string]interface{}{"url.full": request.URL.String()}, Facts: map[string]interface{}{},
		StartNs: start.UnixNano(), EndNs: time.Now().UnixNano(),
	}
	if w.url != "" {
		line.Attributes["url.full"] = w.url
	}
	addMethod(line.Attributes, request.Method)
	addServer(line.Attributes, request)
	// A connection of HTTP/2 serves many requests; which peer it has is not asked of a tracer.
	if host, port, splitErr := net.SplitHostPort(w.peer); splitErr == nil && response != nil && response.ProtoMajor == 1 {
		number, _ := strconv.Atoi(port)
		line.Attributes["network.peer.address"], line.Attributes["network.peer.port"] = host, number
	}
	if w.resend > 0 {
		line.Attributes["http.request.resend_count"] = w.resend
	} else {
		line.Absent = append(line.Absent, "http.request.resend_count")
	}
	if request.ContentLength > 0 {
		line.Attributes["http.request.body.size"] = request.ContentLength
	}
	if err != nil {
		describeError(&line, err)
	} else {
		describeResponse(&line, request, response)
	}
	sort.Strings(line.Absent)
	c.journal.Write(line)
}

func describeResponse(line *truth.Span, request *http.Request, response *http.Response) {
	line.Attributes["http.response.status_code"] = response.StatusCode
	line.Attributes["network.protocol.version"] = protocolVersion(response.Proto)
	line.Facts["content_length"] = response.ContentLength
	if response.ContentLength >= 0 && request.Method != http.MethodHead {
		line.Attributes["http.response.body.size"] = response.ContentLength
	}
	line.Status = truth.StatusOf(response.StatusCode >= 400)
	if response.StatusCode >= 400 {
		line.Attributes["error.type"] = strconv.Itoa(response.StatusCode)
	} else {
		line.Absent = append(line.Absent, "error.type")
	}
}

func describeError(line *truth.Span, err error) {
	var types []string
	for e := err; e != nil; e = errors.Unwrap(e) {
		types = append(types, truth.ErrorType(e))
	}
	line.Facts["error_types"] = types // the outermost first
	line.Facts["error_text"] = err.Error()
	line.Absent = append(line.Absent, "http.response.status_code")
	// Who cancels on purpose has no error. Up to Go 1.22 a time limit of http.Client looks the same to the Transport.
	switch {
	case errors.Is(err, context.Canceled):
		line.Status = truth.Unset
	case strings.HasSuffix(err.Error(), "request canceled"):
		line.Status = truth.Any
	default:
		line.Status = truth.Error
		line.Attributes["error.type"] = types[0]
	}
}

// addServer says the address and port that the URL names.
func addServer(attributes map[string]interface{}, request *http.Request) {
	if request.URL.Hostname() == "" {
		return
	}
	attributes["server.address"] = request.URL.Hostname()
	switch port, err := strconv.Atoi(request.URL.Port()); {
	case err == nil:
		attributes["server.port"] = port
	case request.URL.Scheme == "https":
		attributes["server.port"] = 443
	case request.URL.Scheme == "http":
		attributes["server.port"] = 80
	}
}

var knownMethods = " GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY "

func isKnown(method string) bool { return strings.Contains(knownMethods, " "+method+" ") }

func spanName(method string) string {
	if isKnown(method) {
		return method
	}
	return "HTTP"
}

func addMethod(attributes map[string]interface{}, method string) {
	if isKnown(method) {
		attributes["http.request.method"] = method
		return
	}
	attributes["http.request.method"], attributes["http.request.method_original"] = "_OTHER", method
}

func protocolVersion(proto string) string {
	if proto == "HTTP/2.0" {
		return "2"
	}
	return strings.TrimPrefix(proto, "HTTP/")
}
