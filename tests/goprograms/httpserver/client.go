// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// header is one header line; a slice of them keeps order, case and repetition, which a map would lose.
type header struct{ name, value string }

// exchange is one request to send and the answer to expect.
type exchange struct {
	id, scenario, name string
	method             string
	target             string // with the id in it
	host               string // "" for the server's own address, "-" for no Host header
	protocol           string // "" for 1.1
	headers            []header
	body               []byte
	chunked            bool
	parent             *parent
	route              string // key of routes, "" when the mux chooses none
	outcome            string
	wantStatus         int // 0: no answer
	noSpan             bool
}

// session is what happens on one connection.
type session struct {
	exchanges []exchange
	pipelined bool // all requests are written before the first answer is read
}

const (
	ioLimit     = 20 * time.Second
	goneAfter   = 20 * time.Millisecond // how long a client that leaves waits first
	ledgerLimit = 10 * time.Second
)

// client sends sessions over raw sockets, so that header lines, pipelining and early closes are exactly as told.
type client struct {
	address string
	journal *journal
	ledger  *ledger
}

// run carries out one session and returns what is wrong with its answers.
func (c *client) run(s session) (records []record, failures []string) {
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		return nil, []string{err.Error()}
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(ioLimit))
	reader := bufio.NewReader(conn)

	records = make([]record, len(s.exchanges))
	if s.pipelined {
		var all bytes.Buffer
		for _, e := range s.exchanges {
			all.Write(e.head(c.address))
			all.Write(e.encodedBody())
		}
		start := time.Now()
		if _, err := conn.Write(all.Bytes()); err != nil {
			return nil, []string{err.Error()}
		}
		for i, e := range s.exchanges {
			records[i] = c.describe(e, conn, start)
		}
	}
	for i, e := range s.exchanges {
		r := &records[i]
		if !s.pipelined {
			*r = c.describe(e, conn, time.Now())
			if err := send(conn, reader, e, c.address); err != nil {
				failures = append(failures, fmt.Sprintf("%s: sending: %v", e.id, err))
			}
		}
		if e.outcome == outcomeClientGone {
			time.Sleep(goneAfter)
			conn.Close()
		} else if err := receive(reader, e, r); err != nil && e.wantStatus != 0 && e.outcome == outcomeOK {
			failures = append(failures, fmt.Sprintf("%s: receiving: %v", e.id, err))
		}
		r.EndNs = time.Now().UnixNano()
		if r.Status != e.wantStatus {
			failures = append(failures, fmt.Sprintf("%s %s: status %d, expected %d", e.id, e.name, r.Status, e.wantStatus))
		}
		if e.route != "" {
			done, ok := c.ledger.take(e.id, ledgerLimit)
			if !ok {
				failures = append(failures, fmt.Sprintf("%s %s: its handler did not end", e.id, e.name))
			}
			r.HandlerBytes = done.bytes
			if e.outcome == outcomeTimeout {
				r.HandlerBytes = r.ResponseBytes // written by http.TimeoutHandler itself
			}
		} else {
			r.HandlerBytes = r.ResponseBytes
		}
		c.journal.write(r)
	}
	return records, failures
}

func (c *client) describe(e exchange, conn net.Conn, start time.Time) record {
	r := record{
		Kind: "request", ID: e.id, Scenario: e.scenario, Case: e.name, Method: e.method, Target: e.target,
		Host: e.hostHeader(c.address), Protocol: e.version(), Headers: len(e.lines()), Parent: e.parent,
		RequestLength: -1, RequestBytes: int64(len(e.body)), Outcome: e.outcome,
		Traceparent: []string{}, Tracestate: []string{},
		PeerPort: portOf(conn.LocalAddr().String()), ServerPort: portOf(c.address),
		StartNs: start.UnixNano(), WantSpan: !e.noSpan,
	}
	if parsed, err := url.ParseRequestURI(e.target); err == nil {
		r.Path, r.Query = parsed.Path, parsed.RawQuery
		if parsed.Host != "" {
			r.Host = parsed.Host // an absolute target wins over the Host header
		}
	}
	if e.body != nil && !e.chunked {
		r.RequestLength = int64(len(e.body))
	}
	if e.route != "" {
		r.Route = routePath(routes[e.route])
		if routes[e.route].wrap == nil {
			r.Handler, r.HandlerFile, r.HandlerLine = handlerCode.function, handlerCode.file, handlerCode.line
		}
	}
	for _, h := range e.headers {
		switch strings.ToLower(h.name) {
		case "user-agent":
			r.UserAgent = h.value
		case "traceparent":
			r.Traceparent = append(r.Traceparent, h.value)
		case "tracestate":
			r.Tracestate = append(r.Tracestate, h.value)
		}
	}
	return r
}

func (e exchange) version() string {
	if e.protocol == "" {
		return "1.1"
	}
	return e.protocol
}

func (e exchange) hostHeader(address string) string {
	switch e.host {
	case "":
		return address
	case "-":
		return ""
	}
	return e.host
}

// lines are all header lines other than Host.
func (e exchange) lines() []header {
	lines := append([]header{}, e.headers...)
	if e.chunked {
		lines = append(lines, header{"Transfer-Encoding", "chunked"})
	} else if e.body != nil {
		lines = append(lines, header{"Content-Length", fmt.Sprint(len(e.body))})
	}
	return lines
}

func (e exchange) head(address string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/%s\r\n", e.method, e.target, e.version())
	if host := e.hostHeader(address); host != "" {
		fmt.Fprintf(&b, "Host: %s\r\n", host)
	}
	for _, h := range e.lines() {
		fmt.Fprintf(&b, "%s: %s\r\n", h.name, h.value)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

func (e exchange) encodedBody() []byte {
	if !e.chunked {
		return e.body
	}
	var b bytes.Buffer
	for rest := e.body; len(rest) > 0; {
		n := len(rest)
		if n > 1000 {
			n = 1000
		}
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, rest[:n])
		rest = rest[n:]
	}
	b.WriteString("0\r\n\r\n")
	return b.Bytes()
}

func (e exchange) expectsContinue() bool {
	for _, h := range e.headers {
		if strings.EqualFold(h.name, "Expect") {
			return true
		}
	}
	return false
}

func send(conn net.Conn, reader *bufio.Reader, e exchange, address string) error {
	if !e.expectsContinue() {
		_, err := conn.Write(append(e.head(address), e.encodedBody()...))
		return err
	}
	if _, err := conn.Write(e.head(address)); err != nil {
		return err
	}
	interim, err := http.ReadResponse(reader, &http.Request{Method: e.method})
	if err != nil {
		return err
	}
	if interim.StatusCode != http.StatusContinue {
		return fmt.Errorf("status %d instead of 100", interim.StatusCode)
	}
	_, err = conn.Write(e.encodedBody())
	return err
}

// receive reads one answer, past informational ones, and counts its body.
func receive(reader *bufio.Reader, e exchange, r *record) error {
	for {
		response, err := http.ReadResponse(reader, &http.Request{Method: e.method})
		if err != nil {
			return err
		}
		if response.StatusCode < 200 && response.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		r.Status = response.StatusCode
		r.ResponseBytes, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		return err
	}
}
