// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"sort"
	"strings"
)

// limits bound the scenarios that can be made larger.
type limits struct{ connections, requests int }

// scenarios by name. Each returns whole sessions with the answers to expect.
var scenarios = map[string]func(limits) []session{
	"single":         single,
	"basic":          basic,
	"headers":        headers,
	"panic":          panics,
	"hijack":         hijack,
	"timeout":        timeout,
	"abort":          abort,
	"keepalive":      keepAlive,
	"pipelining":     pipelining,
	"concurrency":    concurrency,
	"deepstack":      deepStack,
	"manygoroutines": manyGoroutines,
}

func scenarioNames() []string {
	var names []string
	for name := range scenarios {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

var agent = header{"User-Agent", "nodespan-truth/1"}

// get is the plainest exchange; the other helpers change one thing of it.
func get(name, routeName string, status int) exchange {
	return exchange{name: name, method: "GET", route: routeName, headers: []header{agent}, outcome: outcomeOK, wantStatus: status}
}

func (e exchange) with(change func(*exchange)) exchange {
	e.headers = append([]header{}, e.headers...)
	change(&e)
	return e
}

func (e exchange) ended(outcome string) exchange {
	return e.with(func(e *exchange) { e.outcome = outcome })
}

func (e exchange) sending(method string, size int, chunked bool) exchange {
	return e.with(func(e *exchange) {
		e.method, e.body, e.chunked = method, bytes.Repeat([]byte("b"), size), chunked
	})
}

func (e exchange) saying(lines ...header) exchange {
	return e.with(func(e *exchange) { e.headers = append(e.headers, lines...) })
}

// target sets the target; "%s" stands for the id.
func (e exchange) at(target string) exchange {
	return e.with(func(e *exchange) { e.target = target })
}

// numbered gives every exchange its id and its final target, so that no two requests of a run are alike.
func numbered(scenario string, sessions []session) []session {
	count := 0
	for i := range sessions {
		for j := range sessions[i].exchanges {
			e := &sessions[i].exchanges[j]
			count++
			e.scenario, e.id = scenario, fmt.Sprintf("%s-%05d", scenario, count)
			if e.target == "" {
				e.target = routes[e.route].classic + "%s"
			}
			e.target = strings.Replace(e.target, "%s", e.id, 1)
		}
	}
	return sessions
}

// apart gives every exchange a connection of its own.
func apart(exchanges ...exchange) []session {
	var sessions []session
	for _, e := range exchanges {
		sessions = append(sessions, session{exchanges: []exchange{e}})
	}
	return sessions
}

// single is one request with everything a quick check wants to see: query, route and remote parent.
func single(limits) []session {
	e := get("one request", "item", 200).at("/items/%s?color=blue").saying(header{"traceparent", "00-" + traceID + "-" + spanID + "-01"})
	e.parent = &parent{traceID, spanID, true}
	return numbered("single", apart(e))
}

func basic(limits) []session {
	// With method patterns the mux itself answers a wrong method with 405; before, the handler gets it.
	wrongMethod := get("wrong method", "", http.StatusMethodNotAllowed).at("/items/%s").sending("POST", 3, false)
	if !muxKnowsMethods {
		wrongMethod = wrongMethod.with(func(e *exchange) { e.route, e.wantStatus = "item", http.StatusOK })
	}
	list := []exchange{
		get("get", "item", 200),
		get("query", "item", 200).at("/items/%s?color=blue&size=3"),
		get("empty query", "item", 200).at("/items/%s?"),
		get("escaped path", "item", 200).at("/items/%s~with%20space"),
		get("long path", "item", 200).at("/items/%s~" + strings.Repeat("p", 1500)),
		get("long query", "item", 200).at("/items/%s?q=" + strings.Repeat("q", 1500)),
		get("many segments", "tree", 200).at("/tree/%s~/b/c/d"),
		get("not found", "", 404).at("/nothing/%s"),
		wrongMethod,
		get("no write", "nowrite", 200),
		get("slow", "slow", 200),
		get("head", "item", 200).with(func(e *exchange) { e.method = "HEAD" }),
		get("post", "echo", 200).sending("POST", 11, false),
		get("post empty", "echo", 200).sending("POST", 0, false),
		get("post chunked", "echo", 200).sending("POST", 2500, true),
		get("post big", "echo", 200).sending("POST", 1<<20, false),
		get("post expecting 100", "echo", 200).sending("POST", 64, false).saying(header{"Expect", "100-continue"}),
		get("body not read", "ignore", 200).sending("POST", 2000, false),
		get("put", "any", 200).sending("PUT", 5, false),
		get("patch", "any", 200).sending("PATCH", 5, false),
		get("delete", "any", 200).with(func(e *exchange) { e.method = "DELETE" }),
		get("options", "any", 200).with(func(e *exchange) { e.method = "OPTIONS" }),
		get("unknown method", "any", 200).with(func(e *exchange) { e.method = "BREW" }),
		get("large answer", "large", 200),
		get("flushed answer", "flush", 200),
		get("http/1.0", "item", 200).with(func(e *exchange) { e.protocol, e.host = "1.0", "-" }),
		get("absolute target", "item", 200).at("http://absolute.example:8081/items/%s"),
		get("broken request line", "", 400).at("/items/%s bad").with(func(e *exchange) { e.noSpan = true }),
	}
	if knowsEarlyHints {
		list = append(list, get("early hints", "hints", 202))
	}
	for _, code := range []int{204, 301, 304, 400, 401, 404, 418, 500, 503} {
		list = append(list, get(fmt.Sprint("status ", code), "status", code).at(fmt.Sprintf("/status/%%s?code=%d", code)))
	}
	return numbered("basic", apart(list...))
}

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
)

// headers varies their number, since maps above eight keys are laid out differently, and everything about traceparent.
func headers(limits) []session {
	bare := get("", "item", 200).with(func(e *exchange) { e.headers = nil })
	filler := func(n int) (lines []header) {
		for i := 0; i < n; i++ {
			lines = append(lines, header{fmt.Sprintf("X-Filler-%02d", i), fmt.Sprintf("value-%02d", i)})
		}
		return lines
	}
	named := func(name string, e exchange) exchange { e.name = name; return e }
	sampled := &parent{traceID, spanID, true}
	unsampled := &parent{traceID, spanID, false}
	valid := "00-" + traceID + "-" + spanID + "-01"

	list := []exchange{named("none", bare), named("none, parentless 3", bare.saying(filler(3)...))}
	for _, count := range []int{3, 8, 9, 20, 60} {
		e := bare.saying(filler(count-2)...).saying(agent, header{"traceparent", valid})
		e.parent = sampled
		list = append(list, named(fmt.Sprint(count, " headers, traceparent last"), e))
		e = bare.saying(header{"traceparent", valid}, agent).saying(filler(count - 2)...)
		e.parent = sampled
		list = append(list, named(fmt.Sprint(count, " headers, traceparent first"), e))
	}

	for _, t := range []struct {
		name   string
		parent *parent
		lines  []header
	}{
		{"unsampled", unsampled, []header{{"traceparent", "00-" + traceID + "-" + spanID + "-00"}}},
		{"random flag", sampled, []header{{"traceparent", "00-" + traceID + "-" + spanID + "-03"}}},
		{"header name in capitals", sampled, []header{{"TRACEPARENT", valid}}},
		{"future version", sampled, []header{{"traceparent", "cc-" + traceID + "-" + spanID + "-01-what-follows"}}},
		{"tracestate", sampled, []header{{"traceparent", valid}, {"tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"}}},
		{"tracestate in two lines", sampled, []header{{"tracestate", "rojo=1"}, {"traceparent", valid}, {"tracestate", "congo=2"}}},
		{"tracestate alone", nil, []header{{"tracestate", "rojo=1"}}},
		{"duplicate", nil, []header{{"traceparent", valid}, {"traceparent", valid}}},
		{"capital digits", nil, []header{{"traceparent", "00-" + strings.ToUpper(traceID) + "-" + spanID + "-01"}}},
		{"version ff", nil, []header{{"traceparent", "ff-" + traceID + "-" + spanID + "-01"}}},
		{"version 00 with more", nil, []header{{"traceparent", valid + "-more"}}},
		{"zero trace id", nil, []header{{"traceparent", "00-" + strings.Repeat("0", 32) + "-" + spanID + "-01"}}},
		{"zero span id", nil, []header{{"traceparent", "00-" + traceID + "-" + strings.Repeat("0", 16) + "-01"}}},
		{"too short", nil, []header{{"traceparent", valid[:len(valid)-1]}}},
		{"not hexadecimal", nil, []header{{"traceparent", strings.Replace(valid, "4bf9", "zzzz", 1)}}},
		{"wrong separator", nil, []header{{"traceparent", strings.Replace(valid, "-", "_", -1)}}},
		{"empty", nil, []header{{"traceparent", ""}}},
		{"forwarded", nil, []header{{"X-Forwarded-For", "203.0.113.7, 198.51.100.2"}, {"X-Forwarded-Proto", "https"},
			{"X-Forwarded-Host", "shop.example"}}},
	} {
		e := bare.saying(agent).saying(t.lines...)
		e.parent = t.parent
		list = append(list, named(t.name, e))
	}
	list = append(list,
		named("long user agent", bare.saying(header{"User-Agent", strings.Repeat("a", 1000)})),
		named("empty user agent", bare.saying(header{"User-Agent", ""})),
		named("other host", bare.saying(agent).with(func(e *exchange) { e.host = "shop.example:8443" })),
		named("host without port", bare.saying(agent).with(func(e *exchange) { e.host = "shop.example" })),
		named("IPv6 host", bare.saying(agent).with(func(e *exchange) { e.host = "[2001:db8::1]:8080" })))
	return numbered("headers", apart(list...))
}

func panics(limits) []session {
	return numbered("panic", apart(
		get("before the answer", "before", 0).ended(outcomePanic),
		get("after the answer began", "after", 202).ended(outcomePanic),
		get("abort handler", "abort", 0).ended(outcomeAbort),
		get("recovered by the handler", "recovered", 500),
		get("goexit", "goexit", 0).ended(outcomeGoexit),
		get("next one is fine", "item", 200),
	))
}

func hijack(limits) []session {
	e := get("switching protocols", "hijack", 101).ended(outcomeHijack)
	return numbered("hijack", apart(e, e.saying(header{"Connection", "Upgrade"}, header{"Upgrade", "line"}), get("next", "item", 200)))
}

func timeout(limits) []session {
	return numbered("timeout", apart(
		get("too slow", "timeout", 503).ended(outcomeTimeout),
		get("in time", "intime", 200),
	))
}

func abort(limits) []session {
	e := get("client leaves", "gone", 0).ended(outcomeClientGone)
	return numbered("abort", apart(e, e, get("next", "item", 200)))
}

// mixed is a run of different requests that all leave their connection open.
func mixed(count int) []exchange {
	kinds := []exchange{
		get("get", "item", 200),
		get("post", "echo", 200).sending("POST", 300, false),
		get("not found", "", 404).at("/nothing/%s"),
		get("chunked", "echo", 200).sending("POST", 1500, true),
		get("no content", "status", 204).at("/status/%s?code=204"),
		get("head", "item", 200).with(func(e *exchange) { e.method = "HEAD" }),
		get("flushed", "flush", 200),
	}
	var list []exchange
	for i := 0; i < count; i++ {
		list = append(list, kinds[i%len(kinds)].with(func(*exchange) {}))
	}
	return list
}

func keepAlive(l limits) []session {
	return numbered("keepalive", []session{{exchanges: mixed(l.requests)}, {exchanges: mixed(l.requests)}})
}

func pipelining(limits) []session {
	return numbered("pipelining", []session{{exchanges: mixed(7), pipelined: true}, {exchanges: mixed(30), pipelined: true}})
}

func concurrency(l limits) []session {
	var sessions []session
	for i := 0; i < l.connections; i++ {
		list := mixed(l.requests)
		if len(list) > 0 {
			list[i%len(list)] = get("slow", "slow", 200)
		}
		sessions = append(sessions, session{exchanges: list})
	}
	return numbered("concurrency", sessions)
}

func deepStack(limits) []session {
	return numbered("deepstack", append(apart(get("fresh goroutine", "deep", 200), get("fresh goroutine", "deep", 200)),
		session{exchanges: []exchange{get("small", "item", 200), get("grown", "deep", 200), get("grown before", "deep", 200)}}))
}

func manyGoroutines(l limits) []session {
	var sessions []session
	for i := 0; i < l.connections; i++ {
		sessions = append(sessions, session{exchanges: []exchange{get("spawn", "spawn", 200), get("spawn", "spawn", 200)}})
	}
	return numbered("manygoroutines", sessions)
}
