// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"nodespan/goprograms/truth"
)

func (w *world) scenarios() []truth.Scenario {
	return []truth.Scenario{
		{Name: "basic", Run: w.basic},
		{Name: "redirect", Run: w.redirects},
		{Name: "failure", Run: w.failures},
		{Name: "cancel", Run: w.cancels},
		{Name: "url", Run: w.urls},
		{Name: "transport", Run: w.transports},
		{Name: "upgrade", Run: w.upgrades},
		{Name: "nested", Run: w.nested},
		{Name: "proxy", Run: w.proxies},
		{Name: "https", Run: w.https},
		{Name: "httptwo", Run: w.httpTwo},
		{Name: "invalid", Run: w.invalid},
		{Name: "concurrency", Run: w.concurrency},
		{Name: "own", Run: w.ownContext},
		{Name: "room", Run: w.littleRoom},
		{Name: "shared", Run: w.sharedHeader},
	}
}

// call is one operation of a scenario. Its zero value is a GET of /status/ID on the HTTP/1.1 server by the common client
// with context.Background, outside of any request.
type call struct {
	scenario, name string
	method         string
	base           string // "http://host:port"
	peer           string // "" for the host of base
	path           string // "%s" stands for the id
	body           io.Reader
	header         http.Header
	ctx            context.Context
	parent         string
	client         *http.Client
	wantURL        string // "%s" stands for the id; "" for the URL as it is
	unread         bool   // the body of the answer is closed without reading it
	status         int    // 0: an error is expected
	do             handle
	server         string // see want
}

func (w *world) fill(c call) (string, call) {
	if c.method == "" {
		c.method = http.MethodGet
	}
	if c.base == "" {
		c.base = "http://" + w.plain
	}
	if c.path == "" {
		c.path = "/status/%s"
	}
	if c.ctx == nil {
		c.ctx = context.Background()
	}
	if c.parent == "" {
		c.parent = truth.Root
	}
	if c.client == nil {
		c.client = w.client
	}
	if c.peer == "" {
		if parsed, err := url.Parse(c.base); err == nil {
			c.peer = parsed.Host
		}
	}
	id := w.journal.NewID(c.scenario)
	c.path = strings.Replace(c.path, "%s", id, 1)
	c.wantURL = strings.Replace(c.wantURL, "%s", id, 1)
	return id, c
}

func (w *world) request(id string, c call) *http.Request {
	w.plan.add(id, want{scenario: c.scenario, name: c.name, parent: c.parent, url: c.wantURL, peer: c.peer, do: c.do, server: c.server})
	request, err := http.NewRequestWithContext(c.ctx, c.method, c.base+c.path, c.body)
	if err != nil {
		panic(err) // a mistake in the scenario
	}
	if c.header != nil {
		request.Header = c.header
	}
	return request
}

// run does one call to its end and returns its id.
func (w *world) run(c call) string {
	id, c := w.fill(c)
	request := w.request(id, c)
	response, err := c.client.Do(request)
	w.finish(id, c, response, err)
	return id
}

func (w *world) finish(id string, c call, response *http.Response, err error) {
	status := 0
	if err == nil {
		status = response.StatusCode
		if !c.unread {
			_, _ = io.Copy(io.Discard, response.Body)
		}
		response.Body.Close()
	}
	if status != c.status {
		w.journal.Fail("httpclient: %s %s: status %d, expected %d (%v)", id, c.name, status, c.status, err)
	}
}

