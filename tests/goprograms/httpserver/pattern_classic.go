// SPDX-License-Identifier: Apache-2.0

//go:build !go1.22

package main

// pattern is what the mux is given for a route: before Go 1.22 a path prefix.
func pattern(r route) string { return r.classic }

// routePath is the path part of the pattern, which is what a span's http.route holds.
func routePath(r route) string { return r.classic }

const muxKnowsMethods = false
