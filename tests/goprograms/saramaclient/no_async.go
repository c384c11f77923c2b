// SPDX-License-Identifier: Apache-2.0

//go:build modules_older

package main

import "nodespan/goprograms/truth"

// asyncScenarios are none: this is a program that has no AsyncProducer but the one in a SyncProducer.
func (w *world) asyncScenarios() []truth.Scenario { return nil }
