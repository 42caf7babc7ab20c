// Command loadgen keeps a fixed number of calls in flight, over gRPC or REST, and prints what came of
// it as one line of JSON. It encodes by hand what it sends, so that it costs little beside the server
// it measures. Whatever is not the documented success is counted as a failure.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// load says what to send, and how much of everything there is.
type load struct {
	address string
	token   string
	// Everything on one project or provider.
	hot       bool
	projects  int
	users     int
	providers int
	// Consumers are numbered from first; those that are used up are taken in turn.
	consumers int
	first     int
	taken     *atomic.Int64
	images    int
}

// job does one piece of work and says what kept it from succeeding. It belongs to one worker.
type job func(random *rand.Rand) error

// workload makes jobs of one kind for either face.
type workload struct {
	grpc func(load, grpcCaller) job
	rest func(load, restCaller) job
}

var workloads = map[string]workload{
	"quotas.issue":        {grpc: issueByGrpc(false), rest: issueByRest(false)},
	"quotas.issue+accept": {grpc: issueByGrpc(true), rest: issueByRest(true)},
	"allocations.put":     {grpc: claimByGrpc, rest: claimByRest},
	"allocations.get":     {grpc: readConsumerByGrpc, rest: readConsumerByRest},
	"allocations.delete":  {grpc: freeByGrpc, rest: freeByRest},
	"images.get":          {grpc: readImageByGrpc, rest: readImageByRest},
	"images.list":         {grpc: listImagesByGrpc, rest: listImagesByRest},
	"images.share":        {grpc: shareByGrpc, rest: shareByRest},
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
	// Processor time of the generator itself, in seconds.
	CPUSeconds float64 `json:"cpuSeconds"`
}

func main() {
	face := flag.String("face", "grpc", "grpc or rest")
	name := flag.String("work", "quotas.issue", "what to do")
	inFlight := flag.Int("in-flight", 256, "requests in flight")
	seconds := flag.Float64("seconds", 5, "how long to measure")
	warmUp := flag.Float64("warm-up", 1, "seconds before measuring")
	what := load{taken: new(atomic.Int64)}
	flag.StringVar(&what.address, "address", "127.0.0.1:50051", "host:port")
	flag.StringVar(&what.token, "token", "", "the caller's token")
	flag.BoolVar(&what.hot, "hot", false, "everything on one project or provider")
	flag.IntVar(&what.projects, "projects", 1000, "how many projects there are")
	flag.IntVar(&what.users, "users", 10, "how many users each has")
	flag.IntVar(&what.providers, "providers", 200, "how many resource providers there are")
	flag.IntVar(&what.consumers, "consumers", 10000, "how many consumers there are")
	flag.IntVar(&what.first, "first-consumer", 1, "the number of the first of them")
	flag.IntVar(&what.images, "images", 100000, "how many images there are")
	flag.Parse()

	work, known := workloads[*name]
	if !known {
		log.Fatalf("work %q is not known", *name)
	}
	jobs, err := work.jobs(what, *face, *inFlight)
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
			tallies[i] = repeat(jobs[i], int64(i), start, end)
		}()
	}
	group.Wait()
	line, _ := json.Marshal(summarize(tallies, *seconds))
	fmt.Println(string(line))
}

// jobs returns one job per request in flight.
func (w workload) jobs(what load, face string, inFlight int) ([]job, error) {
	jobs := make([]job, inFlight)
	switch face {
	case "grpc":
		callers, err := connectGrpc(what, inFlight)
		if err != nil {
			return nil, err
		}
		for i := range jobs {
			jobs[i] = w.grpc(what, callers[i%len(callers)])
		}
	case "rest":
		caller := connectRest(what, inFlight)
		for i := range jobs {
			jobs[i] = w.rest(what, caller)
		}
	default:
		return nil, fmt.Errorf("face %q is neither grpc nor rest", face)
	}
	return jobs, nil
}

// repeat does one job after the other until the end and keeps what began and ended in time.
func repeat(do job, seed int64, start, end time.Time) tally {
	random := rand.New(rand.NewSource(seed + time.Now().UnixNano()))
	seen := tally{failures: map[string]int{}}
	for {
		began := time.Now()
		if began.After(end) {
			return seen
		}
		err := do(random)
		done := time.Now()
		if err != nil {
			// Also in the warm-up: no failure goes unseen.
			seen.failures[strings.TrimSpace(err.Error())]++
			continue
		}
		if began.Before(start) || done.After(end) {
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
	return report{float64(len(all)) / seconds, at(0.5), at(0.99), len(all), failures, cpuSeconds()}
}

func cpuSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		log.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// oneOf returns a number from 1 to count; always 1 on a hot one.
func oneOf(random *rand.Rand, count int, hot bool) int {
	if hot {
		return 1
	}
	return 1 + random.Intn(count)
}

// newUUID returns an id that nobody has used.
func newUUID(random *rand.Rand) string {
	high, low := random.Uint64(), random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x",
		high>>32, high>>16&0xffff, high&0xfff, 0x8000|low>>48&0x3fff, low&0xffffffffffff)
}
