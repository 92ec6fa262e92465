package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"pai-notify/shared/database"
	"pai-notify/shared/ledger"
)

// cloud is a running local cloud.
type cloud struct {
	Cloud string `json:"cloud"` // base URLs
	API   string `json:"api"`
	Inbox string `json:"inbox"`
	Key   string `json:"key"` // an API key

	data    string
	process *exec.Cmd
	ended   chan struct{}
	failure error // how it ended, once it has
}

func startCloud(ctx context.Context, port int, data string, speed float64) (*cloud, error) {
	if err := os.RemoveAll(data); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	binary, err := filepath.Abs(filepath.Join(data, "localcloud"))
	if err != nil {
		return nil, err
	}
	fmt.Println("building the local cloud")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./scripts/localcloud")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build the local cloud: %w", err)
	}
	c := &cloud{data: data, ended: make(chan struct{})}
	c.process = exec.Command(binary, "-port", strconv.Itoa(port), "-data", data, "-speed", strconv.FormatFloat(speed, 'g', -1, 64))
	c.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	c.process.Stderr = os.Stderr
	out, err := c.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.process.Start(); err != nil {
		return nil, fmt.Errorf("start the local cloud: %w", err)
	}
	ready := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(out)
		for said := false; lines.Scan(); {
			if !said && lines.Text() == "ready" {
				said = true
				close(ready)
			}
		}
		c.failure = c.process.Wait()
		close(c.ended)
	}()
	select {
	case <-ready:
	case <-c.ended:
		return nil, fmt.Errorf("the local cloud ended before it was ready: %w", c.failure)
	case <-ctx.Done():
		c.stop()
		return nil, ctx.Err()
	}
	text, err := os.ReadFile(filepath.Join(data, "local.json"))
	if err != nil {
		c.stop()
		return nil, err
	}
	if err := json.Unmarshal(text, c); err != nil {
		c.stop()
		return nil, fmt.Errorf("local.json: %w", err)
	}
	return c, nil
}

// stop ends the local cloud and waits until it and its functions are gone.
func (c *cloud) stop() {
	_ = c.process.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-c.process.Process.Pid, syscall.SIGKILL)
		<-c.ended
	}
}

// call asks pai-notify's API. An answer that is no success is an error with the answer's text.
func (c *cloud) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.API+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.Key)
	request.Header.Set("Content-Type", "application/json")
	return get(request, out)
}

// ledger counts the deliveries by their state.
func (c *cloud) ledger(ctx context.Context) (states map[string]int, err error) {
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(c.data, "pai-notify.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	counts, err := ledger.New(db, nil, time.Now).Summary(ctx)
	if err != nil {
		return nil, err
	}
	states = map[string]int{}
	for _, n := range counts {
		states[string(n.State)] += n.Count
	}
	return states, nil
}

func get(request *http.Request, out any) error {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", request.Method, request.URL.Path, response.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
