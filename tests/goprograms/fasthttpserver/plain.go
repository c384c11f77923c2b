// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"nodespan/goprograms/truth"

	"github.com/valyala/fasthttp"
)

// self is the address of the plain server, which some of its handlers ask.
var self string

// serveAll is a handler that captures nothing.
func serveAll(ctx *fasthttp.RequestCtx) { _, _ = ctx.WriteString("all\n") }

// allowsBody is asked for a request that expects 100-continue.
func allowsBody(header *fasthttp.RequestHeader) bool { return len(header.Peek("X-Deny")) == 0 }

var slowly = fasthttp.TimeoutHandler(func(ctx *fasthttp.RequestCtx) {
	if strings.Contains(string(ctx.Path()), "/late/") {
		time.Sleep(60 * time.Millisecond)
	}
	_, _ = ctx.WriteString("at last\n")
}, 20*time.Millisecond, "too late")

// route is the handler of the plain server. It captures something by what is chosen here.
var route = routes{name: "plain"}.serve

type routes struct{ name string }

func (r routes) serve(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	switch part := strings.SplitN(path, "/", 3)[1]; part {
	case "items":
		_, _ = ctx.WriteString("item of " + r.name + "\n")
	case "slow":
		time.Sleep(2 * time.Millisecond)
		_, _ = ctx.WriteString("slow\n")
	case "status":
		code, _ := strconv.Atoi(strings.SplitN(path, "/", 4)[2])
		ctx.SetStatusCode(code)
		_, _ = ctx.WriteString("status\n")
	case "nothing":
	case "echo":
		body := ctx.Request.Body()
		if ctx.Request.IsBodyStream() {
			body, _ = io.ReadAll(ctx.RequestBodyStream())
		}
		ctx.SetBody(body)
	case "raw":
		ctx.Response.SetBodyRaw([]byte("raw"))
	case "error":
		ctx.Error("failure", http.StatusServiceUnavailable)
	case "sized":
		ctx.SetBodyStream(bytes.NewReader(make([]byte, 5000)), 5000)
	case "unsized":
		ctx.SetBodyStreamWriter(func(w *bufio.Writer) { _, _ = io.WriteString(w, "as long as it takes\n") })
	case "recovered":
		defer func() {
			if recover() != nil {
				ctx.Error("recovered", http.StatusInternalServerError)
			}
		}()
		panic("on purpose")
	case "timely", "late":
		slowly(ctx)
	case "socket":
		ctx.SetStatusCode(http.StatusSwitchingProtocols)
		ctx.Hijack(greet)
	case "silent":
		ctx.HijackSetNoResponse(true)
		ctx.Hijack(greet)
	case "parents":
		work(ctx, strings.SplitN(path, "/", 4)[2], truth.IDIn(path))
	default:
		ctx.NotFound()
	}
}

func greet(conn net.Conn) { _, _ = io.WriteString(conn, "hello\n") }

func basic() []visit {
	chunk := strings.Repeat("c", 2500)
	visits := []visit{
		{name: "get", path: "/items/%s"},
		{name: "query", path: "/items/%s?color=blue&size=3"},
		{name: "secret in the query", path: "/items/%s?sig=secret", more: map[string]interface{}{"url.query": "sig=REDACTED"}},
		{name: "escaped path", path: "/items/%s~with%%20space", more: map[string]interface{}{}},
		{name: "absolute target", path: "http://absolute.example:8081/items/%s",
			more: map[string]interface{}{"url.path": nil, "server.address": nil, "server.port": nil}},
		{name: "head", method: "HEAD", path: "/items/%s"},
		{name: "post", method: "POST", path: "/echo/%s", body: "hello world"},
		{name: "post of nothing", method: "POST", path: "/echo/%s"},
		{name: "chunked post", method: "POST", path: "/echo/%s", body: chunk, chunked: true},
		{name: "large post", method: "POST", path: "/echo/%s", body: strings.Repeat("x", 1<<20)},
		{name: "put", method: "PUT", path: "/items/%s", body: "12345"},
		{name: "delete", method: "DELETE", path: "/items/%s"},
		{name: "http/1.0", protocol: "1.0", path: "/items/%s"},
		{name: "no write", path: "/nothing/%s"},
		{name: "raw body", path: "/raw/%s"},
		{name: "not found", path: "/unknown/%s", status: 404},
		{name: "failure", path: "/error/%s", status: 503},
		{name: "stream of a known size", path: "/sized/%s"},
		{name: "stream of unknown size", path: "/unsized/%s", more: map[string]interface{}{"http.response.body.size": nil},
			absent: []string{"http.response.body.size"}},
		{name: "recovered panic", path: "/recovered/%s", status: 500},
		{name: "in time", path: "/timely/%s"},
		{name: "timed out", path: "/late/%s", status: http.StatusRequestTimeout},
		{name: "broken request", path: "/items/%s", headers: []string{"Content-Length: nonsense"}, status: 400, noSpan: true},
	}
	for _, code := range []int{204, 301, 304, 418, 500} {
		visits = append(visits, visit{name: fmt.Sprint("status ", code), path: fmt.Sprintf("/status/%d/%%s", code), status: code})
	}
	return visits
}

