// SPDX-License-Identifier: Apache-2.0

//go:build !modules_oldest

package main

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// What both paths of the library call the same.
type (
	document      = bson.D
	raw           = bson.Raw
	list          = bson.A
	client        = mongo.Client
	collection    = mongo.Collection
	cursor        = mongo.Cursor
	pipeline      = mongo.Pipeline
	writeModel    = mongo.WriteModel
	indexModel    = mongo.IndexModel
	clientOptions = options.ClientOptions
)

var (
	marshal           = bson.Marshal
	newClientOptions  = options.Client
	bulkOptions       = options.BulkWrite
	collectionOptions = options.Collection
	findOptions       = options.Find
	insertModel       = mongo.NewInsertOneModel
	updateModel       = mongo.NewUpdateOneModel
	deleteModel       = mongo.NewDeleteOneModel
	sessionContext    = mongo.NewSessionContext
)

func connect(o *clientOptions) (*client, error) { return mongo.Connect(o) }

func distinct(ctx context.Context, c *collection) error {
	return c.Distinct(ctx, "name", document{}).Err()
}

// What the errors of operations are, and whether it is told that nobody answers a write.
const (
	connectionError     = "go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology.ConnectionError"
	selectionError      = "go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology.ServerSelectionError"
	lateError           = connectionError
	unacknowledgedFails = false
)

func unacknowledged() *writeconcern.WriteConcern { return writeconcern.Unacknowledged() }
