// SPDX-License-Identifier: Apache-2.0

// grpcecho is a gRPC server and its clients in one process. It makes unary calls and streams of all kinds and prints the
// client and the server span of each. The name of a method is the id of the operation, so every operation has a method of
// its own. See truth.Main for flags and output.
package main

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"nodespan/goprograms/truth"
)

const service = "echo.Echo"

// behaviour is what the server does with one operation; for streams after everything was received or before sending.
type behaviour func(ctx context.Context, id string) error

// names of the codes, as conventions write them.
var names = []string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
	"DATA_LOSS", "UNAUTHENTICATED",
}

type world struct {
	journal *truth.Journal
	address string
	conns   []*grpc.ClientConn

	mu    sync.Mutex
	plans map[string]plan
}

type plan struct {
	scenario, name string
	parent         string // of the server span
	do             behaviour
	anyStatus      bool // the server may see another end than the client
}

func main() { truth.Main("grpcecho", prepare) }

func prepare(journal *truth.Journal) (string, []truth.Scenario, error) {
	w := &world{journal: journal, plans: map[string]plan{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	w.address = listener.Addr().String()
	server := grpc.NewServer()
	w.register(server)
	registerServices(server)
	go func() { _ = server.Serve(listener) }()
	for i := 0; i < 4; i++ {
		conn, err := dial(w.address)
		if err != nil {
			return "", nil, err
		}
		w.conns = append(w.conns, conn)
	}
	return w.address, w.scenarios(), nil
}

// dial uses the call that old and new versions have.
func dial(address string) (*grpc.ClientConn, error) {
	return grpc.Dial(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// register gives every id that a scenario can draw a method. Which kind it is follows from the scenario's name.
func (w *world) register(server *grpc.Server) {
	description := grpc.ServiceDesc{ServiceName: service, HandlerType: (*interface{})(nil)}
	each := func(scenario string, count int, add func(id string)) {
		for i := 1; i <= count; i++ {
			number := strconv.Itoa(i)
			add(scenario + "-" + strings.Repeat("0", 5-len(number)) + number)
		}
	}
	for _, scenario := range []string{"unary", "error", "limit", "metadata", "nested", "unarymany"} {
		each(scenario, 100+4*truth.SizeOr(100), func(id string) {
			description.Methods = append(description.Methods, grpc.MethodDesc{MethodName: id, Handler: w.unaryHandler(id)})
		})
	}
	for _, kind := range []struct {
		scenario             string
		fromServer, toServer bool
	}{{"serverstream", true, false}, {"clientstream", false, true}, {"bidi", true, true}, {"streams", true, true}} {
		each(kind.scenario, 100+truth.SizeOr(200), func(id string) {
			description.Streams = append(description.Streams, grpc.StreamDesc{
				StreamName: id, Handler: w.streamHandler(id), ServerStreams: kind.fromServer, ClientStreams: kind.toServer,
			})
		})
	}
	server.RegisterService(&description, w)
}

func (w *world) plan(id string) plan {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.plans[id]
}

// serve runs the behaviour and writes the line of the server.
func (w *world) serve(ctx context.Context, id string, work func(plan) error) error {
	defer w.journal.Open()()
	start := time.Now()
	p := w.plan(id)
	err := work(p)
	line := w.line("server", id, service+"/"+id, p.scenario, p.name, p.parent, codeOf(err), start)
	line.StartNs = 0
	if p.scenario != "metadata" { // where the client has a context of its own to send
		line.Caller = truth.Client(id)
	}
	if p.anyStatus {
		line.Status = truth.Any
		delete(line.Attributes, "rpc.response.status_code")
		delete(line.Attributes, "error.type")
	}
	w.journal.Write(line)
	return err
}

// codeOf is the code that the server sends for the error of a handler.
func codeOf(err error) codes.Code {
	if converted, ok := status.FromError(err); ok {
		return converted.Code()
	}
	return status.FromContextError(err).Code()
}

func (w *world) unaryHandler(id string) func(interface{}, context.Context, func(interface{}) error, grpc.UnaryServerInterceptor) (interface{}, error) {
	return func(_ interface{}, ctx context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
		in := &wrapperspb.StringValue{}
		err := w.serve(ctx, id, func(p plan) error {
			if err := decode(in); err != nil {
				return err
			}
			return p.do(ctx, id)
		})
		return in, err
	}
}

// streamHandler receives until the client is done, or once when only the server streams, and sends everything back.
func (w *world) streamHandler(id string) grpc.StreamHandler {
	return func(_ interface{}, stream grpc.ServerStream) error {
		return w.serve(stream.Context(), id, func(p plan) error {
			var received []*wrapperspb.StringValue
			for {
				in := &wrapperspb.StringValue{}
				if err := stream.RecvMsg(in); err != nil {
					break
				}
				received = append(received, in)
			}
			if err := p.do(stream.Context(), id); err != nil {
				return err
			}
			for _, out := range received {
				if err := stream.SendMsg(out); err != nil {
					return err
				}
				if strings.HasPrefix(id, "clientstream") {
					break
				}
			}
			return nil
		})
	}
}

func (w *world) line(kind, id, method, scenario, name, parent string, code codes.Code, start time.Time) truth.Span {
	line := truth.Span{
		ID: id, SpanKind: kind, Scenario: scenario, Case: name, Parent: parent, Name: method,
		Attributes: map[string]interface{}{"rpc.system.name": "grpc", "rpc.method": method, "rpc.response.status_code": names[code]},
		StartNs:    start.UnixNano(), EndNs: time.Now().UnixNano(),
	}
	failed := code != codes.OK
	if kind == "server" {
		switch code {
		case codes.Unknown, codes.DeadlineExceeded, codes.Unimplemented, codes.Internal, codes.Unavailable, codes.DataLoss:
		default:
			failed = false
		}
	}
	line.Status = truth.StatusOf(failed)
	if failed {
		line.Attributes["error.type"] = names[code]
	} else {
		line.Absent = []string{"error.type"}
	}
	return line
}
