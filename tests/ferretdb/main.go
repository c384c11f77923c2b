// SPDX-License-Identifier: Apache-2.0

// ferretdb is a server that speaks the protocol of MongoDB, FerretDB over SQLite, for the tests of the MongoDB driver. It
// listens at the address of its first argument, keeps its data in the folder of the second, and prints "ready" when it
// answers.
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: ferretdb HOST:PORT FOLDER")
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: os.Args[1]},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[2] + "/",
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go announce(os.Args[1])
	if err := server.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

// announce says when somebody listens at the address.
func announce(address string) {
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			fmt.Println("ready")
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