func (w *world) basic() {
	bodyOf := func(size int) io.Reader { return bytes.NewReader(bytes.Repeat([]byte("b"), size)) }
	for _, c := range []call{
		{name: "get", status: 200},
		{name: "query", path: "/status/%s?color=blue&size=3", status: 200},
		{name: "not found", path: "/status/%s?code=404", status: 404},
		{name: "server error", path: "/status/%s?code=500", status: 500},
		{name: "unusual status", path: "/status/%s?code=599", status: 599},
		{name: "no content", path: "/status/%s?code=204", status: 204},
		{name: "head", method: http.MethodHead, status: 200},
		{name: "post", method: http.MethodPost, path: "/echo/%s", body: bodyOf(11), status: 200},
		{name: "post nothing", method: http.MethodPost, path: "/echo/%s", status: 200},
		{name: "post of unknown length", method: http.MethodPost, path: "/echo/%s", body: io.MultiReader(bodyOf(2500)), status: 200},
		{name: "post big", method: http.MethodPost, path: "/echo/%s", body: bodyOf(1 << 20), status: 200},
		{name: "post expecting 100", method: http.MethodPost, path: "/echo/%s", body: bodyOf(64), header: http.Header{"Expect": {"100-continue"}}, status: 200},
		{name: "put", method: http.MethodPut, path: "/echo/%s", body: bodyOf(5), status: 200},
		{name: "delete", method: http.MethodDelete, status: 200},
		{name: "unknown method", method: "BREW", status: 200},
		{name: "answer not read", path: "/status/%s", unread: true, status: 200},
	} {
		c.scenario = "basic"
		w.run(c)
	}
	// Clients that nobody wraps: the line is written by the caller, who sees the same answer.
	for _, plain := range []struct {
		name string
		get  func(string) (*http.Response, error)
	}{{"http.Get", http.Get}, {"default client", http.DefaultClient.Get}, {"new client", (&http.Client{}).Get}} {
		id, c := w.fill(call{scenario: "basic", name: plain.name, status: 200})
		request := w.request(id, c)
		start := time.Now()
		response, err := plain.get(request.URL.String())
		(&recorder{nil, w.plan, w.journal}).record(request, response, err, start)
		w.finish(id, c, response, err)
	}
}

// chain does one call that is led through `hops` redirects. Attempt N has the id ID.hN.
func (w *world) chain(c call, hops, code int) {
	c.scenario = "redirect"
	base := w.journal.NewID(c.scenario)
	if c.parent == "" {
		c.parent = truth.Root
	}
	via := c.wantURL
	c.wantURL = ""
	for i := 0; i <= hops; i++ {
		w.plan.add(fmt.Sprintf("%s.h%d", base, i), want{scenario: c.scenario, name: c.name, parent: c.parent, peer: w.plain, resend: i})
	}
	path := fmt.Sprintf("/redirect/%s.h0?left=%d&code=%d&via=%s", base, hops, code, url.QueryEscape(via))
	request, err := http.NewRequest(c.method, "http://"+w.plain+path, c.body)
	if err != nil {
		panic(err)
	}
	if c.client == nil {
		c.client = w.client
	}
	response, err := c.client.Do(request)
	w.finish(base, c, response, err)
}

func (w *world) redirects() {
	w.chain(call{name: "one hop", method: "GET", status: 200}, 1, 302)
	w.chain(call{name: "five hops", method: "GET", status: 200}, 5, 301)
	w.chain(call{name: "absolute location", method: "GET", wantURL: "http://" + w.plain, status: 200}, 1, 302)
	w.chain(call{name: "post becomes get", method: "POST", body: strings.NewReader("body"), status: 200}, 2, 303)
	w.chain(call{name: "post stays post", method: "POST", body: strings.NewReader("body"), status: 200}, 2, 307)
	w.chain(call{name: "permanent", method: "PUT", body: strings.NewReader("body"), status: 200}, 1, 308)
	// The client gives up before the eleventh attempt, with the last answer in its hands.
	w.chain(call{name: "too many", method: "GET", status: 0}, 20, 302)
	staying := w.recorded(w.client.Transport.(*recorder).next)
	staying.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.chain(call{name: "not followed", method: "GET", client: staying, status: 302}, 1, 302)
}

