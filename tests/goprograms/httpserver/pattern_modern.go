// SPDX-License-Identifier: Apache-2.0

//go:build go1.22

package main

// pattern is what the mux is given for a route: Go 1.22 and newer know methods and wildcards.
func pattern(r route) string {
	if r.method == "" {
		return r.modern
	}
	return r.method + " " + r.modern
}

// routePath is the path part of the pattern, which is what a span's http.route holds.
func routePath(r route) string { return r.modern }

const muxKnowsMethods = true
