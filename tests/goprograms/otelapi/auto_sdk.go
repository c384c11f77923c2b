// SPDX-License-Identifier: Apache-2.0

//go:build !modules_older && !modules_oldest

package main

import (
	"go.opentelemetry.io/auto/sdk"
	"go.opentelemetry.io/otel/trace"
)

type otherTracer struct {
	prefix string // of its scenarios
	tracer trace.Tracer
}

var otherTracers = []otherTracer{{"sdk", sdk.TracerProvider().Tracer(scopeName, trace.WithInstrumentationVersion("1.2.3"))}}