func (w *world) failures() {
	nameless := w.recorded(&http.Transport{DialContext: (&net.Dialer{Resolver: &net.Resolver{PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no name server") },
	}}).DialContext})
	failing := func(err error) *http.Client {
		return w.recorded(&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err }})
	}
	noRoute := errors.New("no route")
	impatient := w.recorded(&http.Transport{ResponseHeaderTimeout: 50 * time.Millisecond})
	for _, c := range []call{
		{name: "refused", base: "http://" + w.refused},
		{name: "refused post", base: "http://" + w.refused, method: "POST", body: strings.NewReader("body")},
		{name: "unknown name", base: "http://nowhere.invalid", client: nameless},
		{name: "plain error", client: failing(noRoute)},
		{name: "wrapped error", client: failing(fmt.Errorf("dialing: %w", noRoute))},
		{name: "error wrapped twice", client: failing(fmt.Errorf("shop: %w", fmt.Errorf("dialing: %w", noRoute)))},
		{name: "error wrapped around nothing", client: failing(fmt.Errorf("shop: %w", nil))},
		{name: "closed without answer", base: "http://" + w.mute},
		{name: "closed without answer to a post", base: "http://" + w.mute, method: "POST", body: strings.NewReader("body")},
		{name: "answer is not HTTP", base: "http://" + w.secure, path: "/status/%s", status: 400}, // a TLS server says so in HTTP
		{name: "body breaks", method: "POST", path: "/echo/%s", body: io.MultiReader(strings.NewReader("x"), broken{}), client: w.recorded(&http.Transport{})},
		{name: "headers too late", path: "/slow/%s", client: impatient},
	} {
		c.scenario = "failure"
		w.run(c)
	}
}

// broken is a body that cannot be read.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the body broke") }

