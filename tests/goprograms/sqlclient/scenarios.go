// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"nodespan/goprograms/truth"
)

// queryer is what DB, Conn and Tx have in common.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...interface{}) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...interface{}) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// place is where operations run: on what, with which context, on behalf of whom.
type place struct {
	*engine
	on     queryer
	ctx    context.Context
	parent string
	name   string // prefix of the cases
}

// statement puts the id into a text as %[1]s, the table as %[2]s, and the driver's placeholders for ?.
func (e *engine) statement(text, id string) string {
	text = fmt.Sprintf(text, truth.Identifier(id), e.table())
	for i := 1; e.dollars && strings.Contains(text, "?"); i++ {
		text = strings.Replace(text, "?", fmt.Sprintf("$%d", i), 1)
	}
	return text
}

// spansOfPrepared: pgx prepares a statement in a span of its own, which database/sql does not have. The last span counts.
func (e *engine) spansOfPrepared() int {
	if e.driver == "pgx" {
		return 2
	}
	return 1
}

func (e *engine) table() string { return "items_of_" + e.name }

const (
	selectOne   = "SELECT %[1]s.v FROM %[2]s AS %[1]s WHERE %[1]s.k = ?"
	selectPlain = "SELECT %[1]s.v FROM %[2]s AS %[1]s"
	insertAlias = "INSERT INTO %[2]s AS %[1]s (k, v) VALUES (?, ?)"
	insertPlain = "INSERT INTO %[2]s (k, v) VALUES (?, ?)"
)

func (w *world) query(p place, name, text string, args ...interface{}) {
	id := w.journal.NewID(p.engine.name)
	w.queryAs(id, p, operation{name: name}, text, args...)
}

func (w *world) queryAs(id string, p place, o operation, text string, args ...interface{}) {
	o.engine, o.parent, o.name, o.kind, o.table = p.engine, p.parent, p.name+o.name, "SELECT", p.table()
	o.text = p.statement(text, id)
	w.do(id, o, func(text string) error { return drain(p.on.QueryContext(p.ctx, text, args...)) })
}

