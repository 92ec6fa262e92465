// Command localcloud runs pai-notify on one machine without a cloud account. It reads s.yaml, so what runs at the desk is
// what is deployed: it starts the packaged binaries under the Function Compute runtime protocol, plays EventBridge and
// the other Alibaba Cloud APIs they use, and gives them receivers to send to. It plays PAI too: the workspaces nlp_train
// and cv_lab, whose buses appear when EventBridge is activated.
//
// On a base port P it serves the cloud's APIs at P, pai-notify's own API at P+1 and the inbox of the receivers at P+2.
// It is a development tool; production is EventBridge and Function Compute themselves.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pai-notify/scripts/localcloud/bus"
	"pai-notify/scripts/localcloud/carrier"
	"pai-notify/scripts/localcloud/function"
	"pai-notify/scripts/localcloud/identity"
	"pai-notify/scripts/localcloud/inbox"
	"pai-notify/scripts/localcloud/rpc"
	"pai-notify/scripts/serverless"
	"pai-notify/shared/clock"
)

// What the local cloud's account is, as s.yaml would be given it.
const (
	region          = "cn-hangzhou"
	accountID       = "1234567890123456"
	accessKeyID     = "LTAI-local"
	accessKeySecret = "local-secret"
	deadQueue       = "pai-notify-dead"
)

func main() {
	port := flag.Int("port", 9700, "base port P: P serves the cloud's APIs, P+1 pai-notify's API, P+2 the inbox")
	data := flag.String("data", ".local/cloud", "folder for everything that is kept")
	speed := flag.Float64("speed", 1, "how many times as fast as the machine's the clock runs; a folder keeps its first clock")
	store := flag.String("database", "", "DATABASE_URL of the functions; empty: an SQLite file in the data folder")
	template := flag.String("template", "s.yaml", "what to run; its code paths start from its folder")
	awake := flag.Bool("awake", false, "do not freeze instances between invocations")
	provider := flag.Bool("provider", false, "run an identity provider too, through which people sign in to the console")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, settings{*port, *data, *store, *speed, *template, *awake, *provider}); err != nil {
		fmt.Fprintln(os.Stderr, "localcloud:", err)
		stop()
		os.Exit(1)
	}
}

type settings struct {
	port     int
	data     string
	database string
	speed    float64
	template string
	awake    bool
	provider bool
}

// base is the base URL of the port n above P.
func (s settings) base(n int) string { return fmt.Sprintf("http://127.0.0.1:%d", s.port+n) }

