// SPDX-License-Identifier: Apache-2.0

// shop is a small shop made of several services, each a process of its own, and bounded traffic for it:
//
//	shop broker                                  a Kafka broker in memory
//	shop orders  --dsn D --kafka K               gRPC: takes orders, writes them to PostgreSQL and to Kafka
//	shop stock   --dsn D --kafka K               reads orders from Kafka and counts the stock down in PostgreSQL
//	shop front   --dsn D --orders O              HTTP (gin): products from PostgreSQL, orders by gRPC
//	shop traffic --front F [--seconds S] [--rps R]
//
// A service prints "ready pid=P addr=A" and runs until SIGINT or SIGTERM. traffic prints one JSON line at its end.
// Nothing in it knows that it is being traced.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	_ "github.com/lib/pq"
)

const topic = "orders"

// options of all modes.
type options struct {
	dsn, kafka, orders, front string
	seconds, rps              float64
}

var modes = map[string]func(context.Context, options) error{
	"broker": runBroker, "orders": runOrders, "stock": runStock, "front": runFront, "traffic": runTraffic,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || modes[args[0]] == nil {
		return fmt.Errorf("say what to do: broker, orders, stock, front or traffic")
	}
	var o options
	flags := flag.NewFlagSet("shop "+args[0], flag.ExitOnError)
	flags.StringVar(&o.dsn, "dsn", "", "PostgreSQL")
	flags.StringVar(&o.kafka, "kafka", "", "address of the broker")
	flags.StringVar(&o.orders, "orders", "", "address of the order service")
	flags.StringVar(&o.front, "front", "", "address of the front")
	flags.Float64Var(&o.seconds, "seconds", 10, "stop after so many seconds")
	flags.Float64Var(&o.rps, "rps", 5, "requests per second, at most 1000")
	_ = flags.Parse(args[1:]) // ends the program by itself on an error
	if o.seconds <= 0 || o.rps <= 0 || o.rps > 1000 {
		return fmt.Errorf("--seconds and --rps are above 0, --rps at most 1000")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return modes[args[0]](ctx, o)
}

func ready(address string) { fmt.Printf("ready pid=%d addr=%s\n", os.Getpid(), address) }

func listen() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }

// open gives the database with its tables and products.
func open(ctx context.Context, dsn string) (*sql.DB, error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(8)
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS products (sku text PRIMARY KEY, name text NOT NULL, stock integer NOT NULL CHECK (stock >= 0))",
		"CREATE TABLE IF NOT EXISTS orders (id bigserial PRIMARY KEY, sku text NOT NULL REFERENCES products, number text NOT NULL UNIQUE)",
		"INSERT INTO products VALUES ('tea', 'Tea', 1000000), ('cup', 'Cup', 1000000), ('pot', 'Pot', 3) ON CONFLICT DO NOTHING",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			_ = db.Close()
			return nil, err
		}
	}
	return db, nil
}
