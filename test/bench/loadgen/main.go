// Command loadgen keeps a fixed number of commissions in flight, over gRPC or REST, and prints what
// came of it as one line of JSON. It encodes by hand what it sends, so that it costs little beside
// the server it measures.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"sort"
	"sync"
	"time"
)

// load says what to send.
type load struct {
	address  string
	token    string
	accept   bool
	hot      bool
	projects int
	users    int
}

// caller issues a commission and, when asked to, accepts it.
type caller interface {
	issue(project, user int) (serial uint64, err error)
	accept(serial uint64) error
}

// tally is what one worker saw.
type tally struct {
	latencies []time.Duration
	failures  map[string]int
}

// report is what is printed.
type report struct {
	PerSecond float64        `json:"perSecond"`
	P50Ms     float64        `json:"p50Ms"`
	P99Ms     float64        `json:"p99Ms"`
	Done      int            `json:"done"`
	Failures  map[string]int `json:"failures"`
}

func main() {
	face := flag.String("face", "grpc", "grpc or rest")
	inFlight := flag.Int("in-flight", 256, "requests in flight")
	seconds := flag.Float64("seconds", 5, "how long to measure")
	warmUp := flag.Float64("warm-up", 1, "seconds before measuring")
	var what load
	flag.StringVar(&what.address, "address", "127.0.0.1:50051", "host:port")
	flag.StringVar(&what.token, "token", "", "component token")
	flag.BoolVar(&what.accept, "accept", false, "accept every commission that was issued")
	flag.BoolVar(&what.hot, "hot", false, "everything on one project")
	flag.IntVar(&what.projects, "projects", 1000, "how many projects there are")
	flag.IntVar(&what.users, "users", 10, "how many users each has")
	flag.Parse()

	connect := map[string]func(load, int) (func(int) caller, error){"grpc": connectGrpc, "rest": connectRest}[*face]
	if connect == nil {
		log.Fatalf("face %q is neither grpc nor rest", *face)
	}
	callers, err := connect(what, *inFlight)
	if err != nil {
		log.Fatal(err)
	}
	start := time.Now().Add(time.Duration(*warmUp * float64(time.Second)))
	end := start.Add(time.Duration(*seconds * float64(time.Second)))
	tallies := make([]tally, *inFlight)
	var group sync.WaitGroup
	for i := range tallies {
		group.Add(1)
		go func() {
			defer group.Done()
			tallies[i] = work(callers(i), what, int64(i), start, end)
		}()
	}
	group.Wait()
	line, _ := json.Marshal(summarize(tallies, *seconds))
	fmt.Println(string(line))
}

// work repeats one request after the other until the end and keeps what began and ended in time.
func work(c caller, what load, seed int64, start, end time.Time) tally {
	random := rand.New(rand.NewSource(seed + time.Now().UnixNano()))
	seen := tally{failures: map[string]int{}}
	for {
		began := time.Now()
		if began.After(end) {
			return seen
		}
		project := 1
		if !what.hot {
			project = 1 + random.Intn(what.projects)
		}
		serial, err := c.issue(project, 1+random.Intn(what.users))
		if err == nil && what.accept {
			err = c.accept(serial)
		}
		done := time.Now()
		if began.Before(start) || done.After(end) {
			continue
		}
		if err != nil {
			seen.failures[err.Error()]++
			continue
		}
		seen.latencies = append(seen.latencies, done.Sub(began))
	}
}

func summarize(tallies []tally, seconds float64) report {
	var all []time.Duration
	failures := map[string]int{}
	for _, t := range tallies {
		all = append(all, t.latencies...)
		for text, count := range t.failures {
			failures[text] += count
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	at := func(share float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return float64(all[int(share*float64(len(all)-1))].Microseconds()) / 1000
	}
	return report{float64(len(all)) / seconds, at(0.5), at(0.99), len(all), failures}
}

func projectID(project int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", project) }

func userID(project, user int) string {
	return fmt.Sprintf("00000000-0000-4000-9000-%06d%06d", project, user)
}
