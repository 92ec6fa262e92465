// Package rpc is the gateway in front of Alibaba Cloud's APIs: it reads requests of the RPC and ROA styles, checks who
// signed them, and answers in the gateway's form.
//
// An RPC request names its Action and Version among its parameters, which may stand in the query, in the form body, or in
// both; a ROA request is told by its path. An action is found by version and name, so that one port serves all products.
// Rules: help.aliyun.com/en/sdk/product-overview/rpc-mechanism and …/roa-mechanism. Answers are JSON whatever Format asks for.
package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"pai-notify/shared/clock"
)

const (
	// maxRequestLine is the longest request line in bytes; the cloud's front refuses longer ones.
	maxRequestLine = 16 << 10
	// maxBody is the largest body in bytes: a batch of events of 1 MB as it grows when it is form-encoded.
	maxBody = 8 << 20
)

// Handler does one action. An error that is no [*Error] is answered as an internal error and logged.
type Handler func(ctx context.Context, q *Request) (Answer, error)

// Answer is the JSON object answered; the gateway adds RequestId.
type Answer map[string]any

// Success is the envelope of most products: {RequestId, Code, Message, Success, Data}.
func Success(data any) Answer {
	answer := Answer{"Code": "Success", "Message": "Operation success", "Success": true}
	if data != nil {
		answer["Data"] = data
	}
	return answer
}

// Options of a gateway.
type Options struct {
	Credentials func(accessKeyID string) (Credential, bool) // who may sign
	Clock       clock.Clock                                 // timestamps may be of this clock or of the machine's
	Log         *slog.Logger
}

// Server is the gateway. It is safe for concurrent use once all actions are registered.
type Server struct {
	options Options
	actions map[string]Handler // by version/action
	mux     *http.ServeMux
	nonces  nonces
}

// New makes a gateway that knows no action yet.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{options: o, actions: map[string]Handler{}, mux: http.NewServeMux()}
	s.mux.HandleFunc("/{$}", s.serveRPC)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, newRequest(r), nil, fault(http.StatusNotFound, "InvalidAction.NotFound",
			"Specified api is not found, please check your url and method."))
	})
	return s
}

// Handle registers an RPC action of a product's API version, such as 2020-04-01 and CreateRule.
func (s *Server) Handle(version, action string, h Handler) { s.actions[version+"/"+action] = h }

// HandleRoute registers a ROA route by a pattern of [http.ServeMux], such as "GET /api/v1/workspaces".
func (s *Server) HandleRoute(version, pattern string, h Handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		q := newRequest(r)
		err := q.read(r)
		if err == nil {
			err = s.checkROA(q, r)
		}
		if got := r.Header.Get("x-acs-version"); err == nil && got != version {
			err = fault(http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid.")
		}
		s.run(w, r, q, h, err)
	})
}

// HandleRaw registers a route outside the gateway's rules, such as a product's own data plane.
func (s *Server) HandleRaw(pattern string, h http.HandlerFunc) { s.mux.HandleFunc(pattern, h) }

// ServeHTTP answers one request. It never panics.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if v := recover(); v != nil {
			s.options.Log.Error("request broke the local cloud", "path", r.URL.Path, "panic", fmt.Sprint(v))
			s.answer(w, newRequest(r), nil, errors.New("panic"))
		}
	}()
	if len(r.Method)+len(r.RequestURI)+len(r.Proto)+2 > maxRequestLine {
		s.answer(w, newRequest(r), nil, fault(http.StatusRequestURITooLong, "RequestURITooLong",
			"The request line is longer than 16 KB. Put large parameters into the form body."))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
	// A client that is still sending a body nobody wants gets its answer all the same, if the rest is not too long.
	_, _ = io.Copy(io.Discard, r.Body)
}

func (s *Server) serveRPC(w http.ResponseWriter, r *http.Request) {
	q := newRequest(r)
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		s.answer(w, q, nil, fault(http.StatusMethodNotAllowed, "UnsupportedHTTPMethod",
			"This HTTP method is not supported. Use GET or POST."))
		return
	}
	err := q.read(r)
	if err == nil {
		err = s.checkRPC(q, r.Method)
	}
	h, ok := s.actions[q.Version+"/"+q.Action]
	if err == nil && !ok {
		err = s.unknownAction(q)
	}
	s.run(w, r, q, h, err)
}

func (s *Server) unknownAction(q *Request) error {
	for key := range s.actions {
		if strings.HasSuffix(key, "/"+q.Action) {
			return fault(http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid.")
		}
	}
	return fault(http.StatusNotFound, "InvalidAction.NotFound", fmt.Sprintf("Specified api is not found, please check "+
		"your url and method. The local cloud has no action %.100q of version %.40q.", q.Action, q.Version))
}

// run does an action unless err says that the request was refused.
func (s *Server) run(w http.ResponseWriter, r *http.Request, q *Request, h Handler, err error) {
	var answer Answer
	if err == nil {
		answer, err = h(r.Context(), q)
	}
	if raw := RawError(nil); errors.As(err, &raw) {
		raw(w, r)
		return
	}
	s.answer(w, q, answer, err)
}

// RawError is an answer in no product's form, as a [Handler] returns it where its product is to break: it writes the answer.
type RawError func(w http.ResponseWriter, r *http.Request)

// Error is there so that it can be returned; nobody reads it.
func (RawError) Error() string { return "an answer of another form" }

// Error is an error answer. With status 200 it is the product's own: Success is false, and SDK clients report no error.
type Error struct {
	Status  int
	Code    string
	Message string
}

// Error is the code and the message.
func (f *Error) Error() string { return f.Code + ": " + f.Message }

func fault(status int, code, message string) *Error { return &Error{status, code, message} }

// Mandatory is the answer to a missing parameter.
func Mandatory(name string) *Error {
	return fault(http.StatusBadRequest, "Missing"+name, name+" is mandatory for this action.")
}

// Invalid is the answer to a parameter with a wrong value; why is added for people.
func Invalid(name, why string) *Error {
	return fault(http.StatusBadRequest, "Invalid"+name, fmt.Sprintf("Specified parameter %s is not valid. %s", name, why))
}

func (s *Server) answer(w http.ResponseWriter, q *Request, answer Answer, err error) {
	status := http.StatusOK
	if err != nil {
		var f *Error
		if !errors.As(err, &f) {
			s.options.Log.Error("action failed", "action", q.Action, "request", q.ID, "error", err.Error())
			f = fault(http.StatusInternalServerError, "InternalError",
				"The request processing has failed due to some unknown error. The local cloud's log says why.")
		}
		answer = Answer{"Code": f.Code, "Message": f.Message}
		if status = f.Status; status == http.StatusOK {
			answer["Success"] = false
		} else {
			answer["HostId"] = q.Host
			answer["Recommend"] = "https://api.aliyun.com/troubleshoot?q=" + f.Code
		}
	}
	if answer == nil {
		answer = Answer{}
	}
	answer["RequestId"] = q.ID
	WriteJSON(w, status, answer)
}

// WriteJSON writes one JSON value as the whole answer.
func WriteJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	// The answer's values all encode; what is left is a client that has gone, who needs no answer.
	_ = e.Encode(value)
}

// NewID makes a request id in the cloud's form.
func NewID() string { return strings.ToUpper(uuid.NewString()) }
