package rpc

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// Request is one request that was read and whose signature was found right.
type Request struct {
	ID      string // RequestId of the answer
	Host    string
	Address string // of the caller, without its port
	Action  string
	Version string
	Params  map[string]string // of query and form alike
	InURL   []string          // names of those that stood in the query, sorted
	Path    func(name string) string
	Body    []byte     // as it came
	Caller  Credential // without its secret
}

func newRequest(r *http.Request) *Request {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	return &Request{ID: NewID(), Host: r.Host, Address: address, Params: map[string]string{}, Path: r.PathValue}
}

// Get is a parameter's value; SDKs send empty ones for what was not set, so empty means missing.
func (q *Request) Get(name string) string { return q.Params[name] }

// Need is a parameter's value that must not be empty.
func (q *Request) Need(name string) (string, error) {
	if v := q.Params[name]; v != "" {
		return v, nil
	}
	return "", Mandatory(name)
}

// Int is a parameter's whole number, or otherwise if it is missing.
func (q *Request) Int(name string, least, most, otherwise int) (int, error) {
	v := q.Params[name]
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, Invalid(name, "It is a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most)+".")
	}
	return n, nil
}

// JSON reads a parameter that is one JSON text, as SDKs send lists, into a value. It reports whether there was any.
func (q *Request) JSON(name string, into any) (bool, error) {
	v := q.Params[name]
	if v == "" {
		return false, nil
	}
	if err := json.Unmarshal([]byte(v), into); err != nil {
		return false, Invalid(name, "It is not the JSON text wanted: "+err.Error()+".")
	}
	return true, nil
}

// read takes the parameters out of query and form body, and the action and version out of them.
func (q *Request) read(r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fault(http.StatusBadRequest, "InvalidQueryString", "The query string is not well formed: "+err.Error()+".")
	}
	q.Body, err = io.ReadAll(r.Body)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return fault(http.StatusRequestEntityTooLarge, "RequestBodyTooLarge",
			"The request body is larger than "+strconv.FormatInt(tooLarge.Limit>>20, 10)+" MB.")
	} else if err != nil {
		return fault(http.StatusBadRequest, "InvalidBody", "The request body could not be read to its end.")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := url.Values{}
	if err == nil && kind == "application/x-www-form-urlencoded" {
		if form, err = url.ParseQuery(string(q.Body)); err != nil {
			return fault(http.StatusBadRequest, "InvalidBody", "The form body is not well formed: "+err.Error()+".")
		}
	}
	for _, values := range []url.Values{query, form} {
		for name, list := range values {
			if _, twice := q.Params[name]; twice || len(list) != 1 {
				return fault(http.StatusBadRequest, "InvalidParameter", "A parameter was given more than once: "+
					strconv.Quote(cut(name, 100))+".")
			}
			q.Params[name] = list[0]
		}
	}
	q.InURL = slices.Sorted(maps.Keys(query))
	q.Action, q.Version = q.Params["Action"], q.Params["Version"]
	return nil
}

func cut(text string, n int) string {
	if len(text) > n {
		return text[:n] + "…"
	}
	return text
}
