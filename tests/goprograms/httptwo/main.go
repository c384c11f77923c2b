// SPDX-License-Identifier: Apache-2.0

// httptwo serves requests over HTTP/2 in every way that Go programs do, with clients of golang.org/x/net/http2, and prints
// the two spans that each must have. See truth.Main for flags and output. Scenarios: standard (net/http over TLS), xnet
// (configured by golang.org/x/net/http2), cleartext (its h2c handler), native (net/http without TLS, Go 1.24), push, and
// senders, in which others ask the transport of HTTP/2.
package main

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"

	"nodespan/goprograms/truth"
)

func main() { truth.Main("httptwo", prepare) }

// world is all servers, by their scenario.
type world struct {
	journal *truth.Journal
	sites   map[string]string // address of each
	secure  *tls.Config       // of servers
	trust   *tls.Config       // of clients
}

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{journal: journal, sites: map[string]string{}}
	var err error
	if w.secure, w.trust, err = certificates(); err != nil {
		return "", nil, err
	}
	h2 := &http2.Server{}
	configured := &http.Server{TLSConfig: w.secure.Clone()}
	if err := http2.ConfigureServer(configured, h2); err != nil {
		return "", nil, err
	}
	scenarios := []truth.Scenario{}
	for _, one := range []struct {
		name   string
		server *http.Server
		tls    bool
	}{
		{"standard", &http.Server{TLSConfig: w.secure.Clone()}, true},
		{"xnet", configured, true},
		{"cleartext", &http.Server{Handler: h2c.NewHandler(router(), h2)}, false},
		{"native", nativeServer(), false},
	} {
		if one.server == nil {
			continue
		}
		if err := w.serve(one.name, one.server, one.tls); err != nil {
			return "", nil, err
		}
		name, secure := one.name, one.tls
		scenarios = append(scenarios, truth.Scenario{Name: name, Run: func() { w.visitAll(name, secure) }})
	}
	scenarios = append(scenarios, truth.Scenario{Name: "push", Run: w.push}, truth.Scenario{Name: "senders", Run: w.senders})
	return w.sites["standard"], scenarios, nil
}

func (w *world) serve(name string, server *http.Server, secure bool) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.sites[name] = listener.Addr().String()
	if server.Handler == nil {
		server.Handler = router()
	}
	server.ErrorLog = log.New(io.Discard, "", 0) // handlers panic
	go func() {
		if secure {
			_ = server.ServeTLS(listener, "", "")
		} else {
			_ = server.Serve(listener)
		}
	}()
	return nil
}

