// SPDX-License-Identifier: Apache-2.0

//go:build !modules_oldest

package main

import "github.com/redis/go-redis/v9"

const isNine = true

// What both paths of the library call the same.
type (
	client         = redis.Client
	options        = redis.Options
	pipeliner      = redis.Pipeliner
	commandable    = redis.Cmdable
	cluster        = redis.ClusterClient
	clusterOptions = redis.ClusterOptions
	slot           = redis.ClusterSlot
	node           = redis.ClusterNode
	ringOptions    = redis.RingOptions
	transaction    = redis.Tx
)

var (
	newClient  = redis.NewClient
	newCluster = redis.NewClusterClient
	newRing    = redis.NewRing
	missing    = redis.Nil
	setLogger  = redis.SetLogger
)
