// SPDX-License-Identifier: Apache-2.0

//go:build modules_older || modules_oldest

package main

import "context"

const hasBatchSizes = false

func writeToSeveral(context.Context, *client, string, ...string) error { return nil }