func (w *world) cancels() {
	ended, end := context.WithCancel(context.Background())
	end()
	w.run(call{scenario: "cancel", name: "cancelled before", ctx: ended})
	past, endPast := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	w.run(call{scenario: "cancel", name: "deadline passed before", ctx: past})
	endPast()

	// The server has the request when the client leaves.
	during := func(name string, ctx context.Context, client *http.Client, cancel func()) {
		id, c := w.fill(call{scenario: "cancel", name: name, path: "/slow/%s", ctx: ctx, client: client})
		request := w.request(id, c)
		if cancel != nil {
			go func() {
				w.server.arrived.wait(id)
				cancel()
			}()
		}
		response, err := c.client.Do(request)
		w.finish(id, c, response, err)
		if cancel == nil {
			w.server.arrived.wait(id)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	during("cancelled during", ctx, nil, cancel)
	limited, endLimited := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer endLimited()
	during("deadline during", limited, nil, nil)
	hasty := w.recorded(&http.Transport{})
	hasty.Timeout = 200 * time.Millisecond
	during("client timeout", context.Background(), hasty, nil)
}

func (w *world) urls() {
	host := w.plain
	list := []call{
		{name: "credentials", base: "http://user:secret@" + host, wantURL: "http://REDACTED:REDACTED@" + host + "/status/%s", peer: host},
		{name: "user without password", base: "http://user@" + host, wantURL: "http://REDACTED:REDACTED@" + host + "/status/%s", peer: host},
		{name: "fragment", path: "/status/%s#part"},
		{name: "escaped path", path: "/status/%s/with%20space"},
		{name: "empty query", path: "/status/%s?"},
		{name: "similar key", path: "/status/%s?signature=visible&Sig=visible"},
	}
	for _, key := range []string{"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature"} {
		list = append(list, call{
			name: "secret " + key, path: "/status/%s?a=1&" + key + "=s3cr3t&b=2",
			wantURL: "http://" + host + "/status/%s?a=1&" + key + "=REDACTED&b=2",
		})
	}
	list = append(list, call{name: "two secrets", path: "/status/%s?sig=abc&Signature=def", wantURL: "http://" + host + "/status/%s?sig=REDACTED&Signature=REDACTED"})
	if w.v6 != "" {
		list = append(list, call{name: "IPv6", base: "http://" + w.v6})
	} else {
		w.journal.Note("no IPv6 on loopback")
	}
	for _, c := range list {
		c.scenario, c.status = "url", 200
		w.run(c)
	}
	// URLs that url.URL describes in other ways than by Path.
	id, c := w.fill(call{scenario: "url", name: "raw path", status: 200})
	request := w.request(id, c)
	request.URL.Path, request.URL.RawPath = "/status/"+id+"/a/b", "/status/"+id+"/a%2Fb"
	response, err := c.client.Do(request)
	w.finish(id, c, response, err)
	id, c = w.fill(call{scenario: "url", name: "another Host header", status: 200})
	request = w.request(id, c)
	request.Host = "shop.example:81"
	response, err = c.client.Do(request)
	w.finish(id, c, response, err)
}

// stamping is a RoundTripper as applications write them: it changes a copy of the request.
type stamping struct{ next http.RoundTripper }

type stampKey struct{}

func (s stamping) RoundTrip(request *http.Request) (*http.Response, error) {
	copied := request.Clone(context.WithValue(request.Context(), stampKey{}, 1))
	copied.Header.Set("X-Stamp", "1")
	return s.next.RoundTrip(copied)
}

// retrying asks a second time under another id; each attempt is an operation of its own.
type retrying struct{ next http.RoundTripper }

func (r retrying) RoundTrip(request *http.Request) (*http.Response, error) {
	id := truth.IDIn(request.URL.Path)
	var response *http.Response
	var err error
	for attempt, code := range []string{"503", "200"} {
		copied := request.Clone(request.Context())
		copied.URL.Path = strings.Replace(request.URL.Path, id, fmt.Sprintf("%s.r%d", id, attempt), 1)
		copied.URL.RawQuery = "code=" + code
		if response, err = r.next.RoundTrip(copied); err == nil && response.StatusCode < 500 {
			break
		}
		if err == nil {
			response.Body.Close()
		}
	}
	return response, err
}

// answering never asks anybody, so it makes no span.
type answering struct{}

func (answering) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", Body: io.NopCloser(strings.NewReader("made up")), Request: request}, nil
}

func (w *world) transports() {
	socket := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", w.socket)
	}}
	elsewhere := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, w.plain)
	}}
	forward := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: w.plain})}
	for _, c := range []call{
		{name: "no keep-alive", client: w.recorded(&http.Transport{DisableKeepAlives: true}), status: 200},
		{name: "own dialer", base: "http://shop.invalid:8080", peer: w.plain, client: w.recorded(elsewhere), status: 200},
		{name: "default port", base: "http://shop.invalid", peer: w.plain, client: w.recorded(elsewhere), status: 200},
		{name: "unix socket", base: "http://socket.invalid", peer: "none", client: w.recorded(socket), status: 200},
		{name: "forward proxy", base: "http://shop.invalid", peer: w.plain, client: w.recorded(forward), status: 200},
		{name: "wrapped", client: &http.Client{Transport: stamping{w.client.Transport}}, status: 200},
		{name: "cloned", client: w.recorded(http.DefaultTransport.(*http.Transport).Clone()), status: 200},
		{name: "made up", client: &http.Client{Transport: answering{}}, status: 200},
	} {
		c.scenario = "transport"
		w.run(c)
	}
	id, c := w.fill(call{scenario: "transport", name: "retried by a wrapper", client: &http.Client{Transport: retrying{w.client.Transport}}, status: 200})
	for _, attempt := range []string{".r0", ".r1"} {
		w.plan.add(id+attempt, want{scenario: c.scenario, name: c.name, parent: truth.Root, peer: c.peer})
	}
	response, err := c.client.Do(w.request(id, c))
	w.finish(id, c, response, err)

	// Without an http.Client.
	id, c = w.fill(call{scenario: "transport", name: "transport alone", status: 200})
	response, err = w.client.Transport.RoundTrip(w.request(id, c))
	w.finish(id, c, response, err)

	// A kept connection that the server has closed meanwhile is replaced inside one attempt.
	w.stale()
}

func (w *world) stale() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.journal.Fail("httpclient: %v", err)
		return
	}
	server := w.server.httpServer()
	go func() { _ = server.Serve(listener) }()
	client := w.recorded(&http.Transport{})
	for i := 0; i < 3; i++ {
		w.run(call{scenario: "transport", name: "kept connection", base: "http://" + listener.Addr().String(), client: client, status: 200})
		server.SetKeepAlivesEnabled(false) // closes idle connections
		server.SetKeepAlivesEnabled(true)
	}
	server.Close()
}

func (w *world) upgrades() {
	header := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"line"}}
	w.run(call{scenario: "upgrade", name: "switching protocols", path: "/upgrade/%s", header: header, status: 101})
	w.run(call{scenario: "upgrade", name: "next", status: 200})
}

