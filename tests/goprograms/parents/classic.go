// SPDX-License-Identifier: Apache-2.0

//go:build !go1.21
// +build !go1.21

package main

import (
	"context"
	"net/http"
)

func modernWrappings() []modernWrapping { return nil }

func withoutCancel(ctx context.Context) context.Context { return detached{ctx} }

func (w *world) contextAfterFunc(*http.Request, string) {}
