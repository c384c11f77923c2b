// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/lib/pq"
	"github.com/segmentio/kafka-go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// ordersServer is what generated code would make of a service with one method.
type ordersServer interface {
	Place(ctx context.Context, order string) error
}

const placeMethod = "/shop.Orders/Place"

var ordersService = grpc.ServiceDesc{
	ServiceName: "shop.Orders",
	HandlerType: (*ordersServer)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Place", Handler: func(service any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		order := &wrapperspb.StringValue{}
		if err := decode(order); err != nil {
			return nil, err
		}
		return &wrapperspb.StringValue{}, service.(ordersServer).Place(ctx, order.Value)
	}}},
}

// orderBook keeps orders, whose text is "number sku".
type orderBook struct {
	db     *sql.DB
	writer *kafka.Writer
}

func (b *orderBook) Place(ctx context.Context, order string) error {
	number, sku, err := splitOrder(order)
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return status.Error(codes.Unavailable, err.Error())
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "INSERT INTO orders (sku, number) VALUES ($1, $2)", sku, number); err != nil {
		var refused *pq.Error
		switch {
		case errors.As(err, &refused) && refused.Code == "23503":
			return status.Error(codes.NotFound, "no such product")
		case errors.As(err, &refused) && refused.Code == "23505":
			return status.Error(codes.AlreadyExists, "that order is there")
		}
		return status.Error(codes.Internal, err.Error())
	}
	if err := tx.Commit(); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	if err := b.writer.WriteMessages(ctx, kafka.Message{Key: []byte(sku), Value: []byte(order)}); err != nil {
		return status.Error(codes.Unavailable, err.Error())
	}
	return nil
}

func runOrders(ctx context.Context, o options) error {
	db, err := open(ctx, o.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	writer := &kafka.Writer{Addr: kafka.TCP(o.kafka), Topic: topic, BatchTimeout: 5 * time.Millisecond}
	defer writer.Close()
	listener, err := listen()
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	server.RegisterService(&ordersService, &orderBook{db, writer})
	go func() {
		<-ctx.Done()
		server.Stop()
	}()
	ready(listener.Addr().String())
	return server.Serve(listener)
}
