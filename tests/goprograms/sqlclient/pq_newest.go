//go:build !modules_older

package main

// lib/pq keeps what it was told in a struct, where a tracer can read it.
const pqTellsServer = true
