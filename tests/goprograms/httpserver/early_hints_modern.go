// SPDX-License-Identifier: Apache-2.0

//go:build go1.19

package main

// knowsEarlyHints tells what WriteHeader(103) means: since Go 1.19 it is an answer before the answer.
const knowsEarlyHints = true
