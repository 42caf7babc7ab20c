package main

import (
	"fmt"
	"math/rand"
	"net/http"
)

const (
	imagesService  = "apportion.images.v1.ImagesService/"
	membersService = "apportion.images.v1.ImageMembersService/"
)

// How many images a page of a list has.
const pageSize = 25

// readImageByGrpc reads one of the images by its id.
func readImageByGrpc(what load, c grpcCaller) job {
	return func(random *rand.Rand) error {
		_, err := c.call(imagesService+"GetImage", text(nil, 1, image(what, random)))
		return err
	}
}

// readImageByRest is the same through Envoy.
func readImageByRest(what load, c restCaller) job {
	return func(random *rand.Rand) error {
		_, err := c.call(http.MethodGet, "/v2/images/"+image(what, random), 200, "")
		return err
	}
}

// listImagesByGrpc reads the newest images.
func listImagesByGrpc(_ load, c grpcCaller) job {
	return func(*rand.Rand) error {
		_, err := c.call(imagesService+"ListImages", number(nil, 1, pageSize))
		return err
	}
}

// listImagesByRest is the same through Envoy.
func listImagesByRest(_ load, c restCaller) job {
	return func(*rand.Rand) error {
		_, err := c.call(http.MethodGet, fmt.Sprintf("/v2/images?limit=%d", pageSize), 200, "")
		return err
	}
}

// shareByGrpc shares one of the images with a project that it was never shared with.
func shareByGrpc(what load, c grpcCaller) job {
	return func(random *rand.Rand) error {
		request := text(text(nil, 1, image(what, random)), 2, newUUID(random))
		_, err := c.call(membersService+"CreateImageMember", request)
		return err
	}
}

// shareByRest is the same through Envoy.
func shareByRest(what load, c restCaller) job {
	return func(random *rand.Rand) error {
		path := "/v2/images/" + image(what, random) + "/members"
		_, err := c.call(http.MethodPost, path, 200, fmt.Sprintf(`{"member": %q}`, newUUID(random)))
		return err
	}
}

func image(what load, random *rand.Rand) string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", oneOf(random, what.images, what.hot))
}
