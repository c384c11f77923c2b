// SPDX-License-Identifier: Apache-2.0

//go:build !modules_older && !modules_oldest

package main

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Newer releases tell how many documents they write by an interface, and write to several collections at once.
const hasBatchSizes = true

func writeToSeveral(ctx context.Context, c *client, database string, collections ...string) error {
	var writes []mongo.ClientBulkWrite
	for _, collection := range collections {
		writes = append(writes, mongo.ClientBulkWrite{Database: database, Collection: collection,
			Model: mongo.NewClientInsertOneModel().SetDocument(document{{"a", 1}})})
	}
	_, err := c.BulkWrite(ctx, writes)
	return err
}
