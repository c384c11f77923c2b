// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// call is one request inside a handler. Handlers write through it, so that the bytes they wrote are known whatever
// becomes of them.
type call struct {
	http.ResponseWriter
	request *http.Request
	id      string
	bytes   int64
}

func (c *call) print(text string) {
	n, _ := io.WriteString(c.ResponseWriter, text)
	c.bytes += int64(n)
}

func (c *call) flush() {
	if flusher, ok := c.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
}

// route is a handler and the patterns it is registered under. The id of a request is the part of its path behind the
// classic pattern, up to the first "~"; what follows is padding.
type route struct {
	method  string // "" for every method; only patterns of Go 1.22 and newer know it
	modern  string
	classic string
	handler func(*call)
	wrap    func(http.Handler) http.Handler // nil for none
}

const (
	slowFor      = 30 * time.Millisecond
	handlerLimit = 40 * time.Millisecond // of http.TimeoutHandler
	timeoutBody  = "too slow\n"
	largeChunk   = 16 << 10
	largeChunks  = 64
)

// routes by a short name that scenarios use.
var routes = map[string]route{
	"item":      {"GET", "/items/{id}", "/items/", serveItem, nil},
	"nowrite":   {"", "/nowrite/{id}", "/nowrite/", func(*call) {}, nil},
	"status":    {"", "/status/{id}", "/status/", serveStatus, nil},
	"echo":      {"POST", "/echo/{id}", "/echo/", serveEcho, nil},
	"any":       {"", "/any/{id}", "/any/", serveItem, nil},
	"ignore":    {"", "/ignore/{id}", "/ignore/", serveItem, nil},
	"large":     {"GET", "/large/{id}", "/large/", serveLarge, nil},
	"flush":     {"GET", "/flush/{id}", "/flush/", serveFlush, nil},
	"hints":     {"GET", "/hints/{id}", "/hints/", serveHints, nil},
	"slow":      {"GET", "/slow/{id}", "/slow/", serveSlow, nil},
	"tree":      {"", "/tree/{rest...}", "/tree/", serveItem, nil},
	"before":    {"", "/panic/before/{id}", "/panic/before/", func(*call) { panic("before the answer") }, nil},
	"after":     {"", "/panic/after/{id}", "/panic/after/", servePanicAfter, nil},
	"abort":     {"", "/panic/abort/{id}", "/panic/abort/", func(*call) { panic(http.ErrAbortHandler) }, nil},
	"recovered": {"", "/panic/recovered/{id}", "/panic/recovered/", serveRecovered, nil},
	"goexit":    {"", "/panic/goexit/{id}", "/panic/goexit/", func(*call) { runtime.Goexit() }, nil},
	"hijack":    {"", "/hijack/{id}", "/hijack/", serveHijack, nil},
	"timeout":   {"", "/timeout/{id}", "/timeout/", serveUntilGone, limited},
	"intime":    {"", "/intime/{id}", "/intime/", serveItem, limited},
	"gone":      {"", "/gone/{id}", "/gone/", serveUntilGone, nil},
	"deep":      {"", "/deep/{id}", "/deep/", serveDeep, nil},
	"spawn":     {"", "/spawn/{id}", "/spawn/", serveSpawn, nil},
}

// code is where a function is declared, as the runtime tells it.
type code struct {
	function, file string
	line           int
}

func codeOf(function interface{}) code {
	entry := reflect.ValueOf(function).Pointer()
	file, line := runtime.FuncForPC(entry).FileLine(entry)
	return code{runtime.FuncForPC(entry).Name(), file, line}
}

// handlerCode is that of the handler which is registered for every route that wraps nothing around it.
var handlerCode code

func limited(h http.Handler) http.Handler { return http.TimeoutHandler(h, handlerLimit, timeoutBody) }