// within runs calls inside of a handler: the outer call is a root, the inner ones are children of its server span.
func (w *world) within(scenario, name string, inner func(r *http.Request, parent string)) {
	id, c := w.fill(call{scenario: scenario, name: name, path: "/do/%s", status: 200})
	c.do = func(_ http.ResponseWriter, r *http.Request) int {
		inner(r, truth.Server(id))
		return http.StatusOK
	}
	response, err := c.client.Do(w.request(id, c))
	w.finish(id, c, response, err)
}

func (w *world) nested() {
	const scenario = "nested"
	w.within(scenario, "context of the request", func(r *http.Request, parent string) {
		w.run(call{scenario: scenario, name: "inner", ctx: r.Context(), parent: parent, status: 200})
		w.run(call{scenario: scenario, name: "inner not found", ctx: r.Context(), parent: parent, path: "/status/%s?code=404", status: 404})
		w.run(call{scenario: scenario, name: "inner refused", ctx: r.Context(), parent: parent, base: "http://" + w.refused})
	})
	w.within(scenario, "no context", func(_ *http.Request, parent string) {
		w.run(call{scenario: scenario, name: "inner", parent: parent, status: 200})
	})
	w.within(scenario, "derived contexts", func(r *http.Request, parent string) {
		timed, end := context.WithTimeout(context.WithValue(r.Context(), stampKey{}, "v"), time.Minute)
		defer end()
		w.run(call{scenario: scenario, name: "inner", ctx: timed, parent: parent, status: 200})
	})
	w.within(scenario, "many goroutines", func(r *http.Request, parent string) {
		w.together(20, func(int) {
			w.run(call{scenario: scenario, name: "inner", ctx: r.Context(), parent: parent, status: 200})
		})
	})
	w.within(scenario, "two levels", func(r *http.Request, parent string) {
		id, c := w.fill(call{scenario: scenario, name: "middle", path: "/do/%s", ctx: r.Context(), parent: parent, status: 200})
		c.do = func(_ http.ResponseWriter, r *http.Request) int {
			w.run(call{scenario: scenario, name: "innermost", ctx: r.Context(), parent: truth.Server(id), status: 200})
			return http.StatusOK
		}
		response, err := c.client.Do(w.request(id, c))
		w.finish(id, c, response, err)
	})
}

func (w *world) proxies() {
	for _, code := range []string{"200", "502"} {
		status := 200
		if code == "502" {
			status = 502
		}
		id, c := w.fill(call{scenario: "proxy", name: "reverse proxy " + code, path: "/do/%s?code=" + code, status: status})
		w.plan.add(id+".up", want{scenario: c.scenario, name: "upstream", parent: truth.Server(id), peer: w.plain})
		c.do = func(rw http.ResponseWriter, r *http.Request) int {
			w.reverseProxy(w.plain).ServeHTTP(rw, r)
			return status
		}
		response, err := c.client.Do(w.request(id, c))
		w.finish(id, c, response, err)
	}
	id, c := w.fill(call{scenario: "proxy", name: "upstream refuses", path: "/do/%s", status: 502})
	w.plan.add(id+".up", want{scenario: c.scenario, name: "upstream", parent: truth.Server(id)})
	c.do = func(rw http.ResponseWriter, r *http.Request) int {
		proxy := w.reverseProxy(w.refused)
		proxy.ErrorHandler = func(rw http.ResponseWriter, _ *http.Request, _ error) { rw.WriteHeader(http.StatusBadGateway) }
		proxy.ServeHTTP(rw, r)
		return http.StatusBadGateway
	}
	response, err := c.client.Do(w.request(id, c))
	w.finish(id, c, response, err)
}

func (w *world) reverseProxy(upstream string) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: w.client.Transport,
		Director: func(r *http.Request) {
			id := truth.IDIn(r.URL.Path)
			r.URL.Scheme, r.URL.Host, r.URL.Path = "http", upstream, "/status/"+id+".up"
		},
	}
}

func (w *world) https() {
	oldest := w.recorded(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.trusted}, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}})
	w.overTLS("https", oldest)
	w.run(call{scenario: "https", name: "certificate not trusted", base: "https://" + w.secure, client: w.recorded(&http.Transport{})})
}

