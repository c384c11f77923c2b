// SPDX-License-Identifier: Apache-2.0

// demo is a small HTTP service and, as a second mode, bounded traffic for it over loopback.
//
//	demo serve   [--addr A]
//	demo traffic --addr A [--seconds S] [--requests N] [--rps R]
//
// serve prints "ready pid=P addr=A" and runs until SIGINT or SIGTERM. traffic prints one JSON line at its end.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say what to do: serve or traffic")
	}
	flags := flag.NewFlagSet("demo "+args[0], flag.ExitOnError)
	address := flags.String("addr", "127.0.0.1:0", "address to listen on or to send to")
	switch args[0] {
	case "serve":
		_ = flags.Parse(args[1:]) // ends the program by itself on an error
		return serve(*address)
	case "traffic":
		seconds := flags.Float64("seconds", 0, "stop after so many seconds, 0 for no such limit")
		requests := flags.Int("requests", 0, "stop after so many requests, 0 for no such limit")
		rps := flags.Float64("rps", 10, "requests per second")
		_ = flags.Parse(args[1:])
		if *seconds <= 0 && *requests <= 0 {
			return fmt.Errorf("traffic needs a bound: --seconds or --requests")
		}
		if *rps <= 0 || *rps > 10000 {
			return fmt.Errorf("--rps is above 0 and at most 10000")
		}
		return drive(plan{*address, *requests, time.Duration(*seconds * float64(time.Second)), *rps})
	default:
		return fmt.Errorf("unknown mode %q: serve or traffic", args[0])
	}
}
