package function

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func gateway(t *testing.T) (*Runtime, *httptest.Server) {
	t.Helper()
	r := start(t, nil)
	server := httptest.NewServer(r.Gateway())
	t.Cleanup(server.Close)
	return r, server
}

func send(t *testing.T, method, url, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func TestARequestReachesItsFunctionAsAnEventAndComesBack(t *testing.T) {
	t.Parallel()
	_, server := gateway(t)
	response, text := send(t, http.MethodPost, server.URL+"/many/a%2Fb/%E4%B8%AD?x=1&x=2&y=%20z", "你好", http.Header{
		"Authorization": {"Bearer k"}, "X-Two": {"a", "b"}, "X-Fc-Spoof": {"no"}, "Keep-Alive": {"no"}, "User-Agent": {"tester"},
	})
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("status %d: %s", response.StatusCode, text)
	}
	var event struct {
		Version, RawPath, Body string
		IsBase64Encoded        bool
		Headers                map[string]string
		QueryParameters        map[string]string
		RequestContext         struct {
			AccountID, DomainName, RequestID, Time, TimeEpoch string
			HTTP                                              struct{ Method, Path, Protocol, SourceIP, UserAgent string }
		}
	}
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		t.Fatal(err)
	}
	c := event.RequestContext
	if event.Version != "v1" || event.RawPath != "/many/a%2Fb/%E4%B8%AD" || c.HTTP.Path != "/many/a/b/中" || c.HTTP.Method != "POST" ||
		c.HTTP.SourceIP != "127.0.0.1" || c.HTTP.UserAgent != "tester" || c.AccountID != "1234567890123456" ||
		c.DomainName != "127.0.0.1" || len(c.TimeEpoch) != 13 {
		t.Errorf("event = %s", text)
	}
	if event.Body != "你好" || event.IsBase64Encoded {
		t.Errorf("body = %q, encoded %v", event.Body, event.IsBase64Encoded)
	}
	if diff := cmp.Diff(map[string]string{"x": "1,2", "y": " z"}, event.QueryParameters); diff != "" {
		t.Errorf("queryParameters (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"Authorization": "Bearer k", "X-Two": "a,b", "X-Fc-Spoof": "", "Keep-Alive": ""} {
		if got := event.Headers[name]; got != want {
			t.Errorf("header %s arrived as %q, want %q", name, got, want)
		}
	}
	if id := response.Header.Get("X-Fc-Request-Id"); id == "" || id != c.RequestID {
		t.Errorf("the response is of request %q, the event of %q", id, c.RequestID)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "X-Ours": "yes", "Set-Cookie": "a=b",
		"X-Fc-Mine": "", "Content-Disposition": "", "Server": "",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("response header %s = %q, want %q", name, got, want)
		}
	}
	if response.Close {
		t.Error("the function closed the gateway's connection")
	}
}

func TestABodyThatIsNoTextTravelsAsBase64BothWays(t *testing.T) {
	t.Parallel()
	_, server := gateway(t)
	sent := make([]byte, 1000)
	if _, err := rand.Read(sent); err != nil {
		t.Fatal(err)
	}
	sent[0] = 0xff
	_, text := send(t, http.MethodPut, server.URL+"/many/x", string(sent), nil)
	var event struct {
		Body            string
		IsBase64Encoded bool
	}
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		t.Fatal(err)
	}
	if got, err := base64.StdEncoding.DecodeString(event.Body); err != nil || !event.IsBase64Encoded || !bytes.Equal(got, sent) {
		t.Errorf("the body arrived as %q, %v", event.Body, err)
	}
	answer := fmt.Sprintf(`answer:{"statusCode":200,"isBase64Encoded":true,"body":%q}`, base64.StdEncoding.EncodeToString(sent))
	if _, text = send(t, http.MethodPut, server.URL+"/many/x", answer, nil); text != string(sent) {
		t.Errorf("the answer came back as %q", text)
	}
}

