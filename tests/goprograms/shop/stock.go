// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

func splitOrder(order string) (number, sku string, err error) {
	number, sku, found := strings.Cut(order, " ")
	if !found || number == "" || sku == "" {
		return "", "", errors.New("an order is a number and a product")
	}
	return number, sku, nil
}

func runStock(ctx context.Context, o options) error {
	db, err := open(ctx, o.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{o.kafka}, Topic: topic, MaxWait: 50 * time.Millisecond})
	defer reader.Close()
	ready(o.kafka)
	for {
		message, err := reader.ReadMessage(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if _, sku, err := splitOrder(string(message.Value)); err == nil {
			// A product that is sold out is an error of the database, and of the span.
			if _, err := db.ExecContext(ctx, "UPDATE products SET stock = stock - 1 WHERE sku = $1", sku); err != nil && ctx.Err() == nil {
				fmt.Println("sold out:", sku)
			}
		}
	}
}
