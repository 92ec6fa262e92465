package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"pai-notify/shared/httpapi"
)

func compressed(t *testing.T, text string) *fstest.MapFile {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

// serving is a console whose build has one script.
func serving(t *testing.T) *console {
	t.Helper()
	c, err := newConsole(fstest.MapFS{
		"index.html.gz":          compressed(t, `<script nonce="`+noncePlace+`" src="./assets/a.js"></script>`),
		"assets/a.js.gz":         compressed(t, "alert(1)"),
		"assets/a.js.br":         {Data: []byte("as brotli")},
		"favicon.svg.gz":         compressed(t, "<svg/>"),
		"favicon.svg.br":         {Data: []byte("svg as brotli")},
		"assets/deep/secret.txt": {Data: []byte("not served")},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ask(t *testing.T, h http.Handler, method, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestThePageRunsOnlyItsOwnScriptsAndStyles(t *testing.T) {
	t.Parallel()
	c := serving(t)
	seen := map[string]bool{}
	for range 3 {
		answer := ask(t, c, "GET", "/")
		policy := answer.Header.Get("Content-Security-Policy")
		nonce := regexp.MustCompile(`'nonce-([A-Z2-7]{26})'`).FindStringSubmatch(policy)
		if nonce == nil || !strings.Contains(text(t, answer), `nonce="`+nonce[1]+`"`) || seen[nonce[1]] {
			t.Fatalf("policy %q: want a nonce that is new in each answer, and in the page", policy)
		}
		seen[nonce[1]] = true
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("policy %q lacks %q", policy, want)
			}
		}
		if script := regexp.MustCompile(`script-src[^;]*unsafe`); script.MatchString(policy) {
			t.Errorf("policy %q lets foreign scripts run", policy)
		}
		if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", answer.Header)
		}
	}
}

func TestAFileComesAsTheBrowserTakesItAndIsKept(t *testing.T) {
	t.Parallel()
	c := serving(t)
	for accept, want := range map[string]struct{ coding, body string }{
		"gzip, deflate, br, zstd": {"br", "as brotli"},
		"br;q=0, gzip":            {"gzip", ""},
		"gzip":                    {"gzip", ""},
		"":                        {"", "alert(1)"},
	} {
		answer := ask(t, c, "GET", "/assets/a.js", "Accept-Encoding", accept)
		if got := answer.Header.Get("Content-Encoding"); answer.StatusCode != 200 || got != want.coding {
			t.Errorf("accepting %q: status %d, coding %q, want %q", accept, answer.StatusCode, got, want.coding)
		}
		if body := text(t, answer); want.body != "" && body != want.body {
			t.Errorf("accepting %q: %q, want %q", accept, body, want.body)
		}
		if h := answer.Header; !strings.HasPrefix(h.Get("Content-Type"), "text/javascript") ||
			!strings.Contains(h.Get("Cache-Control"), "immutable") || h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("headers %v", h)
		}
	}
}

func TestWhatIsNotThereIsSaidAsTheAPIDoes(t *testing.T) {
	t.Parallel()
	c := serving(t)
	for path, status := range map[string]int{
		"/api/v1/nothing": 404, "/assets/b.js": 404, "/assets/": 404, "/assets/deep/secret.txt": 404, "/assets/../index.html": 404,
		"/rules": 404, "/.keep": 404, "//": 404,
	} {
		answer := ask(t, c, "GET", "http://host"+path, "Accept-Language", "zh")
		var p httpapi.Problem
		if err := json.Unmarshal([]byte(text(t, answer)), &p); err != nil || answer.StatusCode != status || !strings.Contains(p.Advice, "控制台") {
			t.Errorf("%s: %d %+v, %v", path, answer.StatusCode, p, err)
		}
	}
	if answer := ask(t, c, "POST", "/"); answer.StatusCode != 405 || answer.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", answer.StatusCode, answer.Header.Get("Allow"))
	}
}

func TestWithoutABuildThePageSaysHowToBuildIt(t *testing.T) {
	t.Parallel()
	c, err := newConsole(fstest.MapFS{".keep": {}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	answer := ask(t, c, "GET", "/")
	if body := text(t, answer); answer.StatusCode != 200 || !strings.Contains(body, "make package") || !strings.Contains(body, "Node 20") {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
}

func TestTheLockFileNamesNoRegistry(t *testing.T) {
	t.Parallel()
	lock, err := os.ReadFile("web/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte(`"resolved"`)) || !bytes.Contains(lock, []byte(`"integrity"`)) {
		t.Error("package-lock.json: want the packages' hashes, and no registry: see .npmrc")
	}
}
