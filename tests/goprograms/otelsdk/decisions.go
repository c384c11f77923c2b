// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"fmt"
	"strconv"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const decisionCount = 100_000

// printDecisions prints a line for each ratio: the ratio, how many of decisionCount trace ids TraceIDRatioBased samples,
// and a hash of which ones. The trace ids are a sequence that tests/e2e/sampling_test.cc makes as well.
func printDecisions(ratios []string) error {
	for _, text := range ratios {
		ratio, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return err
		}
		sampler := sdktrace.TraceIDRatioBased(ratio)
		var state, sampled, hash uint64
		for i := 0; i < decisionCount; i++ {
			var id trace.TraceID
			binary.BigEndian.PutUint64(id[:8], next(&state))
			binary.BigEndian.PutUint64(id[8:], next(&state))
			var bit uint64
			if sampler.ShouldSample(sdktrace.SamplingParameters{TraceID: id}).Decision == sdktrace.RecordAndSample {
				bit = 1
			}
			sampled += bit
			hash = (hash ^ bit) * 0x100000001b3
		}
		fmt.Println(text, sampled, hash)
	}
	return nil
}

// next is splitmix64 (https://prng.di.unimi.it/splitmix64.c).
func next(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
