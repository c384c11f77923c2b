// SPDX-License-Identifier: Apache-2.0

// fasthttpserver serves requests with valyala/fasthttp and with web frameworks on it, sends them over raw sockets and with
// the library's clients, and prints the spans that they must make. See truth.Main for flags and output.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
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
	scheme  string
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
	secure, err := listen(journal, func(listener net.Listener) error {
		return serveWith(&fasthttp.Server{Handler: route})(tls.NewListener(listener, certificate()))
	})
	if err != nil {
		return "", nil, err
	}
	secure.scheme = "https"
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
		{Name: "tls", Run: func() {
			secure.all("tls", []visit{{name: "get", path: "/items/%s"}, {name: "not found", path: "/unknown/%s", status: 404}})
		}},
		{Name: "takeover", Run: plain.takeovers},
		{Name: "pipelining", Run: plain.pipelined},
		{Name: "keepalive", Run: func() { plain.keepAlive(truth.SizeOr(250)) }},
		{Name: "concurrency", Run: func() { plain.concurrent(100, truth.SizeOr(20)) }},
		{Name: "parents", Run: func() { plain.all("parents", plain.parents()) }},
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	defer nobody.Close() // nobody listens there then
	refused := nobody.Addr().String()
	scenarios = append(scenarios, truth.Scenario{Name: "client", Run: func() { clients(plain, secure, refused) }})
	more, err := frameworks(journal)
	return plain.address, append(scenarios, more...), err
}

func serveWith(s *fasthttp.Server) func(net.Listener) error {
	s.Logger = silence{}
	return s.Serve
}

// certificate is one that nobody else has signed, for a server on the loopback.
func certificate() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{signed}, PrivateKey: key}}}
}

type silence struct{}

func (silence) Printf(string, ...interface{}) {}

func listen(journal *truth.Journal, serve func(net.Listener) error) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { _ = serve(listener) }()
	return &server{journal, listener.Addr().String(), "http"}, nil
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
}

func (v visit) wanted() int {
	if v.status == 0 {
		return http.StatusOK
	}
	return v.status
}

// dial connects as clients of the server do.
func (s *server) dial() (net.Conn, error) {
	if s.scheme == "https" {
		return tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true})
	}
	return net.Dial("tcp", s.address)
}

// all sends each request over a connection of its own.
func (s *server) all(scenario string, visits []visit) {
	for _, v := range visits {
		conn, err := s.dial()
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
	s.pipeline(scenario, conn, answers, []visit{v})
}

// pipeline sends several requests at once, and writes their lines.
func (s *server) pipeline(scenario string, conn net.Conn, answers *bufio.Reader, visits []visit) {
	var ids []string
	var text strings.Builder
	for i := range visits {
		ids = append(ids, s.journal.NewID(scenario))
		s.request(&text, &visits[i], ids[i])
	}
	start := time.Now()
	_ = conn.SetDeadline(start.Add(20 * time.Second))
	if _, err := io.WriteString(conn, text.String()); err != nil {
		s.journal.Fail("fasthttpserver: %s: %v", ids[0], err)
		return
	}
	for i, v := range visits {
		status, size, err := receive(answers, v.method)
		if err != nil || status != v.wanted() {
			s.journal.Fail("fasthttpserver: %s %s: status %d (%v), expected %d", ids[i], v.name, status, err, v.wanted())
		}
		if !v.noSpan {
			s.tell(scenario, ids[i], conn, v, status, size, start)
		}
	}
}

// tell writes the line of a request that was answered.
func (s *server) tell(scenario, id string, conn net.Conn, v visit, status, size int, start time.Time) {
	local := conn.LocalAddr().(*net.TCPAddr)
	host, port := s.host()
	parts := strings.SplitN(strings.Replace(v.path, "%s", id, 1), "?", 2)
	line := truth.Span{
		ID: id, SpanKind: "server", Scenario: scenario, Case: v.name, Parent: truth.Root, Name: v.method,
		Attributes: map[string]interface{}{
			"http.request.method": v.method, "url.path": parts[0], "http.response.status_code": status, "url.scheme": s.scheme,
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

// request appends the request to the text, and fills in what the visit leaves open.
func (s *server) request(text *strings.Builder, v *visit, id string) {
	if v.method == "" {
		v.method = http.MethodGet
	}
	if v.protocol == "" {
		v.protocol = "1.1"
	}
	fmt.Fprintf(text, "%s %s HTTP/%s\r\nHost: %s\r\n", v.method, strings.Replace(v.path, "%s", id, 1), v.protocol, s.address)
	for _, header := range v.headers {
		text.WriteString(header + "\r\n")
	}
	switch {
	case v.chunked:
		fmt.Fprintf(text, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(v.body), v.body)
	case v.body != "":
		fmt.Fprintf(text, "Content-Length: %d\r\n\r\n%s", len(v.body), v.body)
	default:
		text.WriteString("\r\n")
	}
}

// receive returns the status and the size of the next answer.
func receive(answers *bufio.Reader, method string) (int, int, error) {
	for {
		response, err := http.ReadResponse(answers, &http.Request{Method: method})
		if err != nil {
			return 0, 0, err
		}
		size, err := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusContinue {
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

// pipelined sends several requests before it reads an answer: all are served at once, their answers wait for each other.
func (s *server) pipelined() {
	conn, err := s.dial()
	if err != nil {
		s.journal.Fail("fasthttpserver: %v", err)
		return
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for round := 0; round < 3; round++ {
		s.pipeline("pipelining", conn, answers, []visit{
			{name: "first", path: "/items/%s"},
			{name: "second", method: "POST", path: "/echo/%s", body: "hello"},
			{name: "third", path: "/status/404/%s", status: 404},
			{name: "fourth", path: "/slow/%s"},
		})
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
