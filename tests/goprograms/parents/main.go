// SPDX-License-Identifier: Apache-2.0

// parents makes HTTP calls from all the places where it is hard to say on behalf of which request they are: worker pools,
// batchers, timers, loops that never end, contexts wrapped in all ways. It prints for each call the parent that the rules
// below give. See truth.Main for flags and output; --size is how many requests are open at a time.
//
//   - With a context: the request whose context is nearest in its chain, also shortly after the answer.
//   - With a context that leads to no request, or context.Background: the request that the same goroutine is serving.
//   - Else the request that the creator of the goroutine is serving, if the goroutine was created during it and it is still
//     open; not every tracer and Go can know that, so a root is right as well.
//   - Else a root.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"nodespan/goprograms/truth"
)

// patience bounds every wait, so that a mistake ends the program instead of hanging it.
const patience = 20 * time.Second

type handler func(r *http.Request, id string)

// world is what scenarios work with: a front server, whose handlers are the scenarios' own, and a back server, which they
// call.
type world struct {
	journal *truth.Journal
	front   string // host:port
	back    string
	client  *http.Client
	pool    chan func() // jobs of workers that were started at the beginning
	health  chan healthCheck

	mu       sync.Mutex
	handlers map[string]handler
	names    map[string][2]string     // scenario and case by id
	ended    map[string]chan struct{} // by id: closed when the server is done with the request
	serving  map[string]string        // address of the client -> id
}

func main() { truth.Main("parents", prepare) }

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{
		journal: journal, pool: make(chan func()), health: make(chan healthCheck),
		handlers: map[string]handler{}, names: map[string][2]string{}, ended: map[string]chan struct{}{}, serving: map[string]string{},
		client: newClient(),
	}
	for _, start := range []struct {
		address *string
		server  *http.Server
	}{
		{&w.front, &http.Server{Handler: http.HandlerFunc(w.serveFront), ConnState: w.connState}},
		{&w.back, &http.Server{Handler: http.HandlerFunc(w.serveBack)}},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", nil, err
		}
		*start.address = listener.Addr().String()
		server := start.server
		server.ErrorLog = log.New(io.Discard, "", 0)
		go func() { _ = server.Serve(listener) }()
	}
	for i := 0; i < 16; i++ {
		go func() {
			for job := range w.pool {
				job()
			}
		}()
	}
	go w.checkHealth(w.health)
	return w.front, w.scenarios(), nil
}

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2000}, Timeout: 0}
}

// line is the part that all lines have in common.
func (w *world) line(kind, id, parent string, startNs int64) truth.Span {
	w.mu.Lock()
	names := w.names[id]
	w.mu.Unlock()
	return truth.Span{
		ID: id, SpanKind: kind, Scenario: names[0], Case: names[1], Parent: parent, Name: http.MethodGet,
		Attributes: map[string]interface{}{"http.response.status_code": http.StatusOK}, Status: truth.Unset,
		StartNs: startNs, EndNs: time.Now().UnixNano(),
	}
}

func (w *world) serveFront(_ http.ResponseWriter, r *http.Request) {
	id := truth.IDIn(r.URL.Path)
	defer w.journal.Open()()
	w.mu.Lock()
	handle := w.handlers[id]
	w.serving[r.RemoteAddr] = id
	w.mu.Unlock()
	handle(r, id)
	line := w.line("server", id, truth.Root, 0)
	line.Caller = truth.Client(id)
	w.journal.Write(line)
}

// connState notices that the server is done with a request; the answer reaches the client before that.
func (w *world) connState(conn net.Conn, state http.ConnState) {
	if state != http.StateIdle && state != http.StateClosed {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	address := conn.RemoteAddr().String()
	if id, found := w.serving[address]; found {
		delete(w.serving, address)
		close(w.ended[id])
	}
}

func (w *world) serveBack(rw http.ResponseWriter, r *http.Request) {
	id := truth.IDIn(r.URL.Path)
	defer w.journal.Open()()
	_, _ = io.WriteString(rw, "back\n")
	line := w.line("server", id, truth.Root, 0)
	line.Caller = truth.Client(id)
	w.journal.Write(line)
}

func (w *world) newID(scenario, name string) string {
	id := w.journal.NewID(scenario)
	w.mu.Lock()
	w.names[id] = [2]string{scenario, name}
	w.mu.Unlock()
	return id
}

// request sends one request whose handler is `handle`, which runs before the answer is sent, and returns its id when the
// answer came. The request itself is a root.
func (w *world) request(scenario, name string, handle handler) string {
	return w.requestOver(w.client, scenario, name, handle)
}

func (w *world) requestOver(client *http.Client, scenario, name string, handle handler) string {
	id := w.newID(scenario, name)
	w.mu.Lock()
	w.handlers[id], w.ended[id] = handle, make(chan struct{})
	w.mu.Unlock()
	w.do(client, context.Background(), id, "http://"+w.front+"/do/"+id, truth.Root)
	return id
}

// waitEnded returns when the server is done with a request, and its span is over.
func (w *world) waitEnded(id string) {
	w.mu.Lock()
	ended := w.ended[id]
	w.mu.Unlock()
	select {
	case <-ended:
	case <-time.After(patience):
		w.journal.Fail("parents: %s did not end", id)
	}
}

// call calls the back server on behalf of `parent`, as the rules say.
func (w *world) call(ctx context.Context, scenario, name, parent string) {
	w.callOver(w.client, ctx, scenario, name, parent)
}

func (w *world) callOver(client *http.Client, ctx context.Context, scenario, name, parent string) {
	id := w.newID(scenario, name)
	w.do(client, ctx, id, "http://"+w.back+"/back/"+id, parent)
}

func (w *world) do(client *http.Client, ctx context.Context, id, target, parent string) {
	start := time.Now()
	request, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		w.journal.Fail("parents: %v", err)
		return
	}
	response, err := client.Do(request.WithContext(ctx))
	if err == nil {
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	line := w.line("client", id, parent, start.UnixNano())
	if err != nil {
		delete(line.Attributes, "http.response.status_code")
		if !strings.Contains(err.Error(), "context canceled") || !strings.Contains(line.Case, "cancelled") {
			w.journal.Fail("parents: %s %s: %v", id, line.Case, err)
		}
	}
	w.journal.Write(line)
}

// together runs work(0) to work(count-1), each in a goroutine, and waits for them.
func together(count int, work func(int)) {
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

// onPool runs a job on a worker that has nothing to do with any request and waits for it.
func (w *world) onPool(job func()) {
	done := make(chan struct{})
	w.pool <- func() { defer close(done); job() }
	<-done
}

// apart runs a job in a fresh goroutine and waits for it.
func apart(job func()) {
	done := make(chan struct{})
	go func() { defer close(done); job() }()
	<-done
}
