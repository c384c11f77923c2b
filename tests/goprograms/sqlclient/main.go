// SPDX-License-Identifier: Apache-2.0

// sqlclient uses database/sql in all of its ways with several drivers, outside and inside of HTTP handlers, and prints the
// span that each operation must make. See truth.Main for flags and output.
//
// PostgreSQL and MariaDB or MySQL are used when NODESPAN_TEST_POSTGRES (a postgres:// URL) and NODESPAN_TEST_MYSQL (a
// go-sql-driver DSN with tcp) name a server; without them their scenarios do nothing and say so in a note.
//
// The id of an operation is a name inside of its statement. Operations without a statement are recognised by their
// db.operation.name and follow each other.
package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"time"

	"nodespan/goprograms/truth"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
	_ "modernc.org/sqlite"
)

// engine is one driver and how its database wants statements.
type engine struct {
	name       string // of the scenario
	driver     string
	dsn        string
	attributes map[string]interface{} // that all of its spans have
	dollars    bool                   // $1 instead of ?
	alias      bool                   // INSERT INTO t AS name
	code       func(error) string     // the status code in an error, "" for none
	missing    string                 // why it cannot be used here
}

func main() { truth.Main("sqlclient", prepare) }

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{journal: journal}
	var err error
	if w.Handlers, err = truth.ServeHandlers(journal); err != nil {
		return "", nil, err
	}
	var scenarios []truth.Scenario
	for _, e := range engines() {
		e := e
		scenarios = append(scenarios, truth.Scenario{Name: e.name, Run: func() { w.run(e) }})
	}
	for _, special := range []struct {
		name string
		run  func(*sql.DB, *engine)
	}{{"badconn", w.badConn}, {"skip", w.skip}, {"wait", w.waiters}, {"cancel", w.cancels}} {
		special := special
		scenarios = append(scenarios, truth.Scenario{Name: special.name, Run: func() {
			e := fakeEngine()
			e.name = special.name
			db, err := sql.Open(e.driver, e.dsn)
			if err != nil {
				journal.Fail("sqlclient: %v", err)
				return
			}
			defer db.Close()
			special.run(db, e)
		}})
	}
	return w.Address, scenarios, nil
}

func fakeEngine() *engine {
	return &engine{name: "fake", driver: "fake", dsn: "plain", alias: true,
		attributes: map[string]interface{}{"db.system.name": "other_sql"}, code: func(error) string { return "" }}
}

func engines() []*engine {
	list := []*engine{
		{name: "sqlite", driver: "sqlite", dsn: "file:sqlclient?mode=memory&cache=shared", alias: true,
			attributes: map[string]interface{}{"db.system.name": "sqlite"}, code: func(error) string { return "" }},
		fakeEngine(),
	}
	postgres, my := os.Getenv("NODESPAN_TEST_POSTGRES"), os.Getenv("NODESPAN_TEST_MYSQL")
	for _, e := range []*engine{
		{name: "pq", driver: "postgres", dsn: postgres, dollars: true, alias: true, code: func(err error) string {
			var own *pq.Error
			if errors.As(err, &own) {
				return string(own.Code)
			}
			return ""
		}},
		{name: "pgx", driver: "pgx", dsn: postgres, dollars: true, alias: true, code: func(err error) string {
			var own *pgconn.PgError
			if errors.As(err, &own) {
				return own.Code
			}
			return ""
		}},
		{name: "mysql", driver: "mysql", dsn: my, code: func(err error) string {
			var own *mysql.MySQLError
			if errors.As(err, &own) {
				return strconv.Itoa(int(own.Number))
			}
			return ""
		}},
	} {
		if e.dsn == "" {
			e.missing = "no server for " + e.name
		} else if e.attributes = address(e); e.attributes == nil {
			e.missing = e.name + ": the DSN has no address that is understood here"
		}
		list = append(list, e)
	}
	return list
}

// address reads from the DSN what spans must say about the server.
func address(e *engine) map[string]interface{} {
	system, host, port, database, usual := "postgresql", "", "", "", 5432
	if e.driver == "mysql" {
		match := regexp.MustCompile(`tcp\(([^:)]+):(\d+)\)/(\w+)`).FindStringSubmatch(e.dsn)
		if match == nil {
			return nil
		}
		system, host, port, database, usual = "mysql", match[1], match[2], match[3], 3306
	} else if parsed, err := url.Parse(e.dsn); err == nil {
		host, port, database = parsed.Hostname(), parsed.Port(), parsed.Path[1:]
	}
	if e.name == "pq" && !pqTellsServer {
		return map[string]interface{}{"db.system.name": system}
	}
	attributes := map[string]interface{}{"db.system.name": system, "db.namespace": database, "server.address": host}
	if number, err := strconv.Atoi(port); err == nil && number != usual {
		attributes["server.port"] = number
	}
	return attributes
}

// world is the journal and a server, in whose handlers operations are repeated.
type world struct {
	*truth.Handlers
	journal *truth.Journal
}

// waitTime is how long a call waited for a connection of the pool, in seconds.
const waitTime = "nodespan.db.client.connection.wait_time"

// operation is one call of database/sql that makes one span.
type operation struct {
	engine   *engine
	name     string // of the case
	kind     string // db.operation.name
	table    string // db.collection.name, "" for none or not to be compared
	parent   string
	text     string // with the id in it; "" for an operation without statement
	want     bool   // whether an error is expected
	attempts int
	optional bool
	anyhow   bool // the status of the span is left open
	// It has to wait for a connection for so long at least; 0: it does not wait.
	waits time.Duration
}

// do runs the operation and writes its line. call gets the statement.
func (w *world) do(id string, o operation, call func(text string) error) {
	line := truth.Span{
		ID: id, SpanKind: "client", Scenario: o.engine.name, Case: o.name, Parent: o.parent, Attempts: o.attempts, Optional: o.optional,
		Attributes: map[string]interface{}{}, Facts: map[string]interface{}{},
	}
	for key, value := range o.engine.attributes {
		line.Attributes[key] = value
	}
	if o.kind != "" {
		line.Attributes["db.operation.name"] = o.kind
	}
	if o.table != "" {
		line.Attributes["db.collection.name"] = o.table
	}
	if o.text == "" {
		line.Match = map[string]string{"db.operation.name": o.kind, "db.system.name": fmt.Sprint(o.engine.attributes["db.system.name"])}
	}
	start := time.Now()
	err := call(o.text)
	end := time.Now()
	line.StartNs, line.EndNs = start.UnixNano(), end.UnixNano()
	if (err != nil) != o.want {
		w.journal.Fail("sqlclient: %s %s: %v", id, o.name, err)
	}
	if o.waits > 0 {
		line.Between = map[string][2]float64{waitTime: {o.waits.Seconds(), end.Sub(start).Seconds()}}
	} else {
		line.Absent = append(line.Absent, waitTime)
	}
	line.Status = truth.StatusOf(err != nil)
	switch code := o.engine.code(err); {
	case o.anyhow:
		line.Status = truth.Any
	case err == nil:
		line.Absent = append(line.Absent, "error.type", "db.response.status_code")
	case code != "":
		line.Attributes["db.response.status_code"], line.Attributes["error.type"] = code, code
	default:
		line.Attributes["error.type"] = truth.ErrorType(err)
	}
	if err != nil {
		line.Facts["error_text"] = err.Error()
	}
	w.journal.Write(line)
}
