// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nodespan/goprograms/truth"
)

func (w *world) scenarios() []truth.Scenario {
	return []truth.Scenario{
		{Name: "unary", Run: w.unary},
		{Name: "serverstream", Run: func() { w.streamsOf("serverstream", 1) }},
		{Name: "clientstream", Run: func() { w.streamsOf("clientstream", 3) }},
		{Name: "bidi", Run: func() { w.streamsOf("bidi", 3) }},
		{Name: "error", Run: w.errors},
		{Name: "limit", Run: w.limits},
		{Name: "unknown", Run: w.unknown},
		{Name: "metadata", Run: w.metadata},
		{Name: "nested", Run: w.nested},
		{Name: "unarymany", Run: w.unaryMany},
		{Name: "streams", Run: w.manyStreams},
		{Name: "service", Run: w.services},
	}
}

// call is one operation; its zero value succeeds outside of any other.
type call struct {
	scenario, name string
	ctx            context.Context
	parent         string // of the client span
	serverParent   string
	do             behaviour
	want           codes.Code
	anyStatus      bool
	conn           *grpc.ClientConn
}

func (w *world) fill(c call) (string, call) {
	if c.ctx == nil {
		c.ctx = context.Background()
	}
	if c.parent == "" {
		c.parent = truth.Root
	}
	if c.serverParent == "" {
		c.serverParent = truth.Root
	}
	if c.do == nil {
		c.do = func(context.Context, string) error { return nil }
	}
	if c.conn == nil {
		c.conn = w.conns[0]
	}
	id := w.journal.NewID(c.scenario)
	w.mu.Lock()
	w.plans[id] = plan{c.scenario, c.name, c.serverParent, c.do, c.anyStatus}
	w.mu.Unlock()
	return id, c
}

// end writes the line of the client.
func (w *world) end(id, method string, c call, err error, start time.Time) {
	code := status.Code(err)
	if code != c.want {
		w.journal.Fail("grpcecho: %s %s: %v, expected %v", id, c.name, err, c.want)
	}
	line := w.line("client", id, method, c.scenario, c.name, c.parent, code, start)
	if host, port, splitErr := net.SplitHostPort(c.conn.Target()); splitErr == nil {
		number, _ := strconv.Atoi(port)
		line.Attributes["server.address"], line.Attributes["server.port"] = host, number
	}
	w.journal.Write(line)
}

// invoke does a unary call.
func (w *world) invoke(c call) {
	id, c := w.fill(c)
	start := time.Now()
	err := c.conn.Invoke(c.ctx, "/"+service+"/"+id, wrapperspb.String("hello"), &wrapperspb.StringValue{})
	w.end(id, service+"/"+id, c, err, start)
}

// stream sends messages, lets middle run, and receives everything.
func (w *world) stream(c call, fromServer, toServer bool, messages int, middle func()) {
	id, c := w.fill(c)
	start := time.Now()
	err := func() error {
		stream, err := c.conn.NewStream(c.ctx, &grpc.StreamDesc{ServerStreams: fromServer, ClientStreams: toServer}, "/"+service+"/"+id)
		if err != nil {
			return err
		}
		for i := 0; i < messages; i++ {
			if err := stream.SendMsg(wrapperspb.String("hello")); err != nil {
				break // the reason comes from RecvMsg
			}
		}
		if middle != nil {
			middle()
		}
		if err := stream.CloseSend(); err != nil {
			return err
		}
		for {
			if err := stream.RecvMsg(&wrapperspb.StringValue{}); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			} else if !fromServer {
				return nil
			}
		}
	}()
	w.end(id, service+"/"+id, c, err, start)
}

func (w *world) unary() {
	for i := 0; i < 10; i++ {
		w.invoke(call{scenario: "unary", name: "one after another"})
	}
}

func (w *world) streamsOf(kind string, messages int) {
	fromServer, toServer := kind != "clientstream", kind != "serverstream"
	for i := 0; i < 5; i++ {
		w.stream(call{scenario: kind, name: "one after another"}, fromServer, toServer, messages, nil)
	}
	failing := func(context.Context, string) error { return status.Error(codes.Aborted, "enough") }
	w.stream(call{scenario: kind, name: "fails", do: failing, want: codes.Aborted}, fromServer, toServer, messages, nil)
	ctx, cancel := context.WithCancel(context.Background())
	hanging := func(ctx context.Context, _ string) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}
	w.stream(call{scenario: kind, name: "cancelled", ctx: ctx, do: hanging, want: codes.Canceled, anyStatus: true}, fromServer, toServer, messages, nil)
}

