// SPDX-License-Identifier: Apache-2.0

// httptwo serves requests over HTTP/2 in every way that Go programs do and prints the server span that each must have.
// Its clients are those of golang.org/x/net/http2, some of which are no clients of net/http. See truth.Main for flags and
// output. Scenarios: standard (net/http over TLS), xnet (configured by golang.org/x/net/http2), cleartext (its h2c
// handler), native (net/http without TLS, Go 1.24), push.
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
	scenarios = append(scenarios, truth.Scenario{Name: "push", Run: w.push})
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
}

func (w *world) visitAll(scenario string, secure bool) {
	transport := &http2.Transport{TLSClientConfig: w.trust}
	scheme := "https"
	if !secure {
		scheme = "http"
		transport.AllowHTTP = true
		transport.DialTLSContext = func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}
	}
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
		w.pay(v, scenario, scheme, transport)
	}
	var streams sync.WaitGroup
	for i := 0; i < truth.SizeOr(50); i++ {
		streams.Add(1)
		go func() {
			defer streams.Done()
			w.pay(visit{name: "stream among many", path: "/hello/%s", status: 200, bytes: 6}, scenario, scheme, transport)
		}()
	}
	streams.Wait()
}

func (w *world) pay(v visit, scenario, scheme string, transport *http2.Transport) {
	id := w.journal.NewID(scenario)
	if v.method == "" {
		v.method = http.MethodGet
	}
	path := strings.Replace(v.path, "%s", id, 1)
	request, err := http.NewRequest(v.method, scheme+"://"+w.sites[scenario]+path, strings.NewReader(v.body))
	if err != nil {
		panic(err) // a mistake in the scenario
	}
	start := time.Now()
	response, err := transport.RoundTrip(request)
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
	w.journal.Write(v.line(id, scenario, scheme, path, start))
}

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