func drain(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// insert runs an INSERT; without aliases there is no place for the id, and the line is found by its operation.
func (w *world) insert(p place, name, key string, want bool) {
	id := w.journal.NewID(p.engine.name)
	o := operation{engine: p.engine, name: p.name + name, kind: "INSERT", table: p.table(), parent: p.parent, want: want}
	text := p.statement(insertPlain, id)
	if p.alias {
		text = p.statement(insertAlias, id)
		o.text = text
	}
	w.do(id, o, func(string) error {
		_, err := p.on.ExecContext(p.ctx, text, key, "value")
		return err
	})
}

func (w *world) prepared(p place, key string) {
	id := w.journal.NewID(p.engine.name)
	statement, err := p.on.PrepareContext(p.ctx, p.statement(selectOne, id))
	if err != nil {
		w.journal.Fail("sqlclient: %s: %v", id, err)
		return
	}
	defer statement.Close()
	o := operation{engine: p.engine, name: p.name + "prepared query", kind: "SELECT", table: p.table(), parent: p.parent, text: p.statement(selectOne, id), attempts: p.spansOfPrepared()}
	w.do(id, o, func(string) error { return drain(statement.QueryContext(p.ctx, key)) })

	id = w.journal.NewID(p.engine.name)
	update := p.statement("DELETE FROM %[2]s WHERE k = ? AND EXISTS (SELECT 1 FROM (SELECT 1 AS one) AS %[1]s)", id)
	change, err := p.on.PrepareContext(p.ctx, update)
	if err != nil {
		w.journal.Fail("sqlclient: %s: %v", id, err)
		return
	}
	defer change.Close()
	o = operation{engine: p.engine, name: p.name + "prepared exec", kind: "DELETE", table: p.table(), parent: p.parent, text: update, attempts: p.spansOfPrepared()}
	w.do(id, o, func(string) error {
		_, err := change.ExecContext(p.ctx, "nobody")
		return err
	})
}

// bare is an operation without a statement.
func (w *world) bare(p place, name, kind string, call func() error) {
	w.do(w.journal.NewID(p.engine.name), operation{engine: p.engine, name: p.name + name, kind: kind, parent: p.parent},
		func(string) error { return call() })
}

func (w *world) begin(db *sql.DB, p place) *sql.Tx {
	var tx *sql.Tx
	w.bare(p, "begin", "BEGIN", func() (err error) { tx, err = db.BeginTx(p.ctx, nil); return err })
	return tx
}

// everything runs each kind of operation once in a place. round makes the keys unique.
func (w *world) everything(db *sql.DB, p place, round string) {
	key := fmt.Sprintf("%s-%s-%d-%d", p.engine.name, round, os.Getpid(), time.Now().UnixNano())
	w.bare(p, "ping", "PING", func() error { return db.PingContext(p.ctx) })
	w.insert(p, "exec", key, false)
	w.query(p, "query", selectOne, key)
	w.query(p, "query without arguments", selectPlain)
	w.prepared(p, key)
	if p.driver != "fake" {
		w.insert(p, "unique violation", key, true)
		id := w.journal.NewID(p.engine.name)
		broken := operation{engine: p.engine, name: p.name + "syntax error", parent: p.parent, text: p.statement("SELECT FROM WHERE %[1]s", id), want: true}
		w.do(id, broken, func(text string) error { return drain(db.QueryContext(p.ctx, text)) })
	}

	if tx := w.begin(db, p); tx != nil {
		inside := p
		inside.on, inside.name = tx, p.name+"tx: "
		w.query(inside, "query", selectOne, key)
		w.insert(inside, "exec", key+"-tx", false)
		w.prepared(inside, key)
		w.bare(p, "commit", "COMMIT", tx.Commit)
		_ = tx.Rollback() // as deferred everywhere; does nothing and makes no span
	}
	if tx := w.begin(db, p); tx != nil {
		inside := p
		inside.on, inside.name = tx, p.name+"tx: "
		w.insert(inside, "exec", key+"-rolled-back", false)
		w.bare(p, "rollback", "ROLLBACK", tx.Rollback)
	}
	conn, err := db.Conn(p.ctx)
	if err != nil {
		w.journal.Fail("sqlclient: %v", err)
		return
	}
	defer conn.Close()
	inside := p
	inside.on, inside.name = conn, p.name+"conn: "
	w.query(inside, "query", selectOne, key)
	w.insert(inside, "exec", key+"-conn", false)
}

func (w *world) run(e *engine) {
	if e.missing != "" {
		w.journal.Note("%s", e.missing)
		return
	}
	db, err := sql.Open(e.driver, e.dsn)
	if err != nil {
		w.journal.Fail("sqlclient: %v", err)
		return
	}
	defer db.Close()
	db.SetMaxIdleConns(2) // sqlite's memory lives as long as a connection
	id := w.journal.NewID(e.name)
	create := e.statement("CREATE TABLE IF NOT EXISTS %[2]s (k VARCHAR(100), v VARCHAR(100), CONSTRAINT %[1]s PRIMARY KEY (k))", id)
	w.do(id, operation{engine: e, name: "create table", parent: truth.Root, text: create}, func(text string) error {
		_, err := db.ExecContext(context.Background(), text)
		return err
	})
	outside := place{engine: e, on: db, ctx: context.Background(), parent: truth.Root}
	w.everything(db, outside, "outside")
	w.Within(e.name, "with its context", func(ctx context.Context, parent string) {
		w.everything(db, place{engine: e, on: db, ctx: ctx, parent: parent, name: "in a handler: "}, "handler")
	})
	w.Within(e.name, "without context", func(_ context.Context, parent string) {
		w.everything(db, place{engine: e, on: db, ctx: context.Background(), parent: parent, name: "in a handler, no context: "}, "background")
	})
	var group sync.WaitGroup
	for i := 0; i < truth.SizeOr(8); i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			w.Within(e.name, "among others", func(ctx context.Context, parent string) {
				p := place{engine: e, on: db, ctx: ctx, parent: parent, name: "among others: "}
				for j := 0; j < 5; j++ {
					w.query(p, "query", selectOne, "nobody")
				}
			})
		}()
	}
	group.Wait()
	db.SetMaxOpenConns(1)
	w.vain(db, e)
}

