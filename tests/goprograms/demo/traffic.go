// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// plan bounds the traffic: it ends at whichever limit is reached first, or on SIGINT or SIGTERM.
type plan struct {
	address  string
	requests int           // 0: not limited by number
	duration time.Duration // 0: not limited by time
	rps      float64
}

// report is printed as one JSON line at the end.
type report struct {
	Requests int            `json:"requests"`  // sent, whatever the answer
	NoAnswer int            `json:"no_answer"` // the connection ended first, as it does when a handler panics
	ByStatus map[string]int `json:"by_status"`
	Seconds  float64        `json:"seconds"`
}

// step is one request of the round that the traffic repeats.
type step struct {
	method, path string
	body         int
	trace        bool // sent with a traceparent, as from a traced caller
}

var round = []step{
	{"GET", "/", 0, false},
	{"GET", "/users/42", 0, true},
	{"GET", "/users/7?verbose=1", 0, false},
	{"GET", "/static/site.css", 0, false},
	{"POST", "/upload", 2048, true},
	{"GET", "/slow", 0, false},
	{"GET", "/fail", 0, true},
	{"GET", "/nowhere", 0, false},
	{"GET", "/users/1001", 0, false},
	{"GET", "/panic", 0, false},
}

// loopbackOnly refuses to send traffic to another machine.
func loopbackOnly(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s is not a loopback address", address)
	}
	return nil
}

func drive(p plan) error {
	if err := loopbackOnly(p.address); err != nil {
		return err
	}
	// Without keep-alive no request is ever sent twice: the transport repeats one only on a connection it had used before.
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	ticker := time.NewTicker(time.Duration(float64(time.Second) / p.rps))
	defer ticker.Stop()
	var end <-chan time.Time
	if p.duration > 0 {
		end = time.After(p.duration)
	}

	start := time.Now()
	result := report{ByStatus: map[string]int{}}
loop:
	for p.requests == 0 || result.Requests < p.requests {
		if status, err := send(client, p.address, round[result.Requests%len(round)]); err != nil {
			result.NoAnswer++
		} else {
			result.ByStatus[fmt.Sprint(status)]++
		}
		result.Requests++
		select {
		case <-ticker.C:
		case <-end:
			break loop
		case <-stop:
			break loop
		}
	}
	result.Seconds = time.Since(start).Seconds()
	return json.NewEncoder(os.Stdout).Encode(result)
}

func send(client *http.Client, address string, s step) (status int, err error) {
	request, err := http.NewRequest(s.method, "http://"+address+s.path, strings.NewReader(strings.Repeat("u", s.body)))
	if err != nil {
		return 0, err
	}
	request.Header.Set("User-Agent", "demo-traffic/1")
	if s.trace {
		id := make([]byte, 24)
		if _, err := rand.Read(id); err != nil {
			return 0, err
		}
		request.Header.Set("Traceparent", "00-"+hex.EncodeToString(id[:16])+"-"+hex.EncodeToString(id[16:])+"-01")
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}
