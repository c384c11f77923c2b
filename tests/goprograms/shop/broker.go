// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/twmb/franz-go/pkg/kfake"
)

func runBroker(ctx context.Context, _ options) error {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
	if err != nil {
		return err
	}
	defer cluster.Close()
	ready(cluster.ListenAddrs()[0])
	<-ctx.Done()
	return nil
}
