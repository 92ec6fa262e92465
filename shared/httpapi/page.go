package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
)

// signInPages answers a browser that was taken to some paths with a page in words where there is a problem. Programs get
// the problem as everywhere.
func signInPages(paths []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(paths, r.URL.Path) || !strings.Contains(r.Header.Get("Accept"), "text/html") {
			next.ServeHTTP(w, r)
			return
		}
		held := &heldProblem{ResponseWriter: w}
		next.ServeHTTP(held, r)
		if held.status != 0 {
			held.show(Language(r.Header.Get("Accept-Language")), r.Header.Get(RequestID))
		}
	})
}

// heldProblem passes an answer on, unless it is a problem.
type heldProblem struct {
	http.ResponseWriter
	status int // of a problem
	body   bytes.Buffer
}

// WriteHeader is http.ResponseWriter's.
func (h *heldProblem) WriteHeader(status int) {
	if h.Header().Get("Content-Type") == problemType {
		h.status = status
		return
	}
	h.ResponseWriter.WriteHeader(status)
}

// Write is http.ResponseWriter's.
func (h *heldProblem) Write(b []byte) (int, error) {
	if h.status != 0 {
		return h.body.Write(b)
	}
	return h.ResponseWriter.Write(b)
}

// show writes the problem as a page without scripts and styles, which therefore needs no permission for any.
func (h *heldProblem) show(language, id string) {
	var p Problem
	if err := json.Unmarshal(h.body.Bytes(), &p); err != nil {
		p = internal(id, language)
	}
	title := phrase{"You are not signed in", "未能登录"}.in(language)
	back := phrase{"To the sign-in page", "返回登录页"}.in(language)
	request := phrase{"Request", "请求 ID"}.in(language)
	h.Header().Del("Content-Length")
	h.Header().Set("Content-Type", "text/html; charset=utf-8")
	h.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Header().Set("Referrer-Policy", "no-referrer")
	h.ResponseWriter.WriteHeader(h.status)
	// An error means that the caller is gone; there is nobody to tell.
	_, _ = fmt.Fprintf(h.ResponseWriter, `<!doctype html><html lang="%s"><meta charset="utf-8"><meta name="viewport" content="width=device-width">`+
		`<title>%s · pai-notify</title><h1>%s</h1><p>%s</p><p>%s</p><p><a href="/">%s</a></p><p><small>%s: %s · %s</small></p></html>`,
		language, title, title, html.EscapeString(p.Advice), html.EscapeString(p.Detail), back, request, html.EscapeString(id), html.EscapeString(p.Code))
}
