package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

type restCaller struct {
	client *http.Client
	base   string
	token  string
}

// connectRest keeps one connection per request in flight, as clients that wait for answers do.
func connectRest(what load, inFlight int) restCaller {
	transport := &http.Transport{MaxIdleConns: inFlight, MaxIdleConnsPerHost: inFlight}
	return restCaller{&http.Client{Transport: transport}, "http://" + what.address, what.token}
}

// call sends one request and returns the body of the wanted answer; headers are names and values.
func (c restCaller) call(method, path string, wanted int, body string, headers ...string) ([]byte, error) {
	request, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("X-Auth-Token", c.token)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
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
