package main

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"strings"

	"pai-notify/shared/environment"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
)

// built is what npm run build makes of web/: each file as NAME.br and NAME.gz, and none where there was no Node.
//
//go:embed all:built
var built embed.FS

// unbuilt is the page in its place: it says how to build it.
//
//go:embed unbuilt.html
var unbuilt []byte //nolint:gochecknoglobals // an embedded file

func build(_ environment.Environment, log *slog.Logger) (http.Handler, error) {
	files, err := fs.Sub(built, "built")
	if err != nil {
		return nil, err
	}
	return newConsole(files, log)
}

// console serves the page. It is safe for concurrent use.
type console struct {
	files fs.FS
	page  []byte // with noncePlace where its nonce goes
	log   *slog.Logger
}

// noncePlace stands in the built page for what is new in every answer; vite.config.ts puts it there.
const noncePlace = "CSP-NONCE-OF-THIS-ANSWER"

func newConsole(files fs.FS, log *slog.Logger) (*console, error) {
	c := &console{files: files, page: unbuilt, log: log}
	page, err := fs.ReadFile(files, "index.html.gz")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err == nil:
		c.page, err = plain(page)
	}
	return c, err
}

func plain(compressed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, fmt.Errorf("read an embedded file: %w", err)
	}
	return io.ReadAll(r)
}

// policy is the Content-Security-Policy of the page. Scripts come from here alone. Ant Design makes its styles while it
// runs, so they carry the answer's nonce; a style that is injected as markup has none and is dropped. Attributes are let
// be: charts position their parts with them, and they can neither run nor fetch anything here.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + noncePlace + "'; style-src-attr 'unsafe-inline'; " +
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ServeHTTP serves the page at the root of wherever the deployment is, and its files below assets. The page's own places
// are behind #, so that it works below any prefix that a proxy takes away, and no other path is one.
func (c *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	switch name := strings.TrimPrefix(r.URL.Path, "/"); {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		c.refuse(w, r, &httpapi.Problem{
			Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed", Said: fault.Say("this path does not take %s", "该地址不支持方法 %s", r.Method),
		})
	case name == "" || name == "index.html":
		c.servePage(w)
	case path.Dir(name) == "assets" || name == "favicon.svg":
		c.serveFile(w, r, name)
	default:
		c.nothing(w, r)
	}
}

func (c *console) servePage(w http.ResponseWriter) {
	nonce := []byte(rand.Text())
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store") // the nonce is good for one answer
	header.Set("Content-Security-Policy", strings.ReplaceAll(policy, noncePlace, string(nonce)))
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.write(w, bytes.ReplaceAll(c.page, []byte(noncePlace), nonce))
}

// serveFile serves an embedded file as the caller can take it. Its name changes with what is in it, so it may be kept.
func (c *console) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	coding, ending := "gzip", ".gz"
	if accepts(r, "br") {
		coding, ending = "br", ".br"
	}
	body, err := fs.ReadFile(c.files, name+ending)
	if err != nil { // it was of another release, or never was
		c.nothing(w, r)
		return
	}
	header := w.Header()
	if coding == "gzip" && !accepts(r, "gzip") {
		if body, err = plain(body); err != nil {
			c.log.ErrorContext(r.Context(), "embedded file damaged", "file", name, "error", err.Error())
			c.refuse(w, r, err)
			return
		}
		coding = ""
	}
	if coding != "" {
		header.Set("Content-Encoding", coding)
	}
	header.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	header.Set("Vary", "Accept-Encoding")
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	if !strings.HasPrefix(name, "assets/") {
		header.Set("Cache-Control", "public, max-age=3600")
	}
	c.write(w, body)
}

func accepts(r *http.Request, coding string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			return strings.ReplaceAll(weight, " ", "") != "q=0"
		}
	}
	return false
}

// nothing says that nothing is at a path: that of the API as the API does, any other for whoever typed it.
func (c *console) nothing(w http.ResponseWriter, r *http.Request) {
	advice := "The console is at the root of this address, the API below /api/v1; after an update of pai-notify, load the page again."
	if httpapi.Language(r.Header.Get("Accept-Language")) == httpapi.Chinese {
		advice = "控制台位于本地址的根路径，API 位于 /api/v1；若 pai-notify 刚刚更新，请重新加载页面。"
	}
	c.refuse(w, r, &httpapi.Problem{
		Status: http.StatusNotFound, Code: "NotFound", Said: fault.Say("there is nothing at this path", "该地址没有内容"), Advice: advice,
	})
}

func (c *console) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := httpapi.AsProblem(err, r.Header.Get(httpapi.RequestID), httpapi.Language(r.Header.Get("Accept-Language")))
	body, err := json.Marshal(p)
	if err != nil { // a struct of strings always marshals
		panic(err)
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	c.write(w, body)
}

func (c *console) write(w io.Writer, body []byte) {
	if _, err := w.Write(body); err != nil {
		c.log.Error("answer not written", "error", err.Error())
	}
}
