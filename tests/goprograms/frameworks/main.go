// SPDX-License-Identifier: Apache-2.0

// frameworks serves requests with web frameworks and ServeMux, each on an address of its own and used in the ways that
// make a route hard to find, and prints for every request the route it must have. See truth.Main for flags and output.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"time"

	"nodespan/goprograms/truth"
)

// visit is one request and what it must look like.
type visit struct {
	name    string
	method  string // "" for GET
	path    string // "%s" stands for the id
	route   string // "" for none
	status  int    // 0: the handler panics and nobody recovers
	handler interface{}
	any     bool // whether there is a route is left open
	hidden  bool // the router's handler is one that does not show the program's
}

// site is a framework with its routes and the visits to them. Paths that begin with /copied pass a middleware in front of
// the framework that copies the request, and those with /mounted a ServeMux with a pattern of its own.
type site struct {
	name    string
	handler http.Handler
	visits  []visit
}

func main() { truth.Main("frameworks", prepare) }

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	var scenarios []truth.Scenario
	var first string
	for _, s := range []site{ginSite(), echoFourSite(), echoFiveSite(), chiSite(), gorillaSite(), serveMuxSite()} {
		s := s
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", nil, err
		}
		server := &http.Server{Handler: inFront(s.handler), ErrorLog: log.New(io.Discard, "", 0)}
		go func() { _ = server.Serve(listener) }()
		address := listener.Addr().String()
		if first == "" {
			first = address
		}
		scenarios = append(scenarios, truth.Scenario{Name: s.name, Run: func() {
			for _, v := range s.visits {
				v.pay(journal, s.name, address)
			}
		}})
	}
	return first, scenarios, nil
}

type copiedKey struct{}

// inFront is what stands between the server and the framework.
func inFront(next http.Handler) http.Handler {
	mounts := http.NewServeMux()
	mounts.Handle("/mounted/", next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/copied/"):
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), copiedKey{}, 1)))
		case strings.HasPrefix(r.URL.Path, "/cloned/"):
			next.ServeHTTP(w, r.Clone(r.Context()))
		case strings.HasPrefix(r.URL.Path, "/mounted/"):
			mounts.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// pay sends the request over a connection of its own, so that there is no client span, and writes its line.
func (v visit) pay(journal *truth.Journal, scenario, address string) {
	id := journal.NewID(scenario)
	if v.method == "" {
		v.method = http.MethodGet
	}
	start := time.Now()
	path := strings.Replace(v.path, "%s", id, 1)
	status, err := truth.Ask(address, v.method, path)
	if status != v.status || (err != nil) != (v.status == 0) {
		journal.Fail("frameworks: %s %s: status %d (%v), expected %d", id, v.name, status, err, v.status)
	}
	line := truth.Span{
		ID: id, SpanKind: "server", Scenario: scenario, Case: v.name, Parent: truth.Root,
		Attributes: map[string]interface{}{"http.request.method": v.method, "url.path": strings.SplitN(path, "?", 2)[0]},
		Facts:      map[string]interface{}{}, Status: truth.StatusOf(status == 0 || status >= 500),
		StartNs: start.UnixNano(), EndNs: time.Now().UnixNano(),
	}
	if status != 0 {
		line.Attributes["http.response.status_code"] = status
	} else {
		line.Attributes["error.type"] = "panic"
	}
	switch {
	case v.any:
	case v.route == "":
		line.Name, line.Absent = v.method, []string{"http.route"}
	default:
		line.Name, line.Attributes["http.route"] = v.method+" "+v.route, v.route
	}
	if v.hidden {
		line.Absent = append(line.Absent, "code.function.name")
	}
	if v.handler != nil {
		entry := reflect.ValueOf(v.handler).Pointer()
		function := runtime.FuncForPC(entry)
		file, number := function.FileLine(entry)
		line.Facts["code.function.name"], line.Facts["code.file.path"], line.Facts["code.line.number"] = function.Name(), file, number
	}
	journal.Write(line)
}

// recovering answers 500 when the handler panics, like the recovery middleware of every framework but without its log.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// copying hands a copy of the request on, as middleware does that adds to the context.
func copying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), copiedKey{}, 2)))
	})
}

// Handlers of those frameworks that use http.Handler.
func serveUser(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "user\n") }
func serveFailure(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
}
func servePanic(http.ResponseWriter, *http.Request)       { panic("on purpose") }
func serveMissing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }

// orders has its handler as a method.
type orders struct{ count int }

func (o *orders) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "orders\n")
}

// list is a handler only as the value of a method, for which the compiler makes a function of its own.
func (o *orders) list(w http.ResponseWriter, _ *http.Request) {
	o.count++
	_, _ = io.WriteString(w, "list\n")
}

// stateless is a handler by value, so that its method is called through a pointer by a function that the compiler makes.
type stateless struct{ text string }

func (s stateless) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, s.text)
}

// archive has its method from what it embeds.
type archive struct {
	name string
	*orders
}