func TestTheGatewayKeepsFunctionComputesLimits(t *testing.T) {
	t.Parallel()
	_, server := gateway(t)
	for _, row := range []struct {
		name, method, path, body string
		header                   http.Header
		status                   int
		code                     string
	}{
		{"a path no route has", "GET", "/nothing", "", nil, 404, "DomainRouteNotFound"},
		{"a wildcard's stem", "GET", "/many", "", nil, 404, "DomainRouteNotFound"},
		{"a method the trigger does not take", "DELETE", "/many/x", "", nil, 405, "MethodNotAllowed"},
		{"a method the route does not take", "POST", "/read", "", nil, 405, "MethodNotAllowed"},
		{"too much header", "GET", "/many/x", "", http.Header{"X-Big": {strings.Repeat("x", maxHeaders)}}, 400, "InvalidArgument"},
		{"too long a query", "GET", "/many/x?" + strings.Repeat("x", maxURI), "", nil, 400, "InvalidArgument"},
		{"too large a body", "POST", "/many/x", strings.Repeat("x", maxPayload+1), nil, 400, "InvalidArgument"},
		{"a panic", "POST", "/many/x", "panic", nil, 502, "FunctionError"},
		{"an answer that is none", "POST", "/many/x", `answer:"hello"`, nil, 502, TypeInvalid},
		{"an answer without status", "POST", "/many/x", `answer:{"body":"x"}`, nil, 502, TypeInvalid},
		{"a status that is none", "POST", "/many/x", `answer:{"statusCode":99}`, nil, 502, TypeInvalid},
		{"base64 that is none", "POST", "/many/x", `answer:{"statusCode":200,"isBase64Encoded":true,"body":"%"}`, nil, 502, TypeInvalid},
		{"a header that splits the response", "POST", "/many/x", `answer:{"statusCode":200,"headers":{"A":"b\r\nC: d"}}`, nil, 502, TypeInvalid},
		{"a header's name that is none", "POST", "/many/x", `answer:{"statusCode":200,"headers":{"A B":"c"}}`, nil, 502, TypeInvalid},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			response, text := send(t, row.method, server.URL+row.path, row.body, row.header)
			var got struct{ RequestID, Code, Message string }
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatalf("%d %s: %v", response.StatusCode, text, err)
			}
			if response.StatusCode != row.status || got.Code != row.code || got.Message == "" {
				t.Errorf("%d %s, want %d %s", response.StatusCode, text, row.status, row.code)
			}
			if got.RequestID == "" || got.RequestID != response.Header.Get("X-Fc-Request-Id") {
				t.Errorf("request id %q in the body, %q in the header", got.RequestID, response.Header.Get("X-Fc-Request-Id"))
			}
			if strings.Contains(text, "a secret") {
				t.Errorf("what the function said of its failure went out: %s", text)
			}
		})
	}
}

func TestAHeadRequestHasNoBody(t *testing.T) {
	t.Parallel()
	_, server := gateway(t)
	if response, text := send(t, http.MethodHead, server.URL+"/many/x", "", nil); response.StatusCode != 201 || text != "" {
		t.Errorf("%d %q", response.StatusCode, text)
	}
}

func TestGarbageOnThePortHurtsNobody(t *testing.T) {
	t.Parallel()
	_, server := gateway(t)
	noise := make([]byte, 100_000)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	for name, garbage := range map[string]string{
		"noise": string(noise), "nothing": "", "TLS": "\x16\x03\x01\x02\x00\x01", "no version": "GET /many/x\r\n\r\n",
		"half a request": "POST /many/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nshort",
		"two lengths":    "POST /many/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
		"bad chunks":     "POST /many/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
		"bad escape":     "GET /many/%zz HTTP/1.1\r\nHost: a\r\n\r\n", "no path": "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
		"no host": "GET /many/x HTTP/1.1\r\n\r\n", "connect": "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
		"bad query": "GET /many/x?%zz;&&=;a=%f HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	} {
		connection, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, _ = io.WriteString(connection, garbage) // the server may have hung up already
		if tcp, ok := connection.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		_, _ = io.Copy(io.Discard, connection)
		_ = connection.Close()
	}
	if response, text := send(t, http.MethodGet, server.URL+"/many/x", "", nil); response.StatusCode != 201 {
		t.Errorf("after garbage: %d %s", response.StatusCode, text)
	}
}