func run(ctx context.Context, s settings) (err error) {
	var folderErr error
	if s.data, folderErr = filepath.Abs(s.data); folderErr != nil {
		return folderErr
	}
	if err := os.MkdirAll(filepath.Join(s.data, "logs"), 0o755); err != nil {
		return err
	}
	if s.database == "" {
		s.database = "sqlite:" + filepath.Join(s.data, "pai-notify.db")
	}
	now, err := keptClock(s.data, s.speed)
	if err != nil {
		return err
	}
	kept, err := keptSecrets(s.data)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))

	variables := map[string]string{
		"DATABASE_URL":         s.database,
		"SEAL_KEYS":            kept.SealKeys,
		"BOOTSTRAP_HASH":       kept.BootstrapHash,
		"REGION":               region,
		"ACCOUNT_ID":           accountID,
		"EVENTBRIDGE_ENDPOINT": s.base(0),
		"CLOUD_ENDPOINT":       s.base(0),
		"DEAD_LETTER_ARN":      fmt.Sprintf("acs:mns:%s:%s:/queues/%s", region, accountID, deadQueue),
		"ALLOW_RECEIVERS":      strings.TrimSuffix(fmt.Sprintf("127.0.0.1:%d,%s", s.port+2, os.Getenv("ALLOW_RECEIVERS")), ","),
	}
	for _, name := range []string{"DEAD_LETTER_ARN", "ALLOW_NETWORKS"} {
		if v := os.Getenv(name); v != "" {
			variables[name] = v
		}
	}
	issuer := ""
	if s.provider {
		people, failed := identity.Start(s.base(1), "/api/v1/session/provider/callback", log)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, people.Close()) }()
		maps.Copy(variables, people.Environment(s.base(1)))
		issuer = people.Issuer
	}
	loaded, err := serverless.Load(s.template, func(name string) string { return variables[name] })
	if err != nil {
		return err
	}
	functions, err := function.Start(function.Options{
		Template: loaded, Root: filepath.Dir(s.template), Account: accountID, Logs: filepath.Join(s.data, "logs"),
		Environment: variables, Local: map[string]string{"CLOCK": now.String()},
		Credentials: function.Credentials{AccessKeyID: accessKeyID, AccessKeySecret: accessKeySecret},
		Clock:       now, Awake: s.awake,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, functions.Close()) }()
	triggers, err := eventTriggers(loaded)
	if err != nil {
		return err
	}
	events, err := bus.New(bus.Options{
		Dir: s.data, Region: region, Account: accountID, Clock: now, Invoker: functions, Log: log, Triggers: triggers,
		Credentials: func(id string) (rpc.Credential, bool) {
			return rpc.Credential{Secret: accessKeySecret}, id == accessKeyID
		},
	})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		err = errors.Join(err, events.Close(closing))
	}()

	if _, err := events.AddQueue(ctx, deadQueue); err != nil {
		return err
	}

	received := inbox.New(now)
	people, err := carrier.New(carrier.Options{
		Dir: s.data, Region: region, Account: accountID, Clock: now, Inbox: received, Publish: events.PublishOwn, Log: log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, people.Close()) }()
	people.Register(events.Gateway())

	fails := &faults{next: events}
	cloud := http.NewServeMux()
	cloud.Handle("/", fails)
	cloud.Handle("/local/", events)
	cloud.HandleFunc("PUT /local/faults", fails.put)
	cloud.HandleFunc("GET /local/faults", fails.get)
	cloud.HandleFunc("DELETE /local/faults", fails.clear)
	cloud.HandleFunc("GET /local/functions", functions.ServeStatus)
	cloud.HandleFunc("POST /local/timers", functions.ServeTimers)

	serving, err := serve(s.port, log, cloud, functions.Gateway(), received)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, serving.close()) }()
	if err := announce(ctx, s, kept, issuer); err != nil {
		return err
	}
	timers := make(chan error, 1)
	go func() { timers <- functions.RunTimers(ctx) }()
	select {
	case <-ctx.Done():
		return errors.Join(functions.Close(), <-timers) // a timer waits for the function it has invoked
	case err := <-serving.failed:
		return err
	}
}

const closeTime = 5 * time.Second

// servers are the listeners of the three ports.
type servers struct {
	list   []*http.Server
	failed chan error
}

func serve(port int, log *slog.Logger, handlers ...http.Handler) (*servers, error) {
	s := &servers{failed: make(chan error, len(handlers))}
	for i, h := range handlers {
		address := fmt.Sprintf("127.0.0.1:%d", port+i)
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen on %s (is another local cloud running? -port chooses others): %w", address, err), s.close())
		}
		server := &http.Server{
			Handler: h, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10,
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), // a client's garbage is not ours to report
		}
		s.list = append(s.list, server)
		go func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				s.failed <- fmt.Errorf("serve %s: %w", address, err)
			}
		}()
	}
	return s, nil
}

func (s *servers) close() error {
	var faults []error
	for _, server := range s.list {
		faults = append(faults, server.Close())
	}
	return errors.Join(faults...)
}

// keptClock is the clock of a folder: its first one, whatever speed is asked for later, so that time never goes back
// between runs.
func keptClock(folder string, speed float64) (clock.Clock, error) {
	name := filepath.Join(folder, "clock")
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		if speed == 1 {
			return clock.Clock{}, nil
		}
		now := time.Now().UTC().Format(time.RFC3339Nano)
		text = fmt.Appendf(nil, "%g@%s=%s", speed, now, now)
		err = os.WriteFile(name, text, 0o644)
	}
	if err != nil {
		return clock.Clock{}, err
	}
	return clock.Parse(string(text))
}
