// SPDX-License-Identifier: Apache-2.0

// pgxclient uses jackc/pgx without database/sql, by connections and by a pool, outside and inside of HTTP handlers, and
// prints the span that each call must make. See truth.Main for flags and output.
//
// NODESPAN_TEST_POSTGRES, a postgres:// URL, names the server; without it the scenarios do nothing and say so in a note.
//
// The id of a call is a name inside of its statement. Calls without one are recognised by their db.operation.name and
// follow each other.
package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"nodespan/goprograms/truth"

	"github.com/jackc/pgx/v5/pgconn"
)

func main() { truth.Main("pgxclient", prepare) }

// world is the journal, the database server, and an HTTP server in whose handlers calls are repeated.
type world struct {
	*truth.Handlers
	journal    *truth.Journal
	dsn        string
	attributes map[string]interface{} // that all spans have
}

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{journal: journal, dsn: os.Getenv("NODESPAN_TEST_POSTGRES")}
	var err error
	if w.Handlers, err = truth.ServeHandlers(journal); err != nil {
		return "", nil, err
	}
	if parsed, err := url.Parse(w.dsn); err == nil && w.dsn != "" {
		port, _ := strconv.Atoi(parsed.Port())
		w.attributes = map[string]interface{}{"db.system.name": "postgresql", "db.namespace": strings.TrimPrefix(parsed.Path, "/"),
			"server.address": parsed.Hostname(), "server.port": port}
	}
	var scenarios []truth.Scenario
	for _, s := range []truth.Scenario{
		{Name: "conn", Run: w.conn}, {Name: "pool", Run: w.pool}, {Name: "tx", Run: w.transactions}, {Name: "batch", Run: w.batches},
		{Name: "copy", Run: w.copies}, {Name: "failures", Run: w.failures}, {Name: "storm", Run: w.storm},
		{Name: "driver", Run: w.driver}, {Name: "hits", Run: w.hits},
	} {
		s := s
		scenarios = append(scenarios, truth.Scenario{Name: s.Name, Run: func() {
			if w.dsn == "" {
				journal.Note("no server for %s", s.Name)
				return
			}
			s.Run()
		}})
	}
	return w.Address, scenarios, nil
}

// place is where calls are made: in which scenario, with which context, and on behalf of whom.
type place struct {
	scenario string
	name     string // prefix of the cases
	ctx      context.Context
	parent   string
}

// everywhere runs work outside of any request, in a handler without its context, and with it.
func (w *world) everywhere(scenario string, work func(place)) {
	work(place{scenario: scenario, name: "root: ", ctx: context.Background(), parent: truth.Root})
	w.Within(scenario, "handler", func(ctx context.Context, parent string) {
		work(place{scenario: scenario, name: "goroutine: ", ctx: context.Background(), parent: parent})
		work(place{scenario: scenario, name: "context: ", ctx: ctx, parent: parent})
	})
}

// call is one call of the library that makes one span.
type call struct {
	name      string
	operation string // db.operation.name
	table     string // db.collection.name; "" is not compared
	batch     int    // db.operation.batch.size; 0 for none
	code      string // SQLSTATE of the error
	fails     bool
	anonymous bool // no id is in the statement
	attempts  int
}

// do makes the call and writes its line. run gets the id as SQL takes it for a name.
func (w *world) do(p place, c call, run func(name string) error) {
	id := w.journal.NewID(p.scenario)
	line := truth.Span{ID: id, SpanKind: "client", Scenario: p.scenario, Case: p.name + c.name, Parent: p.parent, Attempts: c.attempts,
		Attributes: map[string]interface{}{"db.operation.name": c.operation}, Facts: map[string]interface{}{}}
	for key, value := range w.attributes {
		line.Attributes[key] = value
	}
	if c.anonymous {
		line.Match = map[string]string{"db.operation.name": c.operation}
	}
	if c.table != "" {
		line.Attributes["db.collection.name"] = c.table
	}
	if c.batch != 0 {
		line.Attributes["db.operation.batch.size"] = c.batch
	}
	start := time.Now()
	err := run(truth.Identifier(id))
	line.StartNs, line.EndNs = start.UnixNano(), time.Now().UnixNano()
	if (err != nil) != (c.fails || c.code != "") {
		w.journal.Fail("pgxclient: %s %s: %v", id, c.name, err)
	}
	line.Status = truth.StatusOf(err != nil)
	var own *pgconn.PgError
	switch {
	case err == nil:
		line.Absent = []string{"error.type", "db.response.status_code"}
	case c.code != "":
		line.Attributes["db.response.status_code"], line.Attributes["error.type"] = c.code, c.code
		if !errors.As(err, &own) || own.Code != c.code {
			w.journal.Fail("pgxclient: %s %s: %v", id, c.name, err)
		}
	default:
		line.Absent = []string{"db.response.status_code"}
	}
	if err != nil {
		line.Facts["error_text"] = err.Error()
	}
	w.journal.Write(line)
}
