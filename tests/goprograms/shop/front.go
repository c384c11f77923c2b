// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type front struct {
	db     *sql.DB
	orders *grpc.ClientConn
}

func (f *front) product(c *gin.Context) {
	var name string
	var stock int
	row := f.db.QueryRowContext(c.Request.Context(), "SELECT name, stock FROM products WHERE sku = $1", c.Param("sku"))
	switch err := row.Scan(&name, &stock); {
	case errors.Is(err, sql.ErrNoRows):
		c.String(http.StatusNotFound, "no such product\n")
	case err != nil:
		c.String(http.StatusInternalServerError, "%v\n", err)
	default:
		c.JSON(http.StatusOK, gin.H{"name": name, "stock": stock})
	}
}

func (f *front) order(c *gin.Context) {
	order := wrapperspb.String(c.Query("number") + " " + c.Param("sku"))
	err := f.orders.Invoke(c.Request.Context(), placeMethod, order, &wrapperspb.StringValue{})
	answer := map[codes.Code]int{codes.OK: http.StatusCreated, codes.NotFound: http.StatusNotFound, codes.AlreadyExists: http.StatusConflict}
	if code, known := answer[status.Code(err)]; known {
		c.Status(code)
		return
	}
	c.String(http.StatusBadGateway, "%v\n", err)
}

func runFront(ctx context.Context, o options) error {
	db, err := open(ctx, o.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	orders, err := grpc.NewClient(o.orders, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer orders.Close()
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	f := &front{db, orders}
	engine.GET("/products/:sku", f.product)
	engine.POST("/orders/:sku", f.order)
	listener, err := listen()
	if err != nil {
		return err
	}
	server := &http.Server{Handler: engine}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	ready(listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
