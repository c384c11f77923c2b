//go:build modules_older

package main

// lib/pq up to 1.10 keeps what it was told in a map, which a tracer does not search.
const pqTellsServer = false
