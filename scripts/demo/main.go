// Command demo walks the whole road on one machine: it starts the local cloud, sets pai-notify up, makes rules for
// every event source and channel, publishes the sample events, and counts what arrived where. Its last line is the sum.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	port := flag.Int("port", 9700, "base port: P serves the cloud's APIs, P+1 pai-notify's API, P+2 the inbox")
	once := flag.Bool("once", false, "end by itself, with 0 only if everything expected arrived")
	data := flag.String("data", ".local/demo", "folder for the local cloud's data; emptied at the start")
	speed := flag.Float64("speed", 20, "how many times as fast as the machine's the local cloud's clock runs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *port, *once, *data, *speed); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, port int, once bool, data string, speed float64) error {
	began := time.Now()
	cloud, err := startCloud(ctx, port, data, speed)
	if err != nil {
		return err
	}
	defer cloud.stop()
	fmt.Printf("local cloud: ready after %.1f s\n", time.Since(began).Seconds())

	road := road{cloud: cloud}
	if err := road.setUp(ctx); err != nil {
		return err
	}
	if err := road.makeRules(ctx); err != nil {
		return err
	}
	if err := road.publish(ctx); err != nil {
		return err
	}
	sum, err := road.settle(ctx)
	if err != nil {
		return err
	}
	fmt.Println(strings.Join([]string{
		"", "look at:",
		"  what arrived       " + cloud.Inbox + "/",
		"  what arrived, JSON " + cloud.Inbox + "/api/inbox",
		"  pai-notify's API   " + cloud.API + "/api/v1/catalog   (Authorization: Bearer, with the key in " + data + "/local.json)",
		"  logs of functions  " + data + "/logs/", "",
	}, "\n"))
	if !once {
		fmt.Println(sum)
		fmt.Println("the local cloud stays until Ctrl-C")
		select {
		case <-ctx.Done():
			return nil
		case <-cloud.ended:
			return fmt.Errorf("the local cloud ended: %w", cloud.failure)
		}
	}
	fmt.Println(sum)
	if sum.delivered != sum.matched {
		return fmt.Errorf("%d of %d times nobody was told", sum.matched-sum.delivered, sum.matched)
	}
	return nil
}
