// SPDX-License-Identifier: Apache-2.0

//go:build !go1.22

package main

// usersPattern is a path prefix: the mux before Go 1.22 has no wildcards.
const usersPattern = "/users/"
