package function

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aliyun/fc-runtime-go-sdk/events"
)

// httpEvent is a request as a built-in runtime gets it (help.aliyun.com, "Use an HTTP trigger to invoke a function"): one
// value a header and parameter, several joined by commas, and base64 for a body that is no text.
func (r *Runtime) httpEvent(request *http.Request, body []byte, id string) ([]byte, error) {
	now := r.options.Clock.Now().UTC()
	headers := map[string]string{"Host": request.Host}
	for name, values := range request.Header {
		if !reserved(name) {
			headers[name] = strings.Join(values, ",")
		}
	}
	query, _ := url.ParseQuery(request.URL.RawQuery) // what cannot be read is left out
	parameters := make(map[string]string, len(query))
	for name, values := range query {
		parameters[name] = strings.Join(values, ",")
	}
	text, encoded := string(body), false
	if !utf8.Valid(body) {
		text, encoded = base64.StdEncoding.EncodeToString(body), true
	}
	source, _, err := net.SplitHostPort(request.RemoteAddr)
	if err != nil {
		source = request.RemoteAddr
	}
	domain := request.Host
	if host, _, err := net.SplitHostPort(domain); err == nil {
		domain = host
	}
	prefix, _, _ := strings.Cut(domain, ".")
	event := events.HTTPTriggerEvent{
		Version:         ptr("v1"),
		RawPath:         ptr(request.URL.EscapedPath()),
		Body:            &text,
		IsBase64Encoded: &encoded,
		Headers:         &headers,
		QueryParameters: &parameters,
	}
	context := &event.TriggerContext
	context.AccountId, context.DomainName, context.DomainPrefix = &r.options.Account, &domain, &prefix
	context.Http.Method, context.Http.Path, context.Http.Protocol = &request.Method, &request.URL.Path, &request.Proto
	context.Http.SourceIp, context.Http.UserAgent = &source, ptr(request.UserAgent())
	context.RequestId = &id
	context.Time, context.TimeEpoch = ptr(now.Format(time.RFC3339)), ptr(strconv.FormatInt(now.UnixMilli(), 10))
	return json.Marshal(event)
}

func ptr[T any](v T) *T { return &v }

// response is a function's answer to an HTTP trigger, read and found good.
type response struct {
	status  int
	headers map[string]string
	body    []byte
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// readResponse reads what a function answered. Function Compute guesses at other forms; here they are a mistake.
func readResponse(answer []byte) (*response, error) {
	invalid := func(format string, args ...any) (*response, error) {
		return nil, &FunctionError{Type: TypeInvalid, Message: fmt.Sprintf(format, args...)}
	}
	var got events.HTTPTriggerResponse
	if err := json.Unmarshal(answer, &got); err != nil {
		return invalid("the answer is not an object of statusCode, headers, isBase64Encoded and body")
	}
	if got.StatusCode < 200 || got.StatusCode > 599 {
		return invalid("statusCode %d is not 200 to 599", got.StatusCode)
	}
	out := &response{status: got.StatusCode, headers: make(map[string]string), body: []byte(got.Body)}
	if got.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(got.Body)
		if err != nil {
			return invalid("body is not base64, though isBase64Encoded says so")
		}
		out.body = decoded
	}
	for name, value := range got.Headers {
		switch strings.ToLower(name) {
		case "content-length", "date", "server", "upgrade", "content-disposition", "transfer-encoding":
			continue // not supported by HTTP triggers: dropped
		}
		if reserved(name) {
			continue
		}
		if !headerName.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
			return invalid("%q is no header a response can have", name)
		}
		out.headers[name] = value
	}
	return out, nil
}

func (out *response) write(w http.ResponseWriter, request *http.Request) {
	for name, value := range out.headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(out.status)
	if request.Method != http.MethodHead {
		_, _ = w.Write(out.body) // a caller who left needs no answer
	}
}
