package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

var resources = []string{"bench.vm", "bench.ram"}

const commissions = "apportion.quotas.v1.CommissionsService/"

// issueByGrpc issues a commission on user and project and, when asked to, accepts it.
func issueByGrpc(accept bool) func(load, grpcCaller) job {
	return func(what load, c grpcCaller) job {
		return func(random *rand.Rand) error {
			user, project := holders(what, random)
			var request []byte
			for _, resource := range resources {
				request = provision(request, user, project, resource)
				request = provision(request, project, "", resource)
			}
			response, err := c.call(commissions+"IssueCommission", request)
			if err != nil || !accept {
				return err
			}
			_, _, length := protowire.ConsumeTag(response)
			if length < 0 {
				return fmt.Errorf("no serial in the answer")
			}
			serial, _ := protowire.ConsumeVarint(response[length:])
			_, err = c.call(commissions+"ResolveCommission", nested(number(nil, 1, serial), 2, nil))
			return err
		}
	}
}

// issueByRest is the same through Envoy.
func issueByRest(accept bool) func(load, restCaller) job {
	const path = "/account/v1.0/commissions"
	return func(what load, c restCaller) job {
		return func(random *rand.Rand) error {
			user, project := holders(what, random)
			var provisions []string
			for _, resource := range resources {
				provisions = append(provisions,
					fmt.Sprintf(`{"holder": "%s", "source": "%s", "resource": "%s", "quantity": 1}`, user, project, resource),
					fmt.Sprintf(`{"holder": "%s", "source": null, "resource": "%s", "quantity": 1}`, project, resource))
			}
			body, err := c.call(http.MethodPost, path, 201, `{"provisions": [`+strings.Join(provisions, ", ")+`]}`)
			if err != nil || !accept {
				return err
			}
			var answer struct{ Serial uint64 }
			if err := json.Unmarshal(body, &answer); err != nil {
				return err
			}
			_, err = c.call(http.MethodPost, fmt.Sprintf("%s/%d/action", path, answer.Serial), 200, `{"accept": ""}`)
			return err
		}
	}
}

func provision(request []byte, holder, source, resource string) []byte {
	message := text(nil, 1, holder)
	if source != "" {
		message = text(message, 2, source)
	}
	return nested(request, 1, number(text(message, 3, resource), 4, 1))
}

// holders picks a user and the project that it draws from.
func holders(what load, random *rand.Rand) (user, project string) {
	p, u := oneOf(random, what.projects, what.hot), oneOf(random, what.users, false)
	return fmt.Sprintf("user:00000000-0000-4000-9000-%06d%06d", p, u),
		fmt.Sprintf("project:00000000-0000-4000-8000-%012d", p)
}
