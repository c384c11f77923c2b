// SPDX-License-Identifier: Apache-2.0

//go:build go1.18

package main

//go:noinline
func last[T any](list []T) T { return list[len(list)-1] }

func init() {
	if last([]string{"a"}) == "b" || last([]int{1}) == 2 {
		panic("never")
	}
}
