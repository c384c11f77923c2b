// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"sync/atomic"
)

// A driver without a database, for what real ones do only when something breaks. The DSN "skip" makes connections that
// execute nothing directly.

func init() { sql.Register("fake", fakeDriver{}) }

// slowKey as argument makes a query that ends with its context.
const slowKey = "slow"

var failures int32 // how many of the next statements find their connection broken

func failNext(count int) { atomic.StoreInt32(&failures, int32(count)) }

func broken() bool {
	for {
		left := atomic.LoadInt32(&failures)
		if left <= 0 {
			return false
		}
		if atomic.CompareAndSwapInt32(&failures, left, left-1) {
			return true
		}
	}
}

type fakeDriver struct{}

func (fakeDriver) Open(dsn string) (driver.Conn, error) { return &fakeConn{skip: dsn == "skip"}, nil }

type fakeConn struct{ skip bool }

func (c *fakeConn) Prepare(query string) (driver.Stmt, error) { return &fakeStmt{c}, nil }
func (c *fakeConn) Close() error                              { return nil }
func (c *fakeConn) Begin() (driver.Tx, error)                 { return fakeTx{}, nil }
func (c *fakeConn) Ping(context.Context) error                { return nil }

func (c *fakeConn) QueryContext(ctx context.Context, _ string, args []driver.NamedValue) (driver.Rows, error) {
	if c.skip {
		return nil, driver.ErrSkip
	}
	return answer(ctx, args)
}

func (c *fakeConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	if c.skip {
		return nil, driver.ErrSkip
	}
	return driver.RowsAffected(1), nil
}

func answer(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if broken() {
		return nil, driver.ErrBadConn
	}
	if len(args) > 0 && args[0].Value == slowKey {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return &fakeRows{left: 2}, nil
}

type fakeStmt struct{ conn *fakeConn }

func (s *fakeStmt) Close() error  { return nil }
func (s *fakeStmt) NumInput() int { return -1 }
func (s *fakeStmt) Exec([]driver.Value) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}
func (s *fakeStmt) Query([]driver.Value) (driver.Rows, error) { return &fakeRows{left: 2}, nil }

type fakeTx struct{}

func (fakeTx) Commit() error   { return nil }
func (fakeTx) Rollback() error { return nil }

type fakeRows struct{ left int }

func (r *fakeRows) Columns() []string { return []string{"v"} }
func (r *fakeRows) Close() error      { return nil }
func (r *fakeRows) Next(values []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	values[0] = "value"
	return nil
}
