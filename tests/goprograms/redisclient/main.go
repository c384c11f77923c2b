// SPDX-License-Identifier: Apache-2.0

// redisclient uses go-redis in all of its ways, outside and inside of HTTP handlers, and prints the span that each call
// must make. See truth.Main for flags and output.
//
// NODESPAN_TEST_REDIS names the server, host:port; without it the scenarios do nothing and say so in a note.
//
// Most calls carry no id. They are recognised by their db.operation.name and database, and follow each other.
package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"nodespan/goprograms/truth"
)

func main() { truth.Main("redisclient", prepare) }

// silence is a logger for what the library says of servers that are not there.
type silence struct{}

func (silence) Printf(context.Context, string, ...interface{}) {}

// world is the journal, the Redis server, and an HTTP server in whose handlers calls are repeated.
type world struct {
	*truth.Handlers
	journal *truth.Journal
	redis   string
}

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	setLogger(silence{})
	w := &world{journal: journal, redis: os.Getenv("NODESPAN_TEST_REDIS")}
	var err error
	if w.Handlers, err = truth.ServeHandlers(journal); err != nil {
		return "", nil, err
	}
	var scenarios []truth.Scenario
	for _, s := range []truth.Scenario{
		{Name: "commands", Run: w.commands}, {Name: "pipelines", Run: w.pipelines}, {Name: "watch", Run: w.watch},
		{Name: "failures", Run: w.failures}, {Name: "storm", Run: w.storm}, {Name: "ring", Run: w.ring},
		{Name: "cluster", Run: w.cluster}, {Name: "hits", Run: w.hits},
	} {
		s := s
		scenarios = append(scenarios, truth.Scenario{Name: s.Name, Run: func() {
			if w.redis == "" {
				journal.Note("no server for %s", s.Name)
				return
			}
			s.Run()
		}})
	}
	return w.Address, scenarios, nil
}

// place is where calls are made: in which scenario, with which context, on behalf of whom, and what their spans say of
// the server.
type place struct {
	scenario string
	name     string // prefix of the cases
	ctx      context.Context
	parent   string
	server   string // host:port; "" when spans have none
	database int    // -1 when spans have none
}

// unsure is p for what the library does on goroutines of its own, which cannot always be told to be of a request.
func (p place) unsure() place {
	p.parent = truth.Either(p.parent, truth.Root)
	return p
}

func (w *world) root(scenario string) place {
	return place{scenario: scenario, name: "root: ", ctx: context.Background(), parent: truth.Root, server: w.redis}
}

// call is one call of the library that makes one span.
type call struct {
	name      string
	operation string // db.operation.name
	text      string // db.query.text; "" is not compared
	batch     int    // db.operation.batch.size; 0 for none
	code      string // of the error that the server answers with
	fails     bool
	missing   bool // the answer is that there is nothing
	optional  bool // no span is right too, and what it says of its end is left open
}

// do makes the call and writes its line.
func (w *world) do(p place, c call, run func() error) {
	id := truth.IDIn(c.operation)
	line := truth.Span{SpanKind: "client", Scenario: p.scenario, Case: p.name + c.name, Parent: p.parent, Optional: c.optional,
		Attributes: map[string]interface{}{"db.system.name": "redis", "db.operation.name": c.operation},
		Facts:      map[string]interface{}{}, Name: c.operation}
	if id == "" {
		id = w.journal.NewID(p.scenario)
		line.Match = map[string]string{"db.operation.name": c.operation}
	}
	line.ID = id
	if p.database >= 0 {
		line.Attributes["db.namespace"] = strconv.Itoa(p.database)
		if line.Match != nil {
			line.Match["db.namespace"] = strconv.Itoa(p.database)
		}
	}
	if host, port, err := net.SplitHostPort(p.server); err == nil {
		number, _ := strconv.Atoi(port)
		line.Attributes["server.address"], line.Attributes["server.port"] = host, number
		line.Name += " " + p.server
	} else {
		line.Absent = append(line.Absent, "server.address")
	}
	if c.text != "" {
		line.Attributes["db.query.text"] = c.text
	}
	if c.batch != 0 {
		line.Attributes["db.operation.batch.size"] = c.batch
	} else {
		line.Absent = append(line.Absent, "db.operation.batch.size")
	}
	start := time.Now()
	err := run()
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	if (err != nil) != (c.fails || c.code != "" || c.missing) || errors.Is(err, missing) != c.missing {
		w.journal.Fail("redisclient: %s %s: %v", id, c.name, err)
	}
	line.Status = truth.StatusOf(c.fails || c.code != "")
	switch {
	case c.optional:
		line.Status, line.Absent = truth.Any, nil
	case c.code != "":
		line.Attributes["db.response.status_code"], line.Attributes["error.type"] = c.code, c.code
	case c.fails:
		line.Attributes["error.type"] = truth.ErrorType(err)
		line.Absent = append(line.Absent, "db.response.status_code")
	default:
		line.Absent = append(line.Absent, "error.type", "db.response.status_code")
	}
	if err != nil {
		line.Facts["error_text"] = err.Error()
	}
	w.journal.Write(line)
}

// around makes the calls of run while the library may make others by itself, each of which has a line.
func (w *world) around(p place, operations []call, run func()) {
	if len(operations) == 0 {
		run()
		return
	}
	first := operations[0]
	first.name, first.optional = "by the library", true
	w.do(p.unsure(), first, func() error { w.around(p, operations[1:], run); return nil })
}

// marks is the text of so many arguments.
func marks(name string, arguments int) string { return name + strings.Repeat(" ?", arguments) }
