// The function of the tests does what its payload says.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
)

type payload struct {
	Do      string `json:"do"`
	URL     string `json:"url"`
	Version string `json:"version"` // of an HTTP trigger's event
	Body    string `json:"body"`
	Trigger string `json:"triggerName"`
}

type refusedError struct{ error }

func main() {
	if os.Getenv("MODE") == "stillborn" {
		fmt.Fprintln(os.Stderr, "DATABASE_URL: is not set")
		os.Exit(2)
	}
	served := 0
	fc.Start(func(ctx context.Context, raw json.RawMessage) (any, error) {
		served++
		var p payload
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, fmt.Errorf("payload: %w", err)
		}
		if p.Version == "v1" {
			return answerHTTP(raw, p.Body)
		}
		switch p.Do {
		case "error":
			return nil, refusedError{errors.New("no such luck")}
		case "panic":
			panic("oh no")
		case "exit":
			fmt.Print("half a line")
			os.Exit(3)
		case "hang":
			select {}
		case "call": // returns when URL answers
			return get(ctx, p.URL)
		case "big":
			return strings.Repeat("x", 33<<20), nil
		case "served":
			return map[string]int{"served": served, "pid": os.Getpid()}, nil
		case "environment":
			return os.Environ(), nil
		case "context":
			c, _ := fccontext.FromContext(ctx)
			deadline, _ := ctx.Deadline()
			return map[string]any{"id": c.RequestID, "key": c.Credentials.AccessKeyId, "token": c.Credentials.SecurityToken,
				"name": c.Function.Name, "timeout": c.Function.Timeout, "memory": c.Function.Memory, "region": c.Region,
				"account": c.AccountId, "deadline": deadline.Unix()}, nil
		}
		if p.Trigger != "" {
			return get(ctx, os.Getenv("TOLD")+"?"+url.QueryEscape(string(raw)))
		}
		return raw, nil
	})
}

// answerHTTP answers with the event, or with what the request's body says the whole answer is.
func answerHTTP(event json.RawMessage, body string) (any, error) {
	if strings.HasPrefix(body, "answer:") {
		return json.RawMessage(strings.TrimPrefix(body, "answer:")), nil
	}
	if body == "panic" {
		panic("a secret")
	}
	return map[string]any{"statusCode": 201, "body": string(event), "headers": map[string]string{
		"Content-Type": "application/json", "X-Ours": "yes", "X-Fc-Mine": "no", "Connection": "close", "Server": "no",
		"Content-Disposition": "attachment", "Set-Cookie": "a=b",
	}}, nil
}

func get(ctx context.Context, address string) (any, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}
