package channel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/channel"
	"pai-notify/shared/message"
)

// bell is the smallest channel: it posts to a URL and any 200 is a yes.
type bell struct{ fault error }

func (b bell) Spec() channel.Spec {
	return channel.Spec{Name: "bell", Fields: []channel.Field{{Name: "url", Secret: true, Address: &channel.Address{}}}}
}

func (b bell) Request(to channel.Settings, m message.Message, _ time.Time) (*http.Request, error) {
	if b.fault != nil {
		return nil, b.fault
	}
	return http.NewRequest(http.MethodPost, to["url"], strings.NewReader(m.Title))
}

func (b bell) Reply(status int, _ http.Header, _ []byte) error {
	if status == http.StatusOK {
		return nil
	}
	return &channel.Refusal{Code: fmt.Sprint(status), Class: channel.Unavailable}
}

const planted = "PLANTED-0123456789abcdef"

func ring(ctx context.Context, client smithyhttp.ClientDo, url string) error {
	c := channel.HTTP(bell{}, channel.Deps{Client: client})
	_, err := c.Send(ctx, channel.Settings{"url": url}, message.Message{Title: "ding"})
	return err
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(receiver.Close)
	client := channel.Client(nil, []string{strings.TrimPrefix(receiver.URL, "http://")})
	var opened atomic.Int64
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if !info.Reused {
				opened.Add(1)
			}
		},
	})
	for range 5 {
		if err := ring(ctx, client, receiver.URL); err != nil {
			t.Fatal(err)
		}
	}
	if opened.Load() != 1 {
		t.Errorf("five sends in a row opened %d connections", opened.Load())
	}
}

func TestAClosedPortIsUnavailableAtDial(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	err = ring(t.Context(), channel.Client(nil, []string{address}), "http://"+address+"/"+planted)
	got := channel.Classify(err)
	if got.Class != channel.Unavailable || got.Step != channel.StepDial || got.Code != "dial" || !strings.Contains(got.Text, address) {
		t.Errorf("outcome is %+v", got)
	}
	if text := err.Error(); strings.Contains(text, planted) || !strings.HasPrefix(text, "operation error bell: Send, dial "+address+":") {
		t.Errorf("error is %s", text)
	}
}

func TestWhatARawServerSaysShowsNoSecret(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		head := make([]byte, 2048)
		n, _ := conn.Read(head)
		line, _, _ := bytes.Cut(head[:n], []byte("\r\n"))
		_, _ = conn.Write(append(line, "\r\n"...)) // the request line, token and all, is no status line
	}()
	address := listener.Addr().String()
	err = ring(t.Context(), channel.Client(nil, []string{address}), "http://"+address+"/hook/"+planted+"?key="+planted)
	got := channel.Classify(err)
	if got.Class != channel.Uncertain || got.Step != channel.StepRead {
		t.Errorf("outcome is %+v", got)
	}
	for layer := err; layer != nil; layer = errors.Unwrap(layer) {
		if strings.Contains(layer.Error(), planted) {
			t.Errorf("%T shows the token: %v", layer, layer)
		}
	}
}

func TestAClientThatDoesNotTellMayHaveWritten(t *testing.T) {
	t.Parallel()
	client := smithyhttp.ClientDoFunc(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	if got := channel.Classify(ring(t.Context(), client, "https://example.com/")); got.Class != channel.Uncertain {
		t.Errorf("outcome is %+v, want uncertain", got)
	}
}

func TestARequestThatCannotBeMadeIsMisconfiguredAndARefusalStaysOne(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fault error
		want  channel.Outcome
	}{
		{errors.New("webhook is not https"), channel.Outcome{Class: channel.Misconfigured, Step: channel.StepAddress, Code: "address"}},
		{
			fmt.Errorf("render: %w", &channel.Refusal{Code: "too-long", Class: channel.Rejected}),
			channel.Outcome{Class: channel.Rejected, Step: channel.StepAnswer, Code: "too-long"},
		},
	} {
		c := channel.HTTP(bell{row.fault}, channel.Deps{})
		_, err := c.Send(t.Context(), channel.Settings{}, message.Message{})
		got := channel.Classify(err)
		if got.Class != row.want.Class || got.Step != row.want.Step || got.Code != row.want.Code {
			t.Errorf("outcome is %+v, want %+v", got, row.want)
		}
		var operation *smithy.OperationError
		if !errors.As(err, &operation) || operation.ServiceID != "bell" || operation.OperationName != "Send" {
			t.Errorf("error is %v", err)
		}
	}
}

func TestAChannelIsACheckerOnlyIfItsWireCanProbe(t *testing.T) {
	t.Parallel()
	if _, ok := channel.HTTP(bell{}, channel.Deps{}).(channel.Checker); ok {
		t.Error("a wire without Probe became a Checker")
	}
	c, ok := channel.HTTP(probedBell{}, channel.Deps{Client: smithyhttp.ClientDoFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusGone, Body: http.NoBody, Request: r}, nil
	})}).(channel.Checker)
	if !ok {
		t.Fatal("a wire with Probe is no Checker")
	}
	err := c.Check(t.Context(), channel.Settings{})
	if got := channel.Classify(err); got.Code != "gone" || !strings.HasPrefix(err.Error(), "operation error bell: Check, ") {
		t.Errorf("Check = %v", err)
	}
}

type probedBell struct{ bell }

func (probedBell) Probe(channel.Settings, time.Time) (*http.Request, error) {
	return http.NewRequest(http.MethodHead, "https://example.com/", http.NoBody)
}

func (probedBell) Probed(int, http.Header, []byte) error {
	return &channel.Refusal{Code: "gone", Class: channel.Misconfigured}
}

func BenchmarkSend(b *testing.B) {
	client := smithyhttp.ClientDoFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
	})
	c := channel.HTTP(bell{}, channel.Deps{Client: client})
	to := channel.Settings{"url": "https://example.com/"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Send(b.Context(), to, message.Message{Title: "ding"}); err != nil {
			b.Fatal(err)
		}
	}
}

func answer(body string) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}
}
