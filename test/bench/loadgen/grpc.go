package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protowire"
)

// raw hands bytes through: the messages are written and read with protowire.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (raw) Name() string { return "proto" }

type grpcCaller struct {
	connection *grpc.ClientConn
	context    context.Context
}

// connectGrpc opens few connections: HTTP/2 carries many calls on each.
func connectGrpc(what load, inFlight int) ([]grpcCaller, error) {
	ctx := metadata.AppendToOutgoingContext(context.Background(), "x-auth-token", what.token)
	callers := make([]grpcCaller, min(4, inFlight))
	for i := range callers {
		connection, err := grpc.NewClient(what.address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
		if err != nil {
			return nil, err
		}
		callers[i] = grpcCaller{connection, ctx}
	}
	return callers, nil
}

// call sends one encoded request to a method such as "apportion.x.v1.Service/Method".
func (c grpcCaller) call(method string, request []byte) ([]byte, error) {
	var response []byte
	err := c.connection.Invoke(c.context, "/"+method, &request, &response)
	return response, err
}

func text(message []byte, field protowire.Number, value string) []byte {
	message = protowire.AppendTag(message, field, protowire.BytesType)
	return protowire.AppendString(message, value)
}

func number(message []byte, field protowire.Number, value uint64) []byte {
	message = protowire.AppendTag(message, field, protowire.VarintType)
	return protowire.AppendVarint(message, value)
}

func nested(message []byte, field protowire.Number, value []byte) []byte {
	message = protowire.AppendTag(message, field, protowire.BytesType)
	return protowire.AppendBytes(message, value)
}
