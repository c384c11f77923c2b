// SPDX-License-Identifier: Apache-2.0

//go:build !modules_older && !modules_oldest

package main

// Newer releases know that EXEC has ended a watch.
const unwatchesAfterExec = false