func (w *world) errors() {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		code := code
		w.invoke(call{scenario: "error", name: "code " + names[code], want: code, do: func(context.Context, string) error {
			return status.Error(code, "on purpose")
		}})
	}
	for _, c := range []call{
		{name: "plain error", want: codes.Unknown, do: func(context.Context, string) error { return errors.New("plain") }},
		{name: "wrapped status", want: codes.NotFound, do: func(context.Context, string) error {
			return fmt.Errorf("wrapped: %w", status.Error(codes.NotFound, "inside"))
		}},
		{name: "context error", want: codes.DeadlineExceeded, do: func(context.Context, string) error { return context.DeadlineExceeded }},
	} {
		c.scenario = "error"
		w.invoke(c)
	}
}

func (w *world) limits() {
	hanging := func(ctx context.Context, _ string) error {
		<-ctx.Done()
		return ctx.Err()
	}
	limited, end := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer end()
	w.invoke(call{scenario: "limit", name: "deadline", ctx: limited, do: hanging, want: codes.DeadlineExceeded, anyStatus: true})
	ctx, cancel := context.WithCancel(context.Background())
	w.invoke(call{scenario: "limit", name: "cancelled", ctx: ctx, want: codes.Canceled, anyStatus: true, do: func(ctx context.Context, id string) error {
		cancel()
		return hanging(ctx, id)
	}})
}

// unknown: methods and services that nobody registered, and a server that nobody started.
func (w *world) unknown() {
	for _, where := range []struct{ name, service string }{{"unknown method", service}, {"unknown service", "nobody.Service"}} {
		id, c := w.fill(call{scenario: "unknown", name: where.name, want: codes.Unimplemented})
		method := where.service + "/" + id
		start := time.Now()
		err := c.conn.Invoke(c.ctx, "/"+method, wrapperspb.String("hello"), &wrapperspb.StringValue{})
		server := w.line("server", id, method, c.scenario, c.name, truth.Root, codes.Unimplemented, start)
		server.Name, server.Caller = "", truth.Client(id)
		server.Attributes["rpc.method"], server.Attributes["rpc.method_original"] = "_OTHER", method
		w.journal.Write(server)
		w.end(id, method, c, err, start)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.journal.Fail("grpcecho: %v", err)
		return
	}
	address := listener.Addr().String()
	listener.Close()
	conn, err := dial(address)
	if err != nil {
		w.journal.Fail("grpcecho: %v", err)
		return
	}
	defer conn.Close()
	w.invoke(call{scenario: "unknown", name: "nobody listens", conn: conn, want: codes.Unavailable})
}

func (w *world) metadata() {
	const traceID, spanID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	ctx := metadata.AppendToOutgoingContext(context.Background(), "traceparent", "00-"+traceID+"-"+spanID+"-01", "tenant", "blue")
	w.invoke(call{scenario: "metadata", name: "traceparent", ctx: ctx, serverParent: truth.Remote(traceID, spanID)})
	ctx = metadata.AppendToOutgoingContext(context.Background(), "traceparent", "00-broken")
	w.invoke(call{scenario: "metadata", name: "broken traceparent", ctx: ctx})
}

// nested: the handler calls on, with its context, without, and from another goroutine.
func (w *world) nested() {
	const scenario = "nested"
	w.together(truth.SizeOr(20), func(i int) {
		w.invoke(call{scenario: scenario, name: "outer", conn: w.conns[i%4], do: func(ctx context.Context, id string) error {
			parent := truth.Server(id)
			w.invoke(call{scenario: scenario, name: "inner, context", ctx: ctx, parent: parent})
			w.invoke(call{scenario: scenario, name: "inner, background", parent: parent})
			done := make(chan struct{})
			go func() {
				defer close(done)
				w.invoke(call{scenario: scenario, name: "inner, other goroutine", ctx: ctx, parent: parent})
			}()
			<-done
			return nil
		}})
	})
}

func (w *world) unaryMany() {
	w.together(truth.SizeOr(100), func(i int) {
		for j := 0; j < 4; j++ {
			w.invoke(call{scenario: "unarymany", name: "among others", conn: w.conns[(i+j)%4]})
		}
	})
}

// manyStreams are all open at the same time, over a few connections.
func (w *world) manyStreams() {
	count := truth.SizeOr(200)
	var open sync.WaitGroup
	open.Add(count)
	w.together(count, func(i int) {
		w.stream(call{scenario: "streams", name: "open among others", conn: w.conns[i%4]}, true, true, 2, func() {
			open.Done()
			open.Wait()
		})
	})
}

// together runs work(0) to work(count-1), each in a goroutine.
func (w *world) together(count int, work func(int)) {
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			work(i)
		}(i)
	}
	group.Wait()
}
