// SPDX-License-Identifier: Apache-2.0

// httpserver is a Go HTTP/1.1 server that knows the truth about every request it served: it sends the requests itself,
// over raw sockets, and prints one JSON line for each with everything a trace of it has to say.
//
// Output, one line each: "ready pid=P addr=A" with --wait or --client external, then the records of truth.go, at last
// the summary. With --wait it holds its traffic until a line comes on standard input and stays alive until standard
// input is closed, so that a tracer can be attached before and can drain after. With --client external it only serves
// and prints what its handlers did.
//
// Exit status: 0 when every answer was as the scenarios expect, 1 when not, 2 for wrong arguments.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
)

func main() {
	address := flag.String("addr", "127.0.0.1:0", "address to listen on")
	chosen := flag.String("scenario", "basic", "comma-separated scenarios, or all: "+strings.Join(scenarioNames(), " "))
	who := flag.String("client", "self", "self: send the scenarios' requests; external: only serve")
	wait := flag.Bool("wait", false, "wait for a line on standard input before the traffic and for its end afterwards")
	bound := limits{}
	flag.IntVar(&bound.connections, "connections", 8, "connections of concurrency and manygoroutines")
	flag.IntVar(&bound.requests, "requests", 20, "requests per connection of keepalive and concurrency")
	repeat := flag.Int("repeat", 1, "how often each scenario runs")
	flag.Parse()

	names, err := parseScenarios(*chosen)
	if err == nil && *who != "self" && *who != "external" {
		err = fmt.Errorf("--client is self or external, not %q", *who)
	}
	if err == nil && flag.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if err == nil && (bound.connections < 1 || bound.requests < 1 || *repeat < 1) {
		err = errors.New("--connections, --requests and --repeat are at least 1")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "httpserver:", err)
		os.Exit(2)
	}

	listener, err := net.Listen("tcp", *address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "httpserver:", err)
		os.Exit(1)
	}
	out := newJournal()
	input := bufio.NewReader(os.Stdin)
	ready := func() { fmt.Printf("ready pid=%d addr=%s\n", os.Getpid(), listener.Addr()) }

	if *who == "external" {
		go serve(listener, newServer(func(c *call, r route, h handled) {
			out.write(served{"served", c.id, c.request.Method, c.request.URL.Path, routePath(r), h.bytes,
				portOf(c.request.RemoteAddr), h.startNs, h.endNs})
		}))
		ready()
		untilEnd(input)
		return
	}

	done := newLedger()
	go serve(listener, newServer(func(c *call, _ route, h handled) { done.put(c.id, h) }))
	if *wait {
		ready()
		if _, err := input.ReadString('\n'); err != nil {
			return // nobody wants the traffic any more
		}
	}
	total := summary{Kind: "summary"}
	traffic := &client{address: listener.Addr().String(), journal: out, ledger: done}
	for round := 0; round < *repeat; round++ {
		for _, name := range names {
			sessions := scenarios[name](bound)
			if *repeat > 1 {
				relabel(sessions, round)
			}
			runAll(traffic, sessions, parallelism(name, bound), &total)
		}
	}
	out.write(total)
	if *wait {
		untilEnd(input)
	}
	if total.Failures > 0 {
		os.Exit(1)
	}
}

func parseScenarios(text string) ([]string, error) {
	if text == "all" {
		return scenarioNames(), nil
	}
	names := strings.Split(text, ",")
	for _, name := range names {
		if scenarios[name] == nil {
			return nil, fmt.Errorf("unknown scenario %q; there are %s", name, strings.Join(scenarioNames(), " "))
		}
	}
	return names, nil
}

// relabel keeps ids unique when a scenario runs several times.
func relabel(sessions []session, round int) {
	for i := range sessions {
		for j := range sessions[i].exchanges {
			e := &sessions[i].exchanges[j]
			id := fmt.Sprintf("%s-r%d", e.id, round)
			e.target = strings.Replace(e.target, e.id, id, 1)
			e.id = id
		}
	}
}

// parallelism is how many sessions run at a time.
func parallelism(scenario string, bound limits) int {
	if scenario == "concurrency" || scenario == "manygoroutines" {
		return bound.connections
	}
	return 1
}

func runAll(traffic *client, sessions []session, workers int, total *summary) {
	queue := make(chan session)
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := 0; i < workers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for s := range queue {
				records, failures := traffic.run(s)
				mu.Lock()
				total.Requests += len(records)
				for _, r := range records {
					if r.WantSpan {
						total.Spans++
					}
				}
				total.Failures += len(failures)
				mu.Unlock()
				for _, failure := range failures {
					fmt.Fprintln(os.Stderr, "httpserver:", failure)
				}
			}
		}()
	}
	for _, s := range sessions {
		queue <- s
	}
	close(queue)
	group.Wait()
}

func serve(listener net.Listener, server *http.Server) {
	if err := server.Serve(listener); err != nil && err != http.ErrServerClosed {
		fmt.Fprintln(os.Stderr, "httpserver:", err)
		os.Exit(1)
	}
}

func untilEnd(input io.Reader) { _, _ = io.Copy(io.Discard, input) }
