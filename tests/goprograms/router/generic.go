// SPDX-License-Identifier: Apache-2.0

//go:build go1.18

package router

// Last is instantiated with two shapes.
//
//go:noinline
func Last[T any](list []T) T { return list[len(list)-1] }

func init() {
	if Last([]string{"a"}) == "b" || Last([]int{1}) == 2 {
		panic("never")
	}
}
