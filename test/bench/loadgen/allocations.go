package main

import (
	"fmt"
	"math/rand"
	"net/http"
)

// What a new consumer wants of its provider.
var wanted = []struct {
	class  string
	amount uint64
}{{"VCPU", 1}, {"MEMORY_MB", 512}, {"DISK_GB", 1}}

const allocations = "apportion.allocations.v1.AllocationsService/"

// The newest version; a new consumer has to say that it is new, and of which type.
var version = []string{"OpenStack-API-Version", "placement 1.39"}

// claimByGrpc gives a new consumer something of three classes of one provider.
func claimByGrpc(what load, c grpcCaller) job {
	return func(random *rand.Rand) error {
		var amounts []byte
		for _, want := range wanted {
			amounts = nested(amounts, 1, number(text(nil, 1, want.class), 2, want.amount))
		}
		claim := nested(nil, 1, nested(text(nil, 1, provider(what, random)), 2, amounts))
		claim = number(text(text(claim, 2, "bench-project"), 3, "bench-user"), 5, 1)
		claim = text(claim, 6, "INSTANCE")
		_, err := c.call(allocations+"ReplaceAllocations", nested(text(nil, 1, newUUID(random)), 2, claim))
		return err
	}
}

// claimByRest is the same through Envoy.
func claimByRest(what load, c restCaller) job {
	var amounts string
	for i, want := range wanted {
		if i > 0 {
			amounts += ", "
		}
		amounts += fmt.Sprintf("%q: %d", want.class, want.amount)
	}
	return func(random *rand.Rand) error {
		body := fmt.Sprintf(`{"allocations": {%q: {"resources": {%s}}}, "project_id": "bench-project", `+
			`"user_id": "bench-user", "consumer_generation": null, "consumer_type": "INSTANCE"}`,
			provider(what, random), amounts)
		_, err := c.call(http.MethodPut, consumerPath(newUUID(random)), 204, body, version...)
		return err
	}
}

// readConsumerByGrpc reads what one of the consumers has.
func readConsumerByGrpc(what load, c grpcCaller) job {
	return func(random *rand.Rand) error {
		_, err := c.call(allocations+"GetAllocations", text(nil, 1, someConsumer(what, random)))
		return err
	}
}

// readConsumerByRest is the same through Envoy.
func readConsumerByRest(what load, c restCaller) job {
	return func(random *rand.Rand) error {
		_, err := c.call(http.MethodGet, consumerPath(someConsumer(what, random)), 200, "", version...)
		return err
	}
}

// freeByGrpc takes everything from a consumer that nobody has taken it from.
func freeByGrpc(what load, c grpcCaller) job {
	return func(*rand.Rand) error {
		consumer, err := nextConsumer(what)
		if err == nil {
			_, err = c.call(allocations+"DeleteAllocations", text(nil, 1, consumer))
		}
		return err
	}
}

// freeByRest is the same through Envoy.
func freeByRest(what load, c restCaller) job {
	return func(*rand.Rand) error {
		consumer, err := nextConsumer(what)
		if err == nil {
			_, err = c.call(http.MethodDelete, consumerPath(consumer), 204, "", version...)
		}
		return err
	}
}

func consumerPath(consumer string) string { return "/placement/allocations/" + consumer }

func provider(what load, random *rand.Rand) string {
	return fmt.Sprintf("00000000-0000-4000-a000-%012d", oneOf(random, what.providers, what.hot))
}

func someConsumer(what load, random *rand.Rand) string {
	return consumerID(what.first + random.Intn(what.consumers))
}

func nextConsumer(what load) (string, error) {
	taken := int(what.taken.Add(1)) - 1
	if taken >= what.consumers {
		return "", fmt.Errorf("no consumer is left")
	}
	return consumerID(what.first + taken), nil
}

func consumerID(consumer int) string { return fmt.Sprintf("00000000-0000-4000-b000-%012d", consumer) }
