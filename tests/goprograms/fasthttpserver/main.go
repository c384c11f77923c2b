// SPDX-License-Identifier: Apache-2.0

// fasthttpserver serves requests with valyala/fasthttp and with web frameworks on it, sends them over raw sockets, and
// prints the span that each must make. See truth.Main for flags and output.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"time"

	"nodespan/goprograms/truth"

	"github.com/valyala/fasthttp"
)

func main() { truth.Main("fasthttpserver", prepare) }

// Trace context that requests bring along.
const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

// server is what listens, and the journal of what it is asked.
type server struct {
	journal *truth.Journal
	address string
}

func prepare(j *truth.Journal) (string, []truth.Scenario, error) {
	journal = j
	plain, err := listen(journal, serveWith(&fasthttp.Server{Handler: route, ContinueHandler: allowsBody}))
	if err != nil {
		return "", nil, err
	}
	static, err := listen(journal, serveWith(&fasthttp.Server{Handler: serveAll}))
	if err != nil {
		return "", nil, err
	}
	lean, err := listen(journal, serveWith(&fasthttp.Server{Handler: route, ReduceMemoryUsage: true, StreamRequestBody: true}))
	if err != nil {
		return "", nil, err
	}
	self = plain.address
	scenarios := []truth.Scenario{
		{Name: "basic", Run: func() { plain.all("basic", basic()) }},
		{Name: "lean", Run: func() { lean.all("lean", basic()) }},
		{Name: "headers", Run: func() { plain.all("headers", headers()) }},
		{Name: "captured", Run: func() { plain.all("captured", captured()) }},
		{Name: "excluded", Run: func() { plain.all("excluded", excluded()) }},
		{Name: "static", Run: func() {
			static.all("static", []visit{{name: "handler that captures nothing", path: "/%s", handler: serveAll}})
		}},
		{Name: "takeover", Run: plain.takeovers},
		{Name: "keepalive", Run: func() { plain.keepAlive(truth.SizeOr(250)) }},
		{Name: "concurrency", Run: func() { plain.concurrent(100, truth.SizeOr(20)) }},
		{Name: "parents", Run: func() { plain.all("parents", plain.parents()) }},
	}
	more, err := frameworks(journal)
	return plain.address, append(scenarios, more...), err
}

func serveWith(s *fasthttp.Server) func(net.Listener) error {
	s.Logger = silence{}
	return s.Serve
}

type silence struct{}

func (silence) Printf(string, ...interface{}) {}

func listen(journal *truth.Journal, serve func(net.Listener) error) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { _ = serve(listener) }()
	return &server{journal, listener.Addr().String()}, nil
}

// visit is one request and what its span must look like.
type visit struct {
	name     string
	method   string // "" for GET
	path     string // "%s" stands for the id
	protocol string // "" for 1.1
	headers  []string
	body     string // sent with Content-Length, if there is one
	chunked  bool
	status   int // 0 for 200
	route    string
	handler  interface{} // that the span names; nil: not compared
	more     map[string]interface{}
	absent   []string
	parent   string // "" for the root of a trace
	noSpan   bool
	error    bool // the handler panics
}

func (v visit) wanted() int {
	if v.status == 0 {
		return http.StatusOK
	}
	return v.status
}

// all sends each request over a connection of its own.
func (s *server) all(scenario string, visits []visit) {
	for _, v := range visits {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			s.journal.Fail("fasthttpserver: %v", err)
			return
		}
		s.pay(scenario, conn, bufio.NewReader(conn), v)
		conn.Close()
	}
}

