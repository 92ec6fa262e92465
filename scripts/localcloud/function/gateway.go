package function

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"pai-notify/scripts/serverless"
)

// What a request may bring to an HTTP trigger, in bytes; more is a 400 InvalidArgument (help.aliyun.com, "HTTP triggers").
const (
	maxHeaders = 8 << 10
	maxURI     = 4 << 10 // path and query
)

// Gateway is the host that s.yaml's domain describes: it leads each path to its function and turns the request into the
// event of an HTTP trigger, and the function's answer into the response. There is no streaming.
func (r *Runtime) Gateway() http.Handler { return http.HandlerFunc(r.serveHTTP) }

func (r *Runtime) serveHTTP(w http.ResponseWriter, request *http.Request) {
	id := newRequestID(r.options.Clock.Now())
	block, err := r.route(request)
	if err == nil {
		err = limits(request)
	}
	var response *response
	if err == nil {
		response, err = r.forward(request, block, id)
	}
	if err != nil {
		if request.Context().Err() == nil {
			refuse(w, id, err)
		}
		return
	}
	w.Header().Set("X-Fc-Request-Id", id)
	response.write(w, request)
}

// route finds the function of a path, and whether it takes the method.
func (r *Runtime) route(request *http.Request) (serverless.Function, error) {
	route, ok := r.options.Template.Domain.Route(request.URL.Path)
	if !ok {
		return serverless.Function{}, &PlatformError{Status: http.StatusNotFound, Code: "DomainRouteNotFound",
			Message: "no route of this domain leads to the path; the routes are in s.yaml"}
	}
	block, _ := r.options.Template.Function(route.FunctionName)
	at := slices.IndexFunc(block.Triggers, func(t serverless.Trigger) bool { return t.HTTP != nil })
	allowed := func(methods []string) bool { return slices.Contains(methods, request.Method) }
	if !allowed(block.Triggers[at].HTTP.Methods) || len(route.Methods) > 0 && !allowed(route.Methods) {
		return serverless.Function{}, &PlatformError{Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed",
			Message: "the HTTP trigger of " + block.FunctionName + " does not take " + request.Method}
	}
	return block, nil
}

func limits(request *http.Request) error {
	size := len("Host: \r\n") + len(request.Host)
	for name, values := range request.Header {
		for _, value := range values {
			size += len(name) + len(": \r\n") + len(value)
		}
	}
	if size > maxHeaders {
		return invalidArgument("the request headers exceed 8 KB")
	}
	if len(request.URL.RequestURI()) > maxURI {
		return invalidArgument("path and query exceed 4 KB")
	}
	return nil
}

func invalidArgument(message string) error {
	return &PlatformError{Status: http.StatusBadRequest, Code: "InvalidArgument", Message: message}
}

func (r *Runtime) forward(request *http.Request, block serverless.Function, id string) (*response, error) {
	body, err := io.ReadAll(io.LimitReader(request.Body, maxPayload+1))
	if err != nil {
		return nil, invalidArgument("the body did not arrive whole")
	}
	if len(body) > maxPayload {
		return nil, invalidArgument("the body exceeds 32 MB")
	}
	event, err := r.httpEvent(request, body, id)
	if err != nil {
		return nil, err
	}
	answer, err := r.invoke(request.Context(), id, block.Name, event)
	if err != nil {
		return nil, err
	}
	return readResponse(answer)
}

// refuse answers in Function Compute's own form. What a function said of its failure stays in its log: it may be for no
// caller's eyes.
func refuse(w http.ResponseWriter, id string, err error) {
	status, code, message := http.StatusBadGateway, "FunctionError", "the function failed; its log says how"
	var platform *PlatformError
	var failed *FunctionError
	switch {
	case errors.As(err, &platform):
		status, code, message = platform.Status, platform.Code, platform.Message
	case errors.As(err, &failed) && slices.Contains([]string{TypeTimedOut, TypeExited, TypeTooLarge, TypeInvalid}, failed.Type):
		code, message = failed.Type, failed.Message
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Fc-Request-Id", id)
	if failed != nil {
		w.Header().Set("X-Fc-Error-Type", "UnhandledInvocationError")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"RequestId": id, "Code": code, "Message": message})
}

// reserved reports the headers that neither a request nor a response carries past the gateway.
func reserved(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "x-fc-") || name == "connection" || name == "keep-alive"
}
