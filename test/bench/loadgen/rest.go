package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

var resources = []string{"bench.vm", "bench.ram"}

type restCaller struct {
	client *http.Client
	base   string
	token  string
}

// connectRest keeps one connection per request in flight, as clients that wait for answers do.
func connectRest(what load, inFlight int) (func(int) caller, error) {
	transport := &http.Transport{MaxIdleConns: inFlight, MaxIdleConnsPerHost: inFlight}
	c := restCaller{&http.Client{Transport: transport}, "http://" + what.address + "/account/v1.0/commissions", what.token}
	return func(int) caller { return c }, nil
}

func (c restCaller) issue(project, user int) (uint64, error) {
	var provisions []string
	for _, resource := range resources {
		provisions = append(provisions,
			fmt.Sprintf(`{"holder": "user:%s", "source": "project:%s", "resource": "%s", "quantity": 1}`,
				userID(project, user), projectID(project), resource),
			fmt.Sprintf(`{"holder": "project:%s", "source": null, "resource": "%s", "quantity": 1}`,
				projectID(project), resource))
	}
	body, err := c.post("", 201, `{"provisions": [`+strings.Join(provisions, ", ")+`]}`)
	if err != nil {
		return 0, err
	}
	var answer struct{ Serial uint64 }
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, err
	}
	return answer.Serial, nil
}

func (c restCaller) accept(serial uint64) error {
	_, err := c.post(fmt.Sprintf("/%d/action", serial), 200, `{"accept": ""}`)
	return err
}

func (c restCaller) post(path string, wanted int, body string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodPost, c.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Auth-Token", c.token)
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != wanted {
		err = fmt.Errorf("%d %s", response.StatusCode, answer)
	}
	return answer, err
}
