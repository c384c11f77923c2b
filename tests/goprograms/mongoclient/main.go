// SPDX-License-Identifier: Apache-2.0

// mongoclient uses the MongoDB driver in its ways, outside and inside of HTTP handlers, and prints the span that each
// operation must make. See truth.Main for flags and output.
//
// It is its own server, as far as the protocol goes. NODESPAN_TEST_MONGO names a real one, host:port, for the scenarios
// that can do with either.
//
// The id of an operation is the name of its collection. Operations that share one are recognised by their names, and
// follow each other.
package main

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"nodespan/goprograms/truth"
)

func main() { truth.Main("mongoclient", prepare) }

// world is the journal, the server, and an HTTP server in whose handlers operations are repeated.
type world struct {
	*truth.Handlers
	journal *truth.Journal
	server  *server // nil: a real one
	mongo   string
}

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{journal: journal, mongo: os.Getenv("NODESPAN_TEST_MONGO")}
	if w.mongo == "" {
		var err error
		if w.server, err = startServer(); err != nil {
			return "", nil, err
		}
		w.mongo = w.server.address
	}
	var err error
	if w.Handlers, err = truth.ServeHandlers(journal); err != nil {
		return "", nil, err
	}
	scenarios := []truth.Scenario{
		{Name: "documents", Run: w.documents}, {Name: "cursors", Run: w.cursors}, {Name: "bulk", Run: w.bulk},
		{Name: "commands", Run: w.commands}, {Name: "storm", Run: w.storm}, {Name: "hits", Run: w.hits},
		{Name: "nobody", Run: w.nobody},
	}
	for _, s := range []truth.Scenario{
		{Name: "sessions", Run: w.sessions}, {Name: "failures", Run: w.failures}, {Name: "retries", Run: w.retries},
		{Name: "silent", Run: w.silent}, {Name: "compressed", Run: w.compressed}, {Name: "heartbeats", Run: w.heartbeats},
	} {
		s := s
		scenarios = append(scenarios, truth.Scenario{Name: s.Name, Run: func() {
			if w.server == nil {
				journal.Note("%s: only with the program's own server", s.Name)
				return
			}
			s.Run()
		}})
	}
	return w.Address, scenarios, nil
}

// place is where operations are made: in which scenario, with which client and context, on behalf of whom.
type place struct {
	scenario string
	name     string // prefix of the cases
	ctx      context.Context
	parent   string
	server   string // host:port; "" when spans have none
	client   *client
}

const database = "shop"

func (p place) collection(name string) *collection {
	return p.client.Database(database).Collection(name)
}

// root is a place outside of any request, with a client of its own.
func (w *world) root(scenario string, change ...func(*clientOptions)) place {
	o := newClientOptions().SetHosts([]string{w.mongo}).SetServerSelectionTimeout(10 * time.Second)
	if w.server != nil {
		o.SetReplicaSet("set")
	}
	for _, apply := range change {
		apply(o)
	}
	c, err := connect(o)
	if err != nil {
		w.journal.Fail("mongoclient: %v", err)
	}
	return place{scenario: scenario, name: "root: ", ctx: context.Background(), parent: truth.Root, server: o.Hosts[0], client: c}
}

// leave ends the client of a place that has used sessions, as everything does by itself.
func (w *world) leave(p place) {
	w.do(p, call{name: "leave", operation: "endSessions", database: "admin"}, func(string) error {
		return p.client.Disconnect(context.Background())
	})
}

// call is one call of the library that makes one span.
type call struct {
	name       string
	operation  string // db.operation.name
	isUnsent   bool   // nothing was sent: the name is that of the database then
	collection string // "": a new one, whose name is the id. When there is a database there is none
	database   string // "": the usual one
	text       string // db.query.text, with % for the name of the collection; "" is not compared
	batch      int    // db.operation.batch.size, if the library tells; 0: none
	code       string // of the error that the server answers with
	errorType  string // error.type, of another one
	returns    bool   // an error that is none of the operation
}

// do makes the call with the name of the collection and writes its line.
func (w *world) do(p place, c call, run func(collection string) error) {
	id := w.journal.NewID(p.scenario)
	line := truth.Span{ID: id, SpanKind: "client", Scenario: p.scenario, Case: p.name + c.name, Parent: p.parent,
		Attributes: map[string]interface{}{"db.system.name": "mongodb", "db.namespace": database},
		Facts:      map[string]interface{}{}}
	if c.database != "" {
		line.Attributes["db.namespace"] = c.database
		line.Name = c.operation + " " + c.database
		line.Match = map[string]string{"db.operation.name": c.operation, "db.namespace": c.database}
		line.Absent = append(line.Absent, "db.collection.name", "db.query.summary")
	}
	name := c.collection
	if name == "" {
		name = id
	} else {
		line.Match = map[string]string{"db.operation.name": c.operation, "db.collection.name": name}
	}
	line.Attributes["db.operation.name"] = c.operation
	if c.database == "" {
		line.Name = c.operation + " " + name
		line.Attributes["db.collection.name"], line.Attributes["db.query.summary"] = name, line.Name
	}
	if c.isUnsent {
		line.Attributes["db.namespace"] = name
		delete(line.Attributes, "db.collection.name")
		delete(line.Attributes, "db.query.summary")
		line.Absent = append(line.Absent, "db.collection.name", "db.query.summary", "db.query.text", "server.address")
	}
	if host, port, err := net.SplitHostPort(p.server); err == nil && !c.isUnsent {
		number, _ := strconv.Atoi(port)
		line.Attributes["server.address"], line.Attributes["server.port"] = host, number
	}
	if c.text != "" {
		line.Attributes["db.query.text"] = strings.ReplaceAll(c.text, "%", name)
	}
	if c.batch != 0 && hasBatchSizes {
		line.Attributes["db.operation.batch.size"] = c.batch
	} else {
		line.Absent = append(line.Absent, "db.operation.batch.size")
	}
	start := time.Now()
	err := run(name)
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	fails := c.code != "" || c.errorType != ""
	if (err != nil) != (fails || c.returns) {
		w.journal.Fail("mongoclient: %s %s: %v", id, c.name, err)
	}
	line.Status = truth.StatusOf(fails)
	switch {
	case c.code != "":
		line.Attributes["db.response.status_code"], line.Attributes["error.type"] = c.code, c.code
	case fails:
		line.Attributes["error.type"] = c.errorType
		line.Absent = append(line.Absent, "db.response.status_code")
	default:
		line.Absent = append(line.Absent, "error.type", "db.response.status_code")
	}
	if err != nil {
		line.Facts["error_text"] = err.Error()
	}
	w.journal.Write(line)
}

// together makes one call that makes several spans, one after the other.
func (w *world) together(p place, calls []call, run func(string) error) {
	if len(calls) == 0 {
		if err := run(""); err != nil {
			w.journal.Fail("mongoclient: %v", err)
		}
		return
	}
	w.do(p, calls[0], func(string) error {
		w.together(p, calls[1:], run)
		return nil
	})
}
