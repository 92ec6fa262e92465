package channeltest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/channel"
	"pai-notify/shared/message"
)

// Case is one request that must look as its golden file says.
type Case struct {
	To      channel.Settings
	Message message.Message
}

// Golden compares the requests that a wire makes with testdata/<name>.request.golden, whole: method, URL, headers and the
// bytes of the body. With update it writes the files.
func Golden(t *testing.T, w channel.Wire, update bool, cases map[string]Case) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			req, err := w.Request(cases[name].To, cases[name].Message, At())
			if err != nil {
				t.Fatalf("Request: %v", err)
			}
			golden(t, name+".request", update, dump(t, req))
		})
	}
}

// golden compares got with testdata/<name>.golden.
func golden(t *testing.T, name string, update bool, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden")
	if update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil { //nolint:gosec // a file of the source tree
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file) //nolint:gosec // a name from the test
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("it differs from %s (-want +got); go test -update accepts it:\n%s", file, diff)
	}
}

// dump writes a request as it goes over the wire, with headers in order.
func dump(t *testing.T, req *http.Request) []byte {
	t.Helper()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatalf("read the request's body: %v", err)
	}
	if req.ContentLength != int64(len(body)) || req.GetBody == nil {
		t.Errorf("content length is %d for a body of %d bytes", req.ContentLength, len(body))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s\n", req.Method, req.URL)
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(req.Header[name], ", "))
	}
	b.WriteString("\n")
	b.Write(body)
	b.WriteString("\n")
	return b.Bytes()
}

// FuzzReply looks for answers that make a wire panic, that it takes for success though accepted does not, or that it
// refuses with an error other than a fit *channel.Refusal. accepted is the test's own reading of a success.
func FuzzReply(f *testing.F, w channel.Wire, accepted func(status int, body []byte) bool) {
	f.Helper()
	for _, body := range []string{
		"", "{}", "null", "[]", "0", page, `{"errcode":0,"errmsg":"ok"}`, `{"errcode":"0"}`, `{"errcode":null}`,
		`{"code":0,"msg":"success"}`, `{"StatusCode":0,"StatusMessage":"success"}`, `{"StatusCode":0,"code":19007}`,
		`{"errcode":310000,"errmsg":"sign not match"}`, `{"errcode":130101,"errcode":0}`, `{"ERRCODE":0}`, `{"errcode":0}x`,
		`{"errcode":0e0}`, `{"errcode":-0}`, `{"errcode":{"errcode":0}}`, `{"errmsg":"\u0000\ud800","errcode":-1}`, "\xff",
	} {
		for _, status := range []int{200, 204, 302, 400, 429, 500} {
			f.Add(status, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 100 || status > 999 {
			return // net/http gives no other
		}
		err := w.Reply(status, http.Header{}, body)
		if err == nil {
			if !accepted(status, body) {
				t.Fatalf("status %d with %q was taken for success", status, body)
			}
			return
		}
		refusal, ok := err.(*channel.Refusal) //nolint:errorlint // Reply gives it bare
		if !ok {
			t.Fatalf("error is %T, want *channel.Refusal", err)
		}
		if refusal.Class == channel.Delivered || refusal.Code == "" || len(refusal.Text) > 200 || len(refusal.Code) > 200 ||
			strings.ContainsAny(refusal.Text+refusal.Code, "\r\n\x00") || len(refusal.Advice) < 2 {
			t.Fatalf("status %d with %q gives refusal %+v", status, body, refusal)
		}
	})
}