// badConn: a connection that turns out to be broken is replaced inside of one call.
func (w *world) badConn(db *sql.DB, e *engine) {
	p := place{engine: e, on: db, ctx: context.Background(), parent: truth.Root}
	for _, failures := range []int{1, 2} {
		w.query(p, "warms up", selectPlain)
		failNext(failures)
		w.queryAs(w.journal.NewID(e.name), p, operation{name: fmt.Sprintf("%d bad connections", failures), attempts: failures + 1}, selectOne, "k")
	}
	failNext(10)
	w.queryAs(w.journal.NewID(e.name), p, operation{name: "bad connections only", attempts: 10, want: true}, selectOne, "k")
	failNext(0)
}

// skip: the driver refuses direct execution, and database/sql prepares the statement instead.
func (w *world) skip(_ *sql.DB, e *engine) {
	db, err := sql.Open("fake", "skip")
	if err != nil {
		w.journal.Fail("sqlclient: %v", err)
		return
	}
	defer db.Close()
	w.Within(e.name, "handler", func(ctx context.Context, parent string) {
		p := place{engine: e, on: db, ctx: ctx, parent: parent}
		w.query(p, "query", selectOne, "k")
		w.insert(p, "exec", "k", false)
		w.query(p, "query again", selectOne, "k")
	})
}

// hold is how long the only connection is kept from those that wait for it.
const hold = 40 * time.Millisecond

// contended runs each of the works in a handler of its own. All of them wait for the only connection.
func (w *world) contended(db *sql.DB, e *engine, works ...func(place)) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		w.journal.Fail("sqlclient: %v", err)
		return
	}
	waiting := db.Stats().WaitCount + int64(len(works))
	var group sync.WaitGroup
	for _, work := range works {
		work := work
		group.Add(1)
		go func() {
			defer group.Done()
			w.Within(e.name, "waits", func(ctx context.Context, parent string) {
				work(place{engine: e, on: db, ctx: ctx, parent: parent})
			})
		}()
	}
	for patience := 0; db.Stats().WaitCount < waiting && patience < 1000; patience++ {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(hold)
	conn.Close()
	group.Wait()
}

// waiters: one connection for many.
func (w *world) waiters(db *sql.DB, e *engine) {
	db.SetMaxOpenConns(1)
	waiting := func(p place) {
		w.queryAs(w.journal.NewID(e.name), p, operation{name: "query that waits", waits: hold}, selectPlain)
	}
	w.contended(db, e, waiting, waiting, waiting, waiting, waiting, waiting, waiting, waiting, waiting, waiting)
	w.contended(db, e, func(p place) {
		waiting(p)
		w.query(p, "the next query does not", selectPlain)
	})
	w.contended(db, e, func(p place) {
		id := w.journal.NewID(e.name)
		o := operation{engine: e, name: "exec that waits", kind: "INSERT", parent: p.parent, text: p.statement(insertAlias, id), waits: hold}
		w.do(id, o, func(text string) error {
			_, err := db.ExecContext(p.ctx, text, "k", "v")
			return err
		})
	})
	w.contended(db, e, func(p place) {
		var tx *sql.Tx
		o := operation{engine: e, name: "begin that waits", kind: "BEGIN", parent: p.parent, waits: hold}
		w.do(w.journal.NewID(e.name), o, func(string) (err error) { tx, err = db.BeginTx(p.ctx, nil); return err })
		inside := p
		inside.on = tx
		w.query(inside, "query in its transaction", selectPlain)
		w.bare(p, "commit", "COMMIT", tx.Commit)
	})
	w.contended(db, e, func(p place) {
		o := operation{engine: e, name: "ping that waits", kind: "PING", parent: p.parent, waits: hold}
		w.do(w.journal.NewID(e.name), o, func(string) error { return db.PingContext(p.ctx) })
	})
	outside := place{engine: e, on: db, ctx: context.Background(), parent: truth.Root}
	id := w.journal.NewID(e.name)
	text := outside.statement(selectPlain, id)
	prepared, err := db.Prepare(text)
	if err != nil {
		w.journal.Fail("sqlclient: %v", err)
		return
	}
	defer prepared.Close()
	w.contended(db, e, func(p place) {
		o := operation{engine: e, name: "prepared query that waits", kind: "SELECT", parent: p.parent, text: text, waits: hold, attempts: e.spansOfPrepared()}
		w.do(id, o, func(string) error { return drain(prepared.QueryContext(p.ctx)) })
	})
	// These wait and make no span; what comes next has not waited.
	w.contended(db, e, func(p place) {
		w.prepared(p, "k")
	})
	w.contended(db, e, func(p place) {
		conn, err := db.Conn(p.ctx)
		if err != nil {
			w.journal.Fail("sqlclient: %v", err)
			return
		}
		defer conn.Close()
		p.on = conn
		w.query(p, "query on a connection that was waited for", selectPlain)
	})
	w.vain(db, e)
}

