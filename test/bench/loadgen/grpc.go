package main

import (
	"context"
	"fmt"

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
func connectGrpc(what load, inFlight int) (func(int) caller, error) {
	ctx := metadata.AppendToOutgoingContext(context.Background(), "x-auth-token", what.token)
	callers := make([]caller, min(4, inFlight))
	for i := range callers {
		connection, err := grpc.NewClient(what.address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
		if err != nil {
			return nil, err
		}
		callers[i] = grpcCaller{connection, ctx}
	}
	return func(i int) caller { return callers[i%len(callers)] }, nil
}

const service = "/apportion.quotas.v1.CommissionsService/"

func (c grpcCaller) issue(project, user int) (uint64, error) {
	var request []byte
	for _, resource := range resources {
		request = provision(request, "user:"+userID(project, user), "project:"+projectID(project), resource)
		request = provision(request, "project:"+projectID(project), "", resource)
	}
	var response []byte
	if err := c.connection.Invoke(c.context, service+"IssueCommission", &request, &response); err != nil {
		return 0, err
	}
	_, _, length := protowire.ConsumeTag(response)
	if length < 0 {
		return 0, fmt.Errorf("no serial in the answer")
	}
	serial, _ := protowire.ConsumeVarint(response[length:])
	return serial, nil
}

func (c grpcCaller) accept(serial uint64) error {
	request := protowire.AppendTag(nil, 1, protowire.VarintType)
	request = protowire.AppendVarint(request, serial)
	request = protowire.AppendTag(request, 2, protowire.BytesType)
	request = protowire.AppendBytes(request, nil)
	var response []byte
	return c.connection.Invoke(c.context, service+"ResolveCommission", &request, &response)
}

func provision(request []byte, holder, source, resource string) []byte {
	message := protowire.AppendTag(nil, 1, protowire.BytesType)
	message = protowire.AppendString(message, holder)
	if source != "" {
		message = protowire.AppendTag(message, 2, protowire.BytesType)
		message = protowire.AppendString(message, source)
	}
	message = protowire.AppendTag(message, 3, protowire.BytesType)
	message = protowire.AppendString(message, resource)
	message = protowire.AppendTag(message, 4, protowire.VarintType)
	message = protowire.AppendVarint(message, 1)
	request = protowire.AppendTag(request, 1, protowire.BytesType)
	return protowire.AppendBytes(request, message)
}