func router() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello\n") })
	mux.HandleFunc("/nothing/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/teapot/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.HandleFunc("/failure/{id}", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) })
	mux.HandleFunc("/big/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 300_000)) })
	mux.HandleFunc("/echo/{id}", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux.HandleFunc("/panic/{id}", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	mux.HandleFunc("/abort/{id}", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/late/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		panic("on purpose")
	})
	mux.HandleFunc("/push/{id}", func(w http.ResponseWriter, r *http.Request) {
		if err := w.(http.Pusher).Push("/hello/"+r.PathValue("id")+".pushed", nil); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	return mux
}

// visit is one request and what its span must say.
type visit struct {
	name, method, path string
	status, bytes      int // 0: the handler panics
	body               string
	context            context.Context // nil: none of its own
	unsent             bool            // no server sees it
	transports         int             // that may have a span for it; 0: one
	refused            bool            // by newer releases before they try to send it
}

// transport returns one of golang.org/x/net/http2, and the scheme for its URLs.
func (w *world) transport(secure bool) (string, *http2.Transport) {
	if secure {
		return "https", &http2.Transport{TLSClientConfig: w.trust}
	}
	return "http", &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	}
}

func (w *world) visitAll(scenario string, secure bool) {
	scheme, transport := w.transport(secure)
	defer transport.CloseIdleConnections()
	for _, v := range []visit{
		{name: "plain", path: "/hello/%s", status: 200, bytes: 6},
		{name: "head", method: "HEAD", path: "/hello/%s", status: 200},
		{name: "nothing written", path: "/nothing/%s", status: 200},
		{name: "status", path: "/teapot/%s", status: 418},
		{name: "failure", path: "/failure/%s", status: 502, bytes: 3},
		{name: "big", path: "/big/%s", status: 200, bytes: 300_000},
		{name: "post", method: "POST", path: "/echo/%s", body: "some bytes", status: 200, bytes: 10},
		{name: "no route", path: "/missing/%s", status: 404, bytes: 19},
		{name: "panic", path: "/panic/%s"},
		{name: "abort", path: "/abort/%s"},
		{name: "panic after the status", path: "/late/%s"},
	} {
		w.pay(v, scenario, scheme+"://"+w.sites[scenario], transport)
	}
	var streams sync.WaitGroup
	for i := 0; i < truth.SizeOr(50); i++ {
		streams.Add(1)
		go func() {
			defer streams.Done()
			w.pay(visit{name: "stream among many", path: "/hello/%s", status: 200, bytes: 6}, scenario, scheme+"://"+w.sites[scenario], transport)
		}()
	}
	streams.Wait()
}

// pay sends a request to a site. A client span's parent is known to be none.
func (w *world) pay(v visit, scenario, site string, transport http.RoundTripper) {
	id := w.journal.NewID(scenario)
	if v.method == "" {
		v.method = http.MethodGet
	}
	path := strings.Replace(v.path, "%s", id, 1)
	request, err := http.NewRequest(v.method, site+path, strings.NewReader(v.body))
	if err != nil {
		panic(err) // a mistake in the scenario
	}
	if v.context != nil {
		request = request.WithContext(v.context)
	}
	start := time.Now()
	response, err := transport.RoundTrip(request)
	w.journal.Write(v.attempt(id, scenario, request, response, err, start))
	status := 0
	if err == nil {
		status = response.StatusCode
		if _, err = io.Copy(io.Discard, response.Body); err != nil {
			status = 0
		}
		response.Body.Close()
	}
	if status != v.status {
		w.journal.Fail("httptwo: %s %s: status %d (%v), expected %d", id, v.name, status, err, v.status)
	}
	if !v.unsent {
		w.journal.Write(v.line(id, scenario, request.URL.Scheme, path, start))
	}
}

func (v visit) attempt(id, scenario string, request *http.Request, response *http.Response, err error, start time.Time) truth.Span {
	line := truth.Attempt(id, request, response, err)
	line.Scenario, line.Case, line.Parent = scenario, v.name, truth.Root
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	line.Optional, line.Attempts = v.refused, v.transports
	if !v.unsent {
		line.Attributes["network.peer.address"] = request.URL.Hostname()
		line.Attributes["network.peer.port"] = line.Attributes["server.port"]
	}
	return line
}

// senders asks an http2.Transport through what else sends requests: one span, as far as there is one http.Transport.
func (w *world) senders() {
	_, h2 := w.transport(true)
	defer h2.CloseIdleConnections()
	configured := &http.Transport{TLSClientConfig: w.trust.Clone()}
	within := &http.Transport{TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}} // no HTTP/2 of its own
	within.RegisterProtocol("https", h2)
	if err := http2.ConfigureTransport(configured); err != nil {
		w.journal.Fail("httptwo: ConfigureTransport: %v", err)
		return
	}
	defer configured.CloseIdleConnections()
	ended, end := context.WithCancel(context.Background())
	end()
	past, endPast := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer endPast()
	site, hello := "https://"+w.sites["standard"], visit{path: "/hello/%s", status: 200, bytes: 6}
	for _, c := range []struct {
		name       string
		transport  http.RoundTripper
		transports int // of net/http that a request may go through
	}{
		{"an http.Client", sender{&http.Client{Transport: h2}}, 1},
		{"an http.Transport configured with it", configured, 1},
		{"its next request", configured, 1},
		{"an http.Client with that", sender{&http.Client{Transport: configured}}, 1},
		// Newer releases have one of their own, which makes two.
		{"an http.Transport that leaves it to h2", within, 2},
	} {
		v := hello
		v.name, v.transports = c.name, c.transports
		w.pay(v, "senders", site, c.transport)
	}
	for _, v := range []visit{
		{name: "cancelled before", context: ended, path: "/hello/%s", unsent: true},
		{name: "deadline passed before", context: past, path: "/hello/%s", unsent: true},
	} {
		w.pay(v, "senders", site, h2)
	}
	w.pay(visit{name: "without TLS", path: "/hello/%s", unsent: true, refused: true}, "senders", "http://"+w.sites["standard"], h2)
	w.pay(visit{name: "refused", path: "/hello/%s", unsent: true}, "senders", "https://127.0.0.1:1", h2)
}

// sender sends by a client that follows no redirect, so that what it gives back is what its transport has given it.
type sender struct{ client *http.Client }

func (s sender) RoundTrip(request *http.Request) (*http.Response, error) { return s.client.Do(request) }

func (v visit) line(id, scenario, scheme, path string, start time.Time) truth.Span {
	line := truth.Span{
		ID: id, SpanKind: "server", Scenario: scenario, Case: v.name, Parent: truth.Root,
		Status: truth.StatusOf(v.status == 0 || v.status >= 500), StartNs: start.UnixNano(), EndNs: time.Now().UnixNano(),
		Attributes: map[string]interface{}{
			"http.request.method": v.method, "url.path": path, "url.scheme": scheme, "network.protocol.version": "2",
			"server.address": "127.0.0.1", "network.peer.address": "127.0.0.1",
		},
	}
	if v.status == 0 {
		line.Attributes["error.type"] = "panic"
	} else {
		line.Attributes["http.response.status_code"] = v.status
		line.Attributes["http.response.body.size"] = v.bytes
	}
	if v.body != "" {
		line.Attributes["http.request.body.size"] = len(v.body)
	}
	if v.status == http.StatusNotFound {
		line.Name, line.Absent = v.method, []string{"http.route"}
	} else {
		route := "/" + strings.Split(path, "/")[1] + "/{id}"
		line.Name, line.Attributes["http.route"] = v.method+" "+route, route
	}
	return line
}

// push asks for a page that pushes another one, which is no request of anybody and makes no span.
func (w *world) push() {
	id := w.journal.NewID("push")
	v := visit{name: "push", method: http.MethodGet, path: "/push/%s", status: 200}
	start := time.Now()
	path := "/push/" + id
	if err := askForPush(w.sites["standard"], path, w.trust); err != nil {
		w.journal.Fail("httptwo: %s: %v", id, err)
	}
	w.journal.Write(v.line(id, "push", "https", path, start))
}
