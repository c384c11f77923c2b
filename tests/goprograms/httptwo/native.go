// SPDX-License-Identifier: Apache-2.0

//go:build go1.24

package main

import "net/http"

// nativeServer speaks HTTP/2 without TLS by itself.
func nativeServer() *http.Server {
	server := &http.Server{Protocols: &http.Protocols{}}
	server.Protocols.SetUnencryptedHTTP2(true)
	return server
}
