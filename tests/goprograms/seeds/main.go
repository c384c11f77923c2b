// SPDX-License-Identifier: Apache-2.0

// Program seeds is as small as a Go program gets and still has one of everything that nodespan reads: seeds for fuzzing are
// cut from it (tests/fuzz/real_corpus.py). It is never run.
package main

type header map[string][]string

type writer interface{ write(text string) int }

type request struct {
	method string
	header header
	parent *request
	values [4]interface{}
}

type response struct {
	request *request
	status  int
	done    chan struct{}
	then    func(*response) error
}

//go:noinline
func (r *response) write(text string) int {
	r.status += len(text)
	return r.status
}

//go:noinline
func serve(w writer, r *request) int {
	defer func() { r.values[0] = recover() }()
	for name, values := range r.header {
		r.values[len(name)%4] = values[0]
	}
	r.values[1] = *r
	return w.write(r.method)
}

func main() {
	var w writer = &response{request: &request{header: header{"a": {"b"}}}, done: make(chan struct{})}
	println(serve(w, &request{method: "GET"}))
}
