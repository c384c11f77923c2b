// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"time"

	"nodespan/goprograms/truth"
)

// handle is what happens in a handler; it returns the status that was sent, 0 when that is not known.
type handle func(w http.ResponseWriter, r *http.Request) int

// server answers every request by the first element of its path. The path ends with the id of the operation.
type server struct {
	journal *truth.Journal
	plan    *plan
	arrived *signals // one per id, when its handler begins
	release *signals // one per id, when its slow handler may go on
}

func (s *server) httpServer() *http.Server {
	// Clients that leave and certificates that are refused would be logged.
	return &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := truth.IDIn(r.URL.Path)
	w1 := s.plan.find(id)
	if contexts := r.Header["Traceparent"]; len(contexts) > 1 || len(r.Header["Tracestate"]) > 1 {
		s.journal.Fail("httpclient: %s %s: several contexts arrived: %q", id, w1.name, contexts)
	}
	status := 0
	s.arrived.send(id)
	defer s.journal.Open()()
	defer func() {
		line := truth.Span{
			ID: id, SpanKind: "server", Scenario: w1.scenario, Case: w1.name, Parent: truth.Root, Caller: truth.Client(id),
			Facts: map[string]interface{}{"traceparent": r.Header.Get("Traceparent"), "tracestate": r.Header.Get("Tracestate")},
			Name:  truth.MethodName(r.Method), Status: truth.StatusOf(status >= 500), EndNs: time.Now().UnixNano(),
			Attributes: map[string]interface{}{
				"url.path": r.URL.EscapedPath(), "network.protocol.version": truth.ProtocolVersion(r.Proto),
			},
		}
		truth.AddMethod(line.Attributes, r.Method)
		if w1.server != "" {
			line.Parent, line.Caller = w1.server, ""
		}
		if status != 0 {
			line.Attributes["http.response.status_code"] = status
		}
		s.journal.Write(line)
	}()
	switch strings.Split(r.URL.Path, "/")[1] {
	case "status":
		status = s.status(w, r)
	case "echo":
		status = echo(w, r)
	case "slow":
		s.slow(w, r, id)
	case "redirect":
		status = redirect(w, r, id)
	case "upgrade":
		upgrade(w)
	case "do":
		status = s.plan.do(id)(w, r)
	default:
		status = http.StatusNotFound
		w.WriteHeader(status)
	}
}

func (s *server) status(w http.ResponseWriter, r *http.Request) int {
	code, err := strconv.Atoi(r.URL.Query().Get("code"))
	if err != nil {
		code = http.StatusOK
	}
	w.WriteHeader(code)
	if code != http.StatusNoContent {
		fmt.Fprintf(w, "status %d\n", code)
	}
	return code
}

func echo(w http.ResponseWriter, r *http.Request) int {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return http.StatusBadRequest
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return http.StatusOK
}

// slow answers when it is released; a client that leaves before gets nothing.
func (s *server) slow(w http.ResponseWriter, r *http.Request, id string) {
	select {
	case <-r.Context().Done():
	case <-s.release.of(id):
		_, _ = io.WriteString(w, "late\n")
	case <-time.After(5 * time.Second):
	}
}

// redirect leads from ID.h0 to ID.h1 and so on, until "left" is 0.
func redirect(w http.ResponseWriter, r *http.Request, id string) int {
	left, _ := strconv.Atoi(r.URL.Query().Get("left"))
	code, _ := strconv.Atoi(r.URL.Query().Get("code"))
	if left == 0 {
		_, _ = io.WriteString(w, "arrived\n")
		return http.StatusOK
	}
	cut := strings.LastIndex(id, ".h")
	hop, _ := strconv.Atoi(id[cut+2:])
	target := fmt.Sprintf("/redirect/%s.h%d?left=%d&code=%d", id[:cut], hop+1, left-1, code)
	if base := r.URL.Query().Get("via"); base != "" {
		target = base + target
	}
	w.Header().Set("Location", target)
	w.WriteHeader(code)
	return code
}

func upgrade(w http.ResponseWriter) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: line\r\n\r\nover\n")
	_ = buffered.Flush()
}
