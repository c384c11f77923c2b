// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"nodespan/goprograms/truth"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
)

// caller is what connections, pools and transactions have in common.
type caller interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
	Begin(ctx context.Context) (pgx.Tx, error)
}

const table = "items_of_pgx"

// with runs work on a connection that has the table.
func (w *world) with(work func(*pgx.Conn)) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.dsn)
	if err != nil {
		w.journal.Fail("pgxclient: %v", err)
		return
	}
	defer conn.Close(ctx)
	p := place{scenario: "conn", name: "table: ", ctx: ctx, parent: truth.Root}
	w.do(p, call{name: "create", operation: "CREATE TABLE", anonymous: true}, func(string) error {
		_, err := conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+table+" (k text PRIMARY KEY, v text)")
		return err
	})
	work(conn)
}

func selectOne(name string) string {
	return fmt.Sprintf("SELECT %[1]s.v FROM %[2]s AS %[1]s WHERE %[1]s.k = $1", name, table)
}

func drain(rows pgx.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// calls makes every kind of call that needs no connection of its own.
func (w *world) calls(p place, on caller) {
	w.do(p, call{name: "exec", operation: "DELETE", table: table}, func(name string) error {
		_, err := on.Exec(p.ctx, fmt.Sprintf("DELETE FROM %[2]s AS %[1]s WHERE %[1]s.k = $1", name, table), "nobody")
		return err
	})
	w.do(p, call{name: "exec without arguments", operation: "DELETE", table: table}, func(name string) error {
		_, err := on.Exec(p.ctx, fmt.Sprintf("DELETE FROM %[2]s AS %[1]s", name, table))
		return err
	})
	w.do(p, call{name: "insert", operation: "INSERT", table: table}, func(name string) error {
		_, err := on.Exec(p.ctx, fmt.Sprintf("INSERT INTO %[2]s AS %[1]s (k, v) VALUES ($1, $2)", name, table), "key", "value")
		return err
	})
	w.do(p, call{name: "insert again", operation: "INSERT", table: table, code: "23505"}, func(name string) error {
		_, err := on.Exec(p.ctx, fmt.Sprintf("INSERT INTO %[2]s AS %[1]s (k, v) VALUES ($1, $2)", name, table), "key", "value")
		return err
	})
	w.do(p, call{name: "query", operation: "SELECT", table: table}, func(name string) error {
		return drain(on.Query(p.ctx, selectOne(name), "key"))
	})
	w.do(p, call{name: "query of many rows", operation: "SELECT"}, func(name string) error {
		return drain(on.Query(p.ctx, fmt.Sprintf("SELECT %[1]s FROM generate_series(1, 20000) AS %[1]s", name)))
	})
	w.do(p, call{name: "query by the simple protocol", operation: "SELECT", table: table}, func(name string) error {
		return drain(on.Query(p.ctx, selectOne(name), pgx.QueryExecModeSimpleProtocol, "key"))
	})
	w.do(p, call{name: "row", operation: "SELECT", table: table}, func(name string) error {
		var value string
		return on.QueryRow(p.ctx, selectOne(name), "key").Scan(&value)
	})
	w.do(p, call{name: "query of no table", operation: "SELECT", code: "42P01"}, func(name string) error {
		return drain(on.Query(p.ctx, "SELECT v FROM no_"+name))
	})
	w.do(p, call{name: "query that fails in its rows", operation: "SELECT", code: "22012"}, func(name string) error {
		return drain(on.Query(p.ctx, fmt.Sprintf("SELECT 1 / (%[1]s - 2) FROM generate_series(1, 3) AS %[1]s", name)))
	})
	w.do(p, call{name: "query that is not sent", operation: "SELECT", fails: true}, func(name string) error {
		return drain(on.Query(p.ctx, selectOne(name), "one", "too many"))
	})
	for i := 0; i < 2; i++ {
		text := fmt.Sprintf("SELECT v FROM %[1]s WHERE k = $1", table)
		w.do(p, call{name: "the same again", operation: "SELECT", table: table, anonymous: true}, func(string) error {
			return drain(on.Query(p.ctx, text, "key"))
		})
	}
}

func (w *world) conn() {
	w.with(func(conn *pgx.Conn) {
		w.everywhere("conn", func(p place) {
			w.calls(p, conn)
			w.do(p, call{name: "prepare", operation: "PREPARE"}, func(name string) error {
				_, err := conn.Prepare(p.ctx, name, selectOne(name))
				return err
			})
			w.do(p, call{name: "prepare no table", operation: "PREPARE", code: "42P01"}, func(name string) error {
				_, err := conn.Prepare(p.ctx, name, "SELECT v FROM no_"+name)
				return err
			})
		})
	})
}

func (w *world) usePool(work func(*pgxpool.Pool)) {
	w.with(func(*pgx.Conn) {
		pool, err := pgxpool.New(context.Background(), w.dsn)
		if err != nil {
			w.journal.Fail("pgxclient: %v", err)
			return
		}
		defer pool.Close()
		work(pool)
	})
}

func (w *world) pool() {
	w.usePool(func(pool *pgxpool.Pool) {
		w.everywhere("pool", func(p place) { w.calls(p, pool) })
	})
}

func (w *world) transactions() {
	w.usePool(func(pool *pgxpool.Pool) {
		w.everywhere("tx", func(p place) {
			for _, end := range []string{"COMMIT", "ROLLBACK"} {
				var tx pgx.Tx
				w.do(p, call{name: "begin", operation: "BEGIN", anonymous: true}, func(string) (err error) {
					tx, err = pool.Begin(p.ctx)
					return err
				})
				w.do(p, call{name: "in it", operation: "SELECT", table: table}, func(name string) error {
					return drain(tx.Query(p.ctx, selectOne(name), "key"))
				})
				w.do(p, call{name: "end", operation: end, anonymous: true}, func(string) error {
					if end == "COMMIT" {
						return tx.Commit(p.ctx)
					}
					return tx.Rollback(p.ctx)
				})
			}
		})
	})
}

func (w *world) batches() {
	w.usePool(func(pool *pgxpool.Pool) {
		w.everywhere("batch", func(p place) {
			w.do(p, call{name: "batch", operation: "BATCH", batch: 3, anonymous: true}, func(name string) error {
				batch := &pgx.Batch{}
				batch.Queue(selectOne(name), "a")
				batch.Queue(selectOne(name), "b")
				batch.Queue("SELECT 1")
				results := pool.SendBatch(p.ctx, batch)
				if err := drain(results.Query()); err != nil {
					return err
				}
				if _, err := results.Exec(); err != nil {
					return err
				}
				return results.Close()
			})
			w.do(p, call{name: "batch of one", operation: "SELECT", table: table}, func(name string) error {
				batch := &pgx.Batch{}
				batch.Queue(selectOne(name), "a")
				return pool.SendBatch(p.ctx, batch).Close()
			})
			w.do(p, call{name: "batch that fails", operation: "BATCH", batch: 2, code: "22012", anonymous: true}, func(name string) error {
				batch := &pgx.Batch{}
				batch.Queue("SELECT 1")
				batch.Queue("SELECT 1 / $1::int", 0)
				return pool.SendBatch(p.ctx, batch).Close()
			})
		})
	})
}

func (w *world) copies() {
	w.usePool(func(pool *pgxpool.Pool) {
		w.everywhere("copy", func(p place) {
			w.do(p, call{name: "empties", operation: "DELETE", table: table}, func(name string) error {
				_, err := pool.Exec(p.ctx, fmt.Sprintf("DELETE FROM %[2]s AS %[1]s", name, table))
				return err
			})
			copied := func(name pgx.Identifier) func(string) error {
				return func(string) error {
					_, err := pool.CopyFrom(p.ctx, name, []string{"k", "v"}, pgx.CopyFromRows([][]any{{"1", "one"}, {"2", "two"}}))
					return err
				}
			}
			w.do(p, call{name: "copy", operation: "COPY", table: table, anonymous: true}, copied(pgx.Identifier{table}))
			w.do(p, call{name: "copy again", operation: "COPY", table: table, code: "23505", anonymous: true}, copied(pgx.Identifier{"public", table}))
			w.do(p, call{name: "copy to no table", operation: "COPY", table: "nowhere", code: "42P01", anonymous: true}, copied(pgx.Identifier{"nowhere"}))
		})
	})
}

func (w *world) failures() {
	w.usePool(func(pool *pgxpool.Pool) {
		w.everywhere("failures", func(p place) {
			limited, end := context.WithCancel(p.ctx)
			w.do(p, call{name: "cancelled during", operation: "SELECT", fails: true}, func(name string) error {
				time.AfterFunc(50*time.Millisecond, end)
				rows, err := pool.Query(limited, fmt.Sprintf("SELECT pg_sleep(10), %[1]s FROM generate_series(1, 2) AS %[1]s", name))
				return drain(rows, err)
			})
		})
	})
}

// storm: many handlers at once, on a pool.
func (w *world) storm() {
	w.usePool(func(pool *pgxpool.Pool) {
		var group sync.WaitGroup
		for i := 0; i < truth.SizeOr(50); i++ {
			group.Add(1)
			go func() {
				defer group.Done()
				w.Within("storm", "handler", func(ctx context.Context, parent string) {
					p := place{scenario: "storm", ctx: ctx, parent: parent}
					for j := 0; j < 3; j++ {
						w.do(p, call{name: "query", operation: "SELECT", table: table}, func(name string) error {
							return drain(pool.Query(p.ctx, selectOne(name), "key"))
						})
					}
				})
			}()
		}
		group.Wait()
	})
}

// driver: calls of database/sql that come to pgx make one span. Preparing makes that of pgx, as database/sql has none.
func (w *world) driver() {
	w.with(func(*pgx.Conn) {
		db, err := sql.Open("pgx", w.dsn)
		if err != nil {
			w.journal.Fail("pgxclient: %v", err)
			return
		}
		defer db.Close()
		w.everywhere("driver", func(p place) {
			w.do(p, call{name: "exec", operation: "DELETE", table: table}, func(name string) error {
				_, err := db.ExecContext(p.ctx, fmt.Sprintf("DELETE FROM %[2]s AS %[1]s WHERE %[1]s.k = $1", name, table), "nobody")
				return err
			})
			w.do(p, call{name: "row", operation: "SELECT", table: table, fails: false}, func(name string) error {
				var count int
				return db.QueryRowContext(p.ctx, fmt.Sprintf("SELECT count(*) FROM %[2]s AS %[1]s", name, table)).Scan(&count)
			})
			w.do(p, call{name: "fails", operation: "SELECT", code: "42P01"}, func(name string) error {
				_, err := db.QueryContext(p.ctx, "SELECT v FROM no_"+name)
				return err
			})
			w.do(p, call{name: "begin", operation: "BEGIN", anonymous: true}, func(string) error {
				tx, err := db.BeginTx(p.ctx, nil)
				if err != nil {
					return err
				}
				w.do(p, call{name: "commit", operation: "COMMIT", anonymous: true}, func(string) error { return tx.Commit() })
				return nil
			})
			w.do(p, call{name: "prepared", operation: "SELECT", table: table, attempts: 2}, func(name string) error {
				statement, err := db.PrepareContext(p.ctx, selectOne(name))
				if err != nil {
					return err
				}
				defer statement.Close()
				rows, err := statement.QueryContext(p.ctx, "key")
				if err != nil {
					return err
				}
				return rows.Close()
			})
		})
	})
}

// hits: nothing but queries on one connection, whose statement it knows.
func (w *world) hits() {
	w.with(func(conn *pgx.Conn) {
		p := place{scenario: "hits", ctx: context.Background(), parent: truth.Root}
		for i := 0; i < truth.SizeOr(50); i++ {
			w.do(p, call{name: "query", operation: "SELECT", anonymous: true}, func(string) error {
				rows, err := conn.Query(p.ctx, "SELECT 1")
				if err != nil {
					return err
				}
				rows.Close()
				return rows.Err()
			})
		}
	})
}
