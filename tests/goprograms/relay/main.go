// SPDX-License-Identifier: Apache-2.0

// relay serves requests by sending one of its own: GET /relay/ID asks the same server for /leaf/ID. No trace context goes
// with it, so that the request for the leaf begins a trace of its own.
// It prints "ready pid=N addr=HOST:PORT" and ends when its standard input does.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	address := listener.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("/leaf/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "leaf") })
	mux.HandleFunc("/relay/", func(w http.ResponseWriter, r *http.Request) {
		request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+address+"/leaf/"+path.Base(r.URL.Path), nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		_, _ = io.Copy(w, response.Body)
	})
	go func() { _ = http.Serve(listener, mux) }()
	fmt.Printf("ready pid=%d addr=%s\n", os.Getpid(), address)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