func (w *world) httpTwo() {
	client := w.recorded(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.trusted}, ForceAttemptHTTP2: true})
	w.overTLS("httptwo", client)
	w.together(truth.SizeOr(30), func(int) {
		w.run(call{scenario: "httptwo", name: "stream among many", base: "https://" + w.secure, client: client, status: 200})
	})
	ctx, cancel := context.WithCancel(context.Background())
	id, c := w.fill(call{scenario: "httptwo", name: "cancelled during", base: "https://" + w.secure, path: "/slow/%s", ctx: ctx, client: client})
	go func() {
		w.server.arrived.wait(id)
		cancel()
	}()
	response, err := c.client.Do(w.request(id, c))
	w.finish(id, c, response, err)
}

func (w *world) overTLS(scenario string, client *http.Client) {
	for _, c := range []call{
		{name: "first", status: 200},
		{name: "second", status: 200},
		{name: "not found", path: "/status/%s?code=404", status: 404},
		{name: "server error", path: "/status/%s?code=500", status: 500},
		{name: "post", method: "POST", path: "/echo/%s", body: strings.NewReader("some bytes"), status: 200},
		{name: "head", method: "HEAD", status: 200},
	} {
		c.scenario, c.base, c.client = scenario, "https://"+w.secure, client
		w.run(c)
	}
}

// invalid requests end inside of the Transport before anything is dialled.
func (w *world) invalid() {
	w.run(call{scenario: "invalid", name: "unsupported scheme", base: "bogus://" + w.plain})
	id, c := w.fill(call{scenario: "invalid", name: "bad header"})
	request := w.request(id, c)
	request.Header["X Bad"] = []string{"value"}
	response, err := c.client.Do(request)
	w.finish(id, c, response, err)
	id, c = w.fill(call{scenario: "invalid", name: "bad method"})
	request = w.request(id, c)
	request.Method = "NO SPACE"
	response, err = c.client.Do(request)
	w.finish(id, c, response, err)
}

func (w *world) concurrency() {
	w.together(truth.SizeOr(50), func(i int) {
		for j := 0; j < 4; j++ {
			w.within("concurrency", "outer", func(r *http.Request, parent string) {
				w.run(call{scenario: "concurrency", name: "inner", ctx: r.Context(), parent: parent, status: 200})
			})
		}
	})
}

// together runs work(0) to work(count-1), each in a goroutine.
func (w *world) together(count int, work func(int)) {
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			work(i)
		}(i)
	}
	group.Wait()
}

// ownContext sends a context that the program has from elsewhere: nobody may add another one.
func (w *world) ownContext() {
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	value := []string{"00-" + trace + "-" + span + "-01"}
	overTLS := w.recorded(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.trusted}, ForceAttemptHTTP2: true})
	for _, c := range []call{
		{name: "canonical", header: http.Header{"Traceparent": value}},
		{name: "as it is written", header: http.Header{"traceparent": value}},
		{name: "with many others", header: manyHeaders(http.Header{"Traceparent": value}, 60)},
		{name: "HTTP/2", header: http.Header{"Traceparent": value}, base: "https://" + w.secure, client: overTLS},
	} {
		c.scenario, c.status, c.server = "own", 200, truth.Remote(trace, span)
		w.run(c)
	}
}

func manyHeaders(header http.Header, count int) http.Header {
	for i := 0; i < count; i++ {
		header.Set(fmt.Sprintf("X-Header-%d", i), "value")
	}
	return header
}

// littleRoom fills the buffer of 4096 bytes that a request is written into up to where a tracer would put something.
func (w *world) littleRoom() {
	for filled := 3900; filled < 4200; filled += 9 {
		id, c := w.fill(call{scenario: "room", name: fmt.Sprintf("%d bytes", filled), status: 200,
			header: http.Header{"User-Agent": {strings.Repeat("u", filled)}, "X-Behind": {strings.Repeat("b", 300)}}})
		c.server = truth.Either(truth.Root, truth.Client(id))
		response, err := c.client.Do(w.request(id, c))
		w.finish(id, c, response, err)
	}
}

// sharedHeader has many requests at once send the same map.
func (w *world) sharedHeader() {
	header := http.Header{"X-Shared": {"by all"}}
	w.together(truth.SizeOr(50), func(int) {
		for j := 0; j < 4; j++ {
			w.run(call{scenario: "shared", name: "same map", header: header, status: 200})
		}
	})
}