func headers() []visit {
	parent := "traceparent: 00-" + traceID + "-" + spanID + "-01"
	var many []string
	for i := 0; i < 60; i++ {
		many = append(many, fmt.Sprintf("X-Other-%d: %d", i, i))
	}
	ours := truth.Remote(traceID, spanID)
	return []visit{
		{name: "user agent", path: "/items/%s", headers: []string{"User-Agent: nodespan-truth/1"},
			more: map[string]interface{}{"user_agent.original": "nodespan-truth/1"}},
		{name: "no user agent", path: "/items/%s", absent: []string{"user_agent.original"}},
		{name: "remote parent", path: "/items/%s", headers: []string{parent, "tracestate: a=1,b=2"}, parent: ours},
		{name: "remote parent behind many headers", path: "/items/%s", headers: append(many, parent), parent: ours},
		{name: "two remote parents are none", path: "/items/%s", headers: []string{parent, parent}},
		{name: "bad remote parent", path: "/items/%s", headers: []string{"traceparent: 00-0-0-01"}},
		{name: "forwarded for", path: "/items/%s", headers: []string{"X-Forwarded-For: 203.0.113.9, 10.0.0.1"},
			more: map[string]interface{}{"client.address": "203.0.113.9"}},
		{name: "forwarded", path: "/items/%s", headers: []string{"Forwarded: for=203.0.113.7;proto=https;host=shop.example"},
			more: map[string]interface{}{"client.address": "203.0.113.7", "url.scheme": "https", "server.address": "shop.example", "server.port": 443}},
		{name: "forwarded by other headers", path: "/items/%s",
			headers: []string{"x-forwarded-proto: https", "x-forwarded-host: shop.example:8443"},
			more:    map[string]interface{}{"url.scheme": "https", "server.address": "shop.example", "server.port": 8443}},
		{name: "expects 100", method: "POST", path: "/echo/%s", headers: []string{"Expect: 100-continue"}, body: "hello"},
		{name: "denied", method: "POST", path: "/echo/%s", headers: []string{"Expect: 100-continue", "X-Deny: yes"}, body: "hello", status: 417,
			more: map[string]interface{}{"http.response.body.size": nil}},
	}
}

// captured: headers that the user asks for by name; see tests/e2e/fasthttp_test.cc.
func captured() []visit {
	many := []string{"X-Request-Id: first", "x-request-id: second", "User-Agent: tester", "Content-Type: text/plain", "X-B: not asked for"}
	for i := 0; i < 20; i++ {
		many = append(many, fmt.Sprintf("X-Other-%d: %d", i, i))
	}
	return []visit{
		{name: "several values and headers with a place of their own", method: "POST", path: "/echo/%s", body: "hello", headers: many,
			more: map[string]interface{}{
				"http.request.header.x-request-id": []string{"first", "second"},
				"http.request.header.user-agent":   []string{"tester"},
				"http.request.header.content-type": []string{"text/plain"},
			}, absent: []string{"http.request.header.x-b"}},
		{name: "more values than are kept", path: "/items/%s", headers: []string{"X-A: 0", "X-A: 1", "X-A: 2", "X-A: 3", "X-A: 4"},
			more: map[string]interface{}{"http.request.header.x-a": []string{"0", "1", "2", "3"}}},
		{name: "none", path: "/items/%s", absent: []string{"http.request.header.x-a", "http.request.header.x-request-id"}},
	}
}

