// SPDX-License-Identifier: Apache-2.0

// httpclient makes HTTP requests in every way that net/http has, to servers of its own on loopback, and prints a line of
// truth for every attempt that reached a Transport and for every request that its servers handled. See truth.Main for
// flags and output.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"

	"nodespan/goprograms/truth"
)

// world is what scenarios work with.
type world struct {
	journal *truth.Journal
	plan    *plan
	server  *server

	plain   string // host:port of the HTTP/1.1 server
	v6      string // the same on [::1], "" when there is no IPv6
	secure  string // https, HTTP/1.1 and HTTP/2
	mute    string // accepts, reads a little and closes
	refused string // nobody listens there
	socket  string // name of a Unix socket

	trusted *x509.CertPool
	client  *http.Client // a common one, recorded
}

func main() { truth.Main("httpclient", prepare) }

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{journal: journal, plan: &plan{wants: map[string]want{}}}
	w.server = &server{journal, w.plan, newSignals(), newSignals()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	w.plain = listener.Addr().String()
	go func() { _ = w.server.httpServer().Serve(listener) }()
	if listener, err := net.Listen("tcp", "[::1]:0"); err == nil {
		w.v6 = listener.Addr().String()
		go func() { _ = w.server.httpServer().Serve(listener) }()
	}
	for _, start := range []func() error{w.startSecure, w.startMute, w.reserveRefused, w.startSocket} {
		if err := start(); err != nil {
			return "", nil, err
		}
	}
	w.client = w.recorded(&http.Transport{MaxIdleConnsPerHost: 100, ExpectContinueTimeout: 10 * time.Second})
	return w.plain, w.scenarios(), nil
}

// recorded is a client whose attempts are written down.
func (w *world) recorded(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: &recorder{transport, w.plan, w.journal}}
}

func (w *world) startSecure() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	encoded, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(encoded)
	if err != nil {
		return err
	}
	w.trusted = x509.NewCertPool()
	w.trusted.AddCert(certificate)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.secure = listener.Addr().String()
	server := w.server.httpServer()
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{encoded}, PrivateKey: key}}}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	return nil
}

// startMute starts a server that closes every connection after it has read the beginning of a request.
func (w *world) startMute() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.mute = listener.Addr().String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			conn.Close()
		}
	}()
	return nil
}

// reserveRefused finds a port of which the kernel says that nobody listens.
func (w *world) reserveRefused() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.refused = listener.Addr().String()
	return listener.Close()
}

func (w *world) startSocket() error {
	w.socket = fmt.Sprintf("@httpclient-%d", os.Getpid()) // abstract: nothing to remove
	listener, err := net.Listen("unix", w.socket)
	if err != nil {
		return err
	}
	go func() { _ = w.server.httpServer().Serve(listener) }()
	return nil
}