// newServer registers every route on a fresh ServeMux. done is told about every handler that ended, however it ended.
func newServer(done func(c *call, r route, h handled)) *http.Server {
	mux := http.NewServeMux()
	for _, r := range routes {
		r := r
		var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			id := strings.TrimPrefix(request.URL.Path, r.classic)
			if cut := strings.IndexByte(id, '~'); cut >= 0 {
				id = id[:cut]
			}
			c := &call{ResponseWriter: w, request: request, id: id}
			start := time.Now()
			defer func() { // no recover: a panic has to go its normal way
				done(c, r, handled{c.bytes, start.UnixNano(), time.Now().UnixNano()})
			}()
			r.handler(c)
		})
		handlerCode = codeOf(handler)
		if r.wrap != nil {
			handler = r.wrap(handler)
		}
		mux.Handle(pattern(r), handler)
	}
	// The server logs panics of handlers, which are wanted here.
	return &http.Server{Handler: mux, ErrorLog: log.New(io.Discard, "", 0)}
}

func serveItem(c *call) { c.print("item " + c.id + "\n") }

// serveStatus answers with the status that the query names.
func serveStatus(c *call) {
	code, err := strconv.Atoi(c.request.URL.Query().Get("code"))
	if err != nil {
		code = http.StatusBadRequest
	}
	c.WriteHeader(code)
	if code != http.StatusNoContent && code != http.StatusNotModified {
		c.print("status " + c.id + "\n")
	}
}

func serveEcho(c *call) {
	body, err := io.ReadAll(c.request.Body)
	if err != nil {
		c.WriteHeader(http.StatusBadRequest)
		return
	}
	c.print(fmt.Sprintf("read %d\n", len(body)))
}

func serveLarge(c *call) {
	chunk := strings.Repeat("x", largeChunk)
	for i := 0; i < largeChunks; i++ {
		c.print(chunk)
	}
}

func serveFlush(c *call) {
	for i := 0; i < 4; i++ {
		c.print("part\n")
		c.flush()
	}
}

// serveHints sends an informational answer first; the status of the request is still the final one.
func serveHints(c *call) {
	c.Header().Set("Link", "</style.css>; rel=preload")
	c.WriteHeader(http.StatusEarlyHints)
	c.WriteHeader(http.StatusAccepted)
	c.print("accepted\n")
}

func serveSlow(c *call) {
	time.Sleep(slowFor)
	serveItem(c)
}

func servePanicAfter(c *call) {
	c.WriteHeader(http.StatusAccepted)
	c.print("then it breaks\n")
	c.flush()
	panic("after the answer began")
}

// serveRecovered panics and recovers by itself: an ordinary 500.
func serveRecovered(c *call) {
	defer func() {
		if recover() != nil {
			c.WriteHeader(http.StatusInternalServerError)
			c.print("recovered\n")
		}
	}()
	panic("recovered by the handler")
}

func serveHijack(c *call) {
	hijacker, ok := c.ResponseWriter.(http.Hijacker)
	if !ok {
		c.WriteHeader(http.StatusNotImplemented)
		return
	}
	conn, buffered, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: line\r\n\r\nover\n")
	_ = buffered.Flush()
}

func serveUntilGone(c *call) {
	select {
	case <-c.request.Context().Done():
	case <-time.After(5 * time.Second):
		c.print("nobody left\n")
	}
}

// serveDeep recurses until the goroutine's stack has been moved several times while the request is open.
func serveDeep(c *call) { c.print(fmt.Sprintf("depth %d\n", recurse(200))) }

//go:noinline
func recurse(depth int) int {
	var frame [1024]byte
	frame[depth%len(frame)] = 1
	if depth == 0 {
		return 0
	}
	return recurse(depth-1) + int(frame[depth%len(frame)])
}

// serveSpawn has the work done by other goroutines, some of which outlive the request.
func serveSpawn(c *call) {
	var group sync.WaitGroup
	for i := 0; i < 50; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			runtime.Gosched()
			recurse(20)
		}()
	}
	for i := 0; i < 5; i++ {
		go time.Sleep(5 * time.Millisecond)
	}
	group.Wait()
	serveItem(c)
}

func portOf(address string) int {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0
	}
	number, _ := strconv.Atoi(port)
	return number
}
