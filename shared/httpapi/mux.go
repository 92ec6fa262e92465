package httpapi

import (
	"net/http"
	"path"
	"strings"

	"pai-notify/shared/fault"
)

// mux is an http.ServeMux that also knows paths such as /rules/{name}:enable, and whose own refusals are problems.
type mux struct {
	*http.ServeMux
	verbs map[string]map[string]http.HandlerFunc // by pattern without the verb, then by verb; "" is none
}

// HandleFunc adds a route. A pattern's last segment may be {NAME}:VERB.
func (m *mux) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	base, verb := pattern, ""
	if at := strings.LastIndex(pattern, "}:"); at >= 0 {
		base, verb = pattern[:at+1], pattern[at+2:]
	}
	open := strings.LastIndexByte(base, '{')
	if open < 0 || !strings.HasSuffix(base, "}") {
		m.ServeMux.HandleFunc(pattern, handler)
		return
	}
	if m.verbs[base] == nil {
		m.verbs[base] = map[string]http.HandlerFunc{}
		m.ServeMux.HandleFunc(base, m.byVerb(m.verbs[base], base[open+1:len(base)-1]))
	}
	m.verbs[base][verb] = handler
}

func (m *mux) byVerb(verbs map[string]http.HandlerFunc, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, verb := r.PathValue(name), ""
		if at := strings.LastIndexByte(value, ':'); at >= 0 {
			value, verb = value[:at], value[at+1:]
		}
		handle, ok := verbs[verb]
		if !ok {
			notFound(w, r)
			return
		}
		r.SetPathValue(name, value)
		handle(w, r)
	}
}

// ServeHTTP serves a route, or says as a problem that there is none. A path that http.ServeMux would redirect, because it
// has // or .. in it, is none.
func (m *mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" && path.Clean(r.URL.Path) != strings.TrimSuffix(r.URL.Path, "/") {
		notFound(w, r)
		return
	}
	if _, pattern := m.Handler(r); pattern != "" {
		m.ServeMux.ServeHTTP(w, r)
		return
	}
	refusal := &answer{header: http.Header{}}
	m.ServeMux.ServeHTTP(refusal, r)
	if refusal.status != http.StatusMethodNotAllowed {
		notFound(w, r)
		return
	}
	w.Header().Set("Allow", refusal.header.Get("Allow"))
	refuse(w, r, Problem{
		Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed", Said: fault.Say("this path does not take %s", "该地址不支持方法 %s", r.Method),
	})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	refuse(w, r, Problem{Status: http.StatusNotFound, Code: "NotFound", Said: fault.Say("there is nothing at this path", "该地址没有内容")})
}

func refuse(w http.ResponseWriter, r *http.Request, p Problem) {
	writeProblem(w, *p.complete(Language(r.Header.Get("Accept-Language"))))
}