// excluded: requests that are left out by path and user agent, and what they cause.
func excluded() []visit {
	return []visit{
		{name: "by path", path: "/status/200/healthz/%s", noSpan: true},
		{name: "by user agent", path: "/items/%s", headers: []string{"User-Agent: kube-probe/1.31"}, noSpan: true},
		{name: "neither", path: "/items/%s", headers: []string{"User-Agent: kube-prober"}},
	}
}

// takeovers: a handler takes the connection over, with an answer of its own and without one.
func (s *server) takeovers() {
	for _, answered := range []bool{true, false} {
		id := s.journal.NewID("takeover")
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			s.journal.Fail("fasthttpserver: %v", err)
			return
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		path := map[bool]string{true: "/socket/", false: "/silent/"}[answered] + id
		start := time.Now()
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: upgrade\r\nUpgrade: greeting\r\n\r\n", path, s.address)
		text, err := io.ReadAll(conn)
		if !strings.HasSuffix(string(text), "hello\n") {
			s.journal.Fail("fasthttpserver: %s: %q (%v)", id, text, err)
		}
		conn.Close()
		line := truth.Span{ID: id, SpanKind: "server", Scenario: "takeover", Case: path, Parent: truth.Root, Name: "GET", Status: truth.Unset,
			Attributes: map[string]interface{}{"url.path": path}, StartNs: start.UnixNano(), EndNs: time.Now().UnixNano()}
		if answered {
			line.Attributes["http.response.status_code"] = http.StatusSwitchingProtocols
		} else {
			line.Absent = []string{"http.response.status_code", "http.response.body.size"}
		}
		s.journal.Write(line)
	}
}

// parents: handlers whose client requests must be children of the request, however its context comes to them.
func (s *server) parents() []visit {
	var visits []visit
	for _, way := range []string{"goroutine", "itself", "derived", "elsewhere", "created", "timeout", "fasthttp"} {
		visits = append(visits, visit{name: "by " + way, path: "/parents/" + way + "/%s"})
	}
	return visits
}

var journal *truth.Journal

// work asks the server itself, on behalf of the request.
func work(ctx *fasthttp.RequestCtx, way, id string) {
	switch way {
	case "goroutine":
		fetch(context.Background(), id)
	case "itself":
		fetch(ctx, id)
	case "derived":
		limited, end := context.WithTimeout(ctx, 10*time.Second)
		defer end()
		fetch(context.WithValue(limited, workKey{}, 1), id)
	case "elsewhere":
		worker <- func() { fetch(ctx, id) }
		<-worked
	case "created":
		done := make(chan struct{})
		// Whether it was created during the request is not always certain.
		go func() {
			fetchAs(context.Background(), id, "inner", truth.Either(truth.Server(id), truth.Root))
			close(done)
		}()
		<-done
	case "fasthttp":
		sending{scenario: "parents", name: "client", url: "http://" + self + "/items/%s", parent: truth.Server(id)}.sendAs(id + ".inner")
	case "timeout":
		fasthttp.TimeoutHandler(func(ctx *fasthttp.RequestCtx) { fetch(ctx, id) }, 10*time.Second, "too late")(ctx)
	}
	_, _ = ctx.WriteString("done\n")
}

type workKey struct{}

var (
	worker = make(chan func())
	worked = make(chan struct{})
)

func init() {
	go func() {
		for task := range worker {
			task()
			worked <- struct{}{}
		}
	}()
}

// fetch is a client request and so has a span, as has its server side.
func fetch(ctx context.Context, id string) { fetchAs(ctx, id, "inner", truth.Server(id)) }

func fetchAs(ctx context.Context, id, suffix, parent string) {
	inner := id + "." + suffix
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+self+"/items/"+inner, nil)
	if err != nil {
		journal.Fail("fasthttpserver: %v", err)
		return
	}
	start := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		journal.Fail("fasthttpserver: %v", err)
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	line := truth.Span{ID: inner, SpanKind: "client", Scenario: "parents", Case: "client", Parent: parent, Name: http.MethodGet, Status: truth.Unset,
		StartNs: start.UnixNano(), EndNs: time.Now().UnixNano()}
	journal.Write(line)
	line.SpanKind, line.Case, line.Parent = "server", "its server side", truth.Root
	line.Caller = truth.Client(inner)
	journal.Write(line)
}
