// SPDX-License-Identifier: Apache-2.0

//go:build !go1.19

package main

// knowsEarlyHints tells what WriteHeader(103) means: before Go 1.19 it was taken for the final status.
const knowsEarlyHints = false
