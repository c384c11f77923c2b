// SPDX-License-Identifier: Apache-2.0

// panics serves requests whose handlers panic in every way that Go has, and prints for every request what its span has to
// say about it. See truth.Main for flags and output.
package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"nodespan/goprograms/truth"
)

// visit is one request and what its handler does.
type visit struct {
	name      string
	run       func(*story)
	recovered bool // a middleware answers 500
	silent    bool // no exception is to be seen
}

func main() { truth.Main("panics", prepare) }

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	stories := newLedger()
	mux := http.NewServeMux()
	for i := range visits {
		v := visits[i]
		handler := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v.run(stories.of(truth.IDIn(r.URL.Path)))
			_, _ = io.WriteString(w, "nothing happened\n")
		}))
		if v.recovered {
			handler = recovering(handler)
		}
		mux.Handle("/"+strings.ReplaceAll(v.name, " ", "-")+"/", handler)
	}
	server := &http.Server{Handler: mux, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }()
	address := listener.Addr().String()
	return address, []truth.Scenario{
		{Name: "handlers", Run: func() {
			for _, v := range visits {
				v.pay(journal, stories, address)
			}
		}},
		{Name: "fatal", Run: func() { dieInAClient(address) }},
	}, nil
}

// recovering answers 500 when the handler panics.
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

// pay sends the request and writes its line. What happened stands in the facts, in parallel lists joined by "|".
func (v visit) pay(journal *truth.Journal, stories *ledger, address string) {
	id := journal.NewID("panic")
	path := "/" + strings.ReplaceAll(v.name, " ", "-") + "/" + id
	start := time.Now()
	status, err := truth.Ask(address, http.MethodGet, path)
	story := stories.of(id)
	wantStatus := 0
	if v.recovered {
		wantStatus = http.StatusInternalServerError
	} else if story.survived {
		wantStatus = http.StatusOK
	}
	if status != wantStatus || (err != nil) != (wantStatus == 0) {
		journal.Fail("panics: %s %s: status %d (%v), expected %d", id, v.name, status, err, wantStatus)
	}
	line := truth.Span{
		ID: id, SpanKind: "server", Scenario: "handlers", Case: v.name, Parent: truth.Root,
		Attributes: map[string]interface{}{"http.request.method": "GET", "url.path": path},
		Status:     truth.StatusOf(status == 0 || status >= 500),
		StartNs:    start.UnixNano(), EndNs: time.Now().UnixNano(), Facts: map[string]interface{}{},
	}
	if status == 0 {
		line.Attributes["error.type"] = "panic"
	}
	if !v.silent {
		line.Facts["types"], line.Facts["messages"] = strings.Join(story.types, "|"), strings.Join(story.messages, "|")
		line.Facts["functions"], line.Facts["places"] = strings.Join(story.functions, "|"), strings.Join(story.places, "|")
	}
	journal.Write(line)
}

// dieInAClient panics within a request that is being sent, on a goroutine where nobody recovers.
func dieInAClient(address string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		trace := &httptrace.ClientTrace{GetConn: func(string) { panic(&refused{"all hope"}) }}
		request, err := http.NewRequest(http.MethodGet, "http://"+address+"/fatal", nil)
		if err != nil {
			return
		}
		_, _ = http.DefaultClient.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	}()
	<-done
}