// vain: nobody gives the only connection back in time. What is known of the database comes from the driver's type alone.
func (w *world) vain(db *sql.DB, e *engine) {
	blind := *e
	blind.attributes = map[string]interface{}{"db.system.name": e.attributes["db.system.name"]}
	w.Within(e.name, "waits in vain", func(ctx context.Context, parent string) {
		p := place{engine: &blind, on: db, ctx: ctx, parent: parent}
		id := w.journal.NewID(e.name)
		text := p.statement(selectPlain, id)
		prepared, err := db.PrepareContext(ctx, text)
		if err != nil {
			w.journal.Fail("sqlclient: %v", err)
			return
		}
		defer prepared.Close()
		conn, err := db.Conn(ctx)
		if err != nil {
			w.journal.Fail("sqlclient: %v", err)
			return
		}
		defer conn.Close()
		impatient := func(call func(ctx context.Context) error) func(string) error {
			return func(string) error {
				limited, end := context.WithTimeout(ctx, hold)
				defer end()
				return call(limited)
			}
		}
		o := operation{engine: &blind, name: "prepared query in vain", kind: "SELECT", parent: parent, text: text, want: true, waits: hold / 2, attempts: e.spansOfPrepared()}
		w.do(id, o, impatient(func(ctx context.Context) error { return drain(prepared.QueryContext(ctx)) }))
		o.attempts = 1
		id = w.journal.NewID(e.name)
		o.name, o.text = "query in vain", p.statement(selectPlain, id)
		w.do(id, o, impatient(func(ctx context.Context) error { return drain(db.QueryContext(ctx, p.statement(selectPlain, id))) }))
		id = w.journal.NewID(e.name)
		o.name, o.kind, o.text = "exec in vain", "DELETE", p.statement("DELETE FROM %[2]s AS %[1]s", id)
		w.do(id, o, impatient(func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, o.text)
			return err
		}))
		o.name, o.kind, o.text = "begin in vain", "BEGIN", ""
		w.do(w.journal.NewID(e.name), o, impatient(func(ctx context.Context) error {
			_, err := db.BeginTx(ctx, nil)
			return err
		}))
		o.name, o.kind = "ping in vain", "PING"
		w.do(w.journal.NewID(e.name), o, impatient(db.PingContext))
		id = w.journal.NewID(e.name)
		o.name, o.kind, o.text = "cancelled while it waits", "SELECT", p.statement(selectPlain, id)
		w.do(id, o, func(text string) error {
			cancelled, cancel := context.WithCancel(ctx)
			time.AfterFunc(hold, cancel)
			return drain(db.QueryContext(cancelled, text))
		})
	})
}

func (w *world) cancels(db *sql.DB, e *engine) {
	ended, end := context.WithCancel(context.Background())
	end()
	p := place{engine: e, on: db, ctx: ended, parent: truth.Root}
	w.queryAs(w.journal.NewID(e.name), p, operation{name: "cancelled before", want: true, optional: true, anyhow: true}, selectOne, "k")
	limited, end := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer end()
	p.ctx = limited
	w.queryAs(w.journal.NewID(e.name), p, operation{name: "deadline during", want: true}, selectOne, slowKey)
	during, cancel := context.WithCancel(context.Background())
	time.AfterFunc(30*time.Millisecond, cancel)
	p.ctx = during
	w.queryAs(w.journal.NewID(e.name), p, operation{name: "cancelled during", want: true, anyhow: true}, selectOne, slowKey)
}
