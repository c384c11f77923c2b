// SPDX-License-Identifier: Apache-2.0

//go:build modules_older || modules_oldest
// +build modules_older modules_oldest

package main

import "go.opentelemetry.io/otel/trace"

type otherTracer struct {
	prefix string
	tracer trace.Tracer
}

var otherTracers []otherTracer
