// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"
)

type key int

// Contexts as middleware makes them: a struct around another context.

// tenant embeds first, and is used by value and by pointer.
type tenant struct {
	context.Context
	name string
}

// session embeds behind other fields.
type session struct {
	user  string
	roles []string
	seen  time.Time
	context.Context
	note string
}

// named has the context in a field with a name and hands every method on.
type named struct {
	count int
	inner context.Context
}

func (n *named) Deadline() (time.Time, bool)       { return n.inner.Deadline() }
func (n *named) Done() <-chan struct{}             { return n.inner.Done() }
func (n *named) Err() error                        { return n.inner.Err() }
func (n *named) Value(k interface{}) interface{}   { return n.inner.Value(k) }
func (n *named) String() string                    { return fmt.Sprint("named ", n.count) }
func (n detached) Deadline() (time.Time, bool)     { return time.Time{}, false }
func (n detached) Done() <-chan struct{}           { return nil }
func (n detached) Err() error                      { return nil }
func (n detached) Value(k interface{}) interface{} { return n.values.Value(k) }
func (o opaque) Deadline() (time.Time, bool)       { return time.Time{}, false }
func (o opaque) Done() <-chan struct{}             { return nil }
func (o opaque) Err() error                        { return nil }
func (o opaque) Value(k interface{}) interface{}   { return o.look(k) }
func (l *layered) Value(k interface{}) interface{} { return l.session.Value(k) }

// detached is what programs wrote before context.WithoutCancel: values only, never cancelled.
type detached struct{ values context.Context }

// opaque reaches its parent through a closure: nobody can follow that from outside.
type opaque struct{ look func(interface{}) interface{} }

// layered embeds a struct that embeds the context.
type layered struct {
	id int64
	session
}

// wrappings by name. `knowable` says whether the chain can be followed by looking at memory.
func wrappings() []struct {
	name     string
	knowable bool
	wrap     func(context.Context) (context.Context, func())
} {
	nothing := func() {}
	deep := func(depth int, step func(context.Context, int) (context.Context, func())) func(context.Context) (context.Context, func()) {
		return func(ctx context.Context) (context.Context, func()) {
			var ends []func()
			for i := 0; i < depth; i++ {
				next, end := step(ctx, i)
				ctx, ends = next, append(ends, end)
			}
			return ctx, func() {
				for _, end := range ends {
					end()
				}
			}
		}
	}
	value := func(ctx context.Context, i int) (context.Context, func()) {
		return context.WithValue(ctx, key(i), i), nothing
	}
	cancel := func(ctx context.Context, _ int) (context.Context, func()) { return context.WithCancel(ctx) }
	timeout := func(ctx context.Context, i int) (context.Context, func()) {
		return context.WithTimeout(ctx, time.Minute+time.Duration(i)*time.Second)
	}
	mixed := func(ctx context.Context, i int) (context.Context, func()) {
		switch i % 5 {
		case 0:
			return value(ctx, i)
		case 1:
			return cancel(ctx, i)
		case 2:
			return timeout(ctx, i)
		case 3:
			return &session{user: "u", Context: ctx}, nothing
		}
		return tenant{ctx, "t"}, nothing
	}
	once := func(wrap func(context.Context) context.Context) func(context.Context) (context.Context, func()) {
		return func(ctx context.Context) (context.Context, func()) { return wrap(ctx), nothing }
	}
	list := []struct {
		name     string
		knowable bool
		wrap     func(context.Context) (context.Context, func())
	}{
		{"context of the request", true, once(func(c context.Context) context.Context { return c })},
		{"20 values", true, deep(20, value)},
		{"20 cancellations", true, deep(20, cancel)},
		{"20 time limits", true, deep(20, timeout)},
		{"20 of all kinds", true, deep(20, mixed)},
		{"struct by value", true, once(func(c context.Context) context.Context { return tenant{c, "t"} })},
		{"struct by pointer", true, once(func(c context.Context) context.Context { return &tenant{c, "t"} })},
		{"embedded behind other fields, by pointer", true, once(func(c context.Context) context.Context { return &session{user: "u", Context: c} })},
		{"embedded behind other fields, by value", true, once(func(c context.Context) context.Context { return session{user: "u", Context: c} })},
		{"struct in struct", true, once(func(c context.Context) context.Context { return &layered{1, session{user: "u", Context: c}} })},
		{"field with a name", true, once(func(c context.Context) context.Context { return &named{1, c} })},
		{"detached by hand", true, once(func(c context.Context) context.Context { return detached{c} })},
		{"behind a closure", false, once(func(c context.Context) context.Context { return opaque{c.Value} })},
	}
	for _, modern := range modernWrappings() {
		modern := modern
		list = append(list, struct {
			name     string
			knowable bool
			wrap     func(context.Context) (context.Context, func())
		}{modern.name, true, once(modern.wrap)})
	}
	return list
}

type modernWrapping struct {
	name string
	wrap func(context.Context) context.Context
}