// pay sends one request and writes its line.
func (s *server) pay(scenario string, conn net.Conn, answers *bufio.Reader, v visit) {
	id := s.journal.NewID(scenario)
	start := time.Now()
	path := strings.Replace(v.path, "%s", id, 1)
	status, size, err := s.ask(conn, answers, path, &v)
	if err != nil || status != v.wanted() {
		s.journal.Fail("fasthttpserver: %s %s: status %d (%v), expected %d", id, v.name, status, err, v.wanted())
	}
	if v.noSpan {
		return
	}
	local := conn.LocalAddr().(*net.TCPAddr)
	host, port := s.host()
	parts := strings.SplitN(strings.TrimPrefix(path, "http://"+s.address), "?", 2)
	line := truth.Span{
		ID: id, SpanKind: "server", Scenario: scenario, Case: v.name, Parent: truth.Root, Name: v.method,
		Attributes: map[string]interface{}{
			"http.request.method": v.method, "url.path": parts[0], "http.response.status_code": status, "url.scheme": "http",
			"network.peer.address": local.IP.String(), "network.peer.port": local.Port, "client.address": local.IP.String(),
			"server.address": host, "server.port": port, "network.protocol.version": v.protocol,
		},
		Absent: v.absent, Facts: map[string]interface{}{}, Status: truth.StatusOf(status >= 500),
		StartNs: start.UnixNano(), EndNs: time.Now().UnixNano(),
	}
	if len(parts) == 2 {
		line.Attributes["url.query"] = parts[1]
	}
	if !v.chunked {
		line.Attributes["http.request.body.size"] = len(v.body)
	} else {
		line.Absent = append(line.Absent, "http.request.body.size")
	}
	line.Attributes["http.response.body.size"] = size
	if v.route != "" {
		line.Name, line.Attributes["http.route"] = v.method+" "+v.route, v.route
	} else {
		line.Absent = append(line.Absent, "http.route")
	}
	if v.parent != "" {
		line.Parent = v.parent
	}
	for key, value := range v.more {
		line.Attributes[key] = value
		if value == nil {
			delete(line.Attributes, key)
		}
	}
	if v.handler != nil {
		entry := reflect.ValueOf(v.handler).Pointer()
		function := runtime.FuncForPC(entry)
		file, number := function.FileLine(entry)
		line.Attributes["code.function.name"], line.Attributes["code.file.path"], line.Attributes["code.line.number"] = function.Name(), file, number
	}
	s.journal.Write(line)
}

func (s *server) host() (string, int) {
	address, err := net.ResolveTCPAddr("tcp", s.address)
	if err != nil {
		panic(err)
	}
	return address.IP.String(), address.Port
}

// ask sends the request; returns the status and the size of the answer.
func (s *server) ask(conn net.Conn, answers *bufio.Reader, path string, v *visit) (int, int, error) {
	if v.method == "" {
		v.method = http.MethodGet
	}
	if v.protocol == "" {
		v.protocol = "1.1"
	}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/%s\r\nHost: %s\r\n", v.method, path, v.protocol, s.address)
	for _, header := range v.headers {
		text.WriteString(header + "\r\n")
	}
	switch {
	case v.chunked:
		fmt.Fprintf(&text, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(v.body), v.body)
	case v.body != "":
		fmt.Fprintf(&text, "Content-Length: %d\r\n\r\n%s", len(v.body), v.body)
	default:
		text.WriteString("\r\n")
	}
	if _, err := io.WriteString(conn, text.String()); err != nil {
		return 0, 0, err
	}
	for {
		response, err := http.ReadResponse(answers, &http.Request{Method: v.method})
		if err != nil {
			return 0, 0, err
		}
		size, err := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if errors.Is(err, io.ErrUnexpectedEOF) || response.StatusCode != http.StatusContinue {
			return response.StatusCode, int(size), err
		}
	}
}

// keepAlive sends all requests over two connections.
func (s *server) keepAlive(requests int) {
	for i := 0; i < 2; i++ {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			s.journal.Fail("fasthttpserver: %v", err)
			return
		}
		answers := bufio.NewReader(conn)
		for j := 0; j < requests; j++ {
			s.pay("keepalive", conn, answers, visit{name: fmt.Sprintf("request %d of connection %d", j, i), path: "/items/%s"})
		}
		conn.Close()
	}
}

// concurrent has many connections at a time, each with many requests that take turns with those of the others.
func (s *server) concurrent(connections, requests int) {
	done := make(chan struct{})
	for i := 0; i < connections; i++ {
		i := i
		go func() {
			defer func() { done <- struct{}{} }()
			conn, err := net.Dial("tcp", s.address)
			if err != nil {
				s.journal.Fail("fasthttpserver: %v", err)
				return
			}
			defer conn.Close()
			answers := bufio.NewReader(conn)
			for j := 0; j < requests; j++ {
				v := visit{name: fmt.Sprintf("connection %d", i), path: "/slow/%s"}
				if j%3 == 1 {
					v.method, v.path, v.status, v.body = "POST", "/status/404/%s", 404, strings.Repeat("b", i)
				}
				s.pay("concurrency", conn, answers, v)
			}
		}()
	}
	for i := 0; i < connections; i++ {
		<-done
	}
}
