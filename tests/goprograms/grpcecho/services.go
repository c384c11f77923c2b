// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nodespan/goprograms/truth"
)

// speaker is what generated code would make of a service with one unary method and one stream.
type speaker interface {
	Say(context.Context) (*wrapperspb.StringValue, error)
	Tell(grpc.ServerStream) error
}

// person implements it by pointer, parrot by value, and child has the methods of whom it embeds.
type person struct{ name string }

func (p *person) Say(context.Context) (*wrapperspb.StringValue, error) {
	return wrapperspb.String(p.name), nil
}

func (p *person) Tell(stream grpc.ServerStream) error {
	return stream.SendMsg(wrapperspb.String(p.name))
}

type parrot struct{ words [3]string }

func (p parrot) Say(context.Context) (*wrapperspb.StringValue, error) {
	return wrapperspb.String(p.words[0]), nil
}

func (p parrot) Tell(stream grpc.ServerStream) error {
	return stream.SendMsg(wrapperspb.String(p.words[1]))
}

type child struct{ *person }

// Every method of each is called; the name of a service is the id of its only operation.
var implementations = []struct {
	implementation speaker
	say, tell      interface{}
}{
	{&person{"person"}, (*person).Say, (*person).Tell},
	{parrot{[3]string{"hello", "hello", "hello"}}, parrot.Say, parrot.Tell},
	{child{&person{"child"}}, (*person).Say, (*person).Tell},
}

func serviceID(index int, method string) string {
	return fmt.Sprintf("service-%05d", 2*index+map[string]int{"Say": 1, "Tell": 2}[method])
}

func registerServices(server *grpc.Server) {
	for i, s := range implementations {
		for _, method := range []string{"Say", "Tell"} {
			server.RegisterService(&grpc.ServiceDesc{
				ServiceName: serviceID(i, method), HandlerType: (*speaker)(nil),
				Methods: []grpc.MethodDesc{{MethodName: "Say", Handler: handleSay}},
				Streams: []grpc.StreamDesc{{StreamName: "Tell", Handler: handleTell, ServerStreams: true}},
			}, s.implementation)
		}
	}
}

func handleSay(service interface{}, ctx context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
	if err := decode(&wrapperspb.StringValue{}); err != nil {
		return nil, err
	}
	return service.(speaker).Say(ctx)
}

func handleTell(service interface{}, stream grpc.ServerStream) error {
	if err := stream.RecvMsg(&wrapperspb.StringValue{}); err != nil {
		return err
	}
	return service.(speaker).Tell(stream)
}

// services calls every method of every service, whose span has to name the method that served the call.
func (w *world) services() {
	for i, s := range implementations {
		w.callService(serviceID(i, "Say"), "Say", s.say, func(path string) error {
			return w.conns[0].Invoke(context.Background(), path, wrapperspb.String("hello"), &wrapperspb.StringValue{})
		})
		w.callService(serviceID(i, "Tell"), "Tell", s.tell, func(path string) error {
			stream, err := w.conns[0].NewStream(context.Background(), &grpc.StreamDesc{ServerStreams: true}, path)
			if err == nil {
				err = stream.SendMsg(wrapperspb.String("hello"))
			}
			if err == nil {
				err = stream.CloseSend()
			}
			for err == nil {
				err = stream.RecvMsg(&wrapperspb.StringValue{})
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		})
	}
}

func (w *world) callService(id, method string, function interface{}, send func(path string) error) {
	start := time.Now()
	if err := send("/" + id + "/" + method); err != nil {
		w.journal.Fail("grpcecho: %s: %v", id, err)
	}
	client := w.line("client", id, id+"/"+method, "service", method, truth.Root, codes.OK, start)
	server := w.line("server", id, id+"/"+method, "service", method, truth.Root, codes.OK, start)
	server.Caller = truth.Client(id)
	entry := reflect.ValueOf(function).Pointer()
	declared := runtime.FuncForPC(entry)
	file, line := declared.FileLine(entry)
	server.Attributes["code.function.name"] = declared.Name()
	server.Attributes["code.file.path"], server.Attributes["code.line.number"] = file, line
	w.journal.Write(client)
	w.journal.Write(server)
}
