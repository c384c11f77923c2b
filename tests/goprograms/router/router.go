// SPDX-License-Identifier: Apache-2.0

// Package router stands for a library that programs get as a module: it has what is hard to find by name. The builds
// `replaced`, `vendored` and `gopath` put it below different package paths.
package router

import "net/http"

// Router has methods on a pointer.
type Router struct {
	Routes map[string]http.Handler
	hits   int
}

// ServeHTTP stays a function of its own.
//
//go:noinline
func (r *Router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	count(r, request.URL.Path)
	if handler := r.Routes[request.URL.Path]; handler != nil {
		handler.ServeHTTP(w, request)
	}
}

// count is inlined wherever it is called, and takes enough instructions for the function table to name it.
func count(r *Router, path string) {
	for len(path) > 0 && path[0] == '/' {
		path = path[1:]
		r.hits++
	}
}

// Teapot has a method on a value; behind an interface it is called through a wrapper that the compiler makes.
type Teapot struct{ Text string }

//go:noinline
func (t Teapot) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusTeapot)
	_, _ = w.Write([]byte(t.Text))
}
