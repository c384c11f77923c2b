// SPDX-License-Identifier: Apache-2.0

//go:build modules_older || modules_oldest

package main

const unwatchesAfterExec = true
