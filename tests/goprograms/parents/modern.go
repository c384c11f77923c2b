// SPDX-License-Identifier: Apache-2.0

//go:build go1.21
// +build go1.21

package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"nodespan/goprograms/truth"
)

func modernWrappings() []modernWrapping {
	return []modernWrapping{
		{"WithoutCancel", context.WithoutCancel},
		{"WithoutCancel among others", func(ctx context.Context) context.Context {
			return context.WithValue(context.WithoutCancel(context.WithValue(ctx, key(1), 1)), key(2), 2)
		}},
		{"WithCancelCause", func(ctx context.Context) context.Context {
			derived, cancel := context.WithCancelCause(ctx)
			context.AfterFunc(ctx, func() { cancel(errors.New("over")) })
			return derived
		}},
	}
}

func withoutCancel(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// contextAfterFunc calls when the context of the request ends, which the server does before it is done with the request.
func (w *world) contextAfterFunc(r *http.Request, id string) {
	const scenario = "timer"
	done := w.journal.Open()
	ctx := r.Context()
	context.AfterFunc(ctx, func() {
		defer done()
		w.call(context.WithoutCancel(ctx), scenario, "context.AfterFunc with context", truth.Server(id))
		w.waitEnded(id)
		time.Sleep(time.Millisecond)
		w.call(context.Background(), scenario, "context.AfterFunc without context, request over", truth.Root)
	})
}
