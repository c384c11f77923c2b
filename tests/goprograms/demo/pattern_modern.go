// SPDX-License-Identifier: Apache-2.0

//go:build go1.22

package main

// usersPattern is a wildcard pattern where the mux has them.
const usersPattern = "GET /users/{id}"
