package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

var (
	key = Credential{AccessKeyID: "LTAI-local", Secret: "local-secret", Name: "root"}
	sts = Credential{AccessKeyID: "STS.1", Secret: "sts-secret", SecurityToken: "tok/en+=", Name: "role"}
	old = Credential{AccessKeyID: "STS.2", Secret: "s", SecurityToken: "t", Expires: time.Now().Add(-time.Minute)}
)

func server(tb testing.TB) *Server {
	tb.Helper()
	s := New(Options{Credentials: func(id string) (Credential, bool) {
		for _, c := range []Credential{key, sts, old} {
			if c.AccessKeyID == id {
				return c, true
			}
		}
		return Credential{}, false
	}})
	echo := func(_ context.Context, q *Request) (Answer, error) {
		return Success(map[string]any{"Params": q.Params, "Caller": q.Caller.Name, "Secret": q.Caller.Secret}), nil
	}
	s.Handle("2020-04-01", "Echo", echo)
	s.Handle("2020-04-01", "Refuse", func(context.Context, *Request) (Answer, error) {
		return nil, &Error{http.StatusOK, "EventBusNotExist", "The event bus not existed!"}
	})
	s.Handle("2020-04-01", "Forbid", func(context.Context, *Request) (Answer, error) {
		return nil, &Error{http.StatusForbidden, "ServiceNotEnable", "Service not enable"}
	})
	s.Handle("2020-04-01", "Break", func(context.Context, *Request) (Answer, error) { panic("secret") })
	s.Handle("2020-04-01", "Fail", func(context.Context, *Request) (Answer, error) { return nil, errors.New("disk secret") })
	s.HandleRoute("2021-02-04", "GET /api/v1/things/{id}", func(_ context.Context, q *Request) (Answer, error) {
		return Answer{"Id": q.Path("id"), "Name": q.Get("Name")}, nil
	})
	return s
}

// call sends a request of the real SDK and gives the status and the answer.
func call(t *testing.T, base string, c Credential, change func(*requests.CommonRequest)) (int, map[string]any, error) {
	t.Helper()
	config := sdk.NewConfig().WithAutoRetry(false)
	var client *sdk.Client
	var err error
	if c.SecurityToken != "" {
		client, err = sdk.NewClientWithOptions("cn-hangzhou", config,
			credentials.NewStsTokenCredential(c.AccessKeyID, c.Secret, c.SecurityToken))
	} else {
		client, err = sdk.NewClientWithOptions("cn-hangzhou", config, credentials.NewAccessKeyCredential(c.AccessKeyID, c.Secret))
	}
	if err != nil {
		t.Fatal(err)
	}
	q := requests.NewCommonRequest()
	q.Scheme, q.Domain, q.Method, q.Version, q.ApiName, q.Product = "http", strings.TrimPrefix(base, "http://"), "POST",
		"2020-04-01", "Echo", "eventbridge"
	change(q)
	if q.PathPattern != "" { // the SDK writes "domain:port" into ROA addresses itself
		q.Domain, q.Port, _ = strings.Cut(q.Domain, ":")
	}
	response, err := client.ProcessCommonRequest(q)
	var answer map[string]any
	if response != nil && response.GetHttpStatus() != 0 {
		if err := json.Unmarshal(response.GetHttpContentBytes(), &answer); err != nil {
			t.Fatalf("answer %q: %v", response.GetHttpContentString(), err)
		}
		return response.GetHttpStatus(), answer, err
	}
	return 0, nil, err
}

func TestSignedRequestsOfTheSDKAreRead(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(server(t))
	t.Cleanup(web.Close)
	odd := "a b+c*d~e/中文\"{}&=%\x01\n"
	for _, c := range []Credential{key, sts} {
		status, answer, err := call(t, web.URL, c, func(q *requests.CommonRequest) {
			q.QueryParams["In Query"] = odd
			q.FormParams["InForm"] = odd + strings.Repeat("x", 20<<10)
		})
		if err != nil || status != 200 {
			t.Fatalf("%s: status %d, %v", c.Name, status, err)
		}
		data, _ := answer["Data"].(map[string]any)
		params, _ := data["Params"].(map[string]any)
		if params["In Query"] != odd || params["InForm"] != odd+strings.Repeat("x", 20<<10) || data["Caller"] != c.Name {
			t.Errorf("%s: read %v", c.Name, data)
		}
		if data["Secret"] != "" {
			t.Error("the handler was given the secret")
		}
		if answer["Code"] != "Success" || answer["Success"] != true || answer["RequestId"] == "" {
			t.Errorf("envelope %v", answer)
		}
	}
}

func TestROARequestsOfTheSDKAreRead(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(server(t))
	t.Cleanup(web.Close)
	for _, c := range []Credential{key, sts} {
		_, answer, err := call(t, web.URL, c, func(q *requests.CommonRequest) {
			q.Method, q.Version, q.PathPattern = "GET", "2021-02-04", "/api/v1/things/[Id]"
			q.PathParams = map[string]string{"Id": "7"}
			q.QueryParams["Name"] = "a b/中"
			q.QueryParams["Empty"] = ""
		})
		if err != nil || answer["Id"] != "7" || answer["Name"] != "a b/中" {
			t.Errorf("%s: answer %v, %v", c.Name, answer, err)
		}
	}
	wrong := key
	wrong.Secret = "wrong"
	_, _, err := call(t, web.URL, wrong, func(q *requests.CommonRequest) {
		q.Method, q.Version, q.PathPattern = "GET", "2021-02-04", "/api/v1/things/7"
	})
	wantCode(t, err, 400, "SignatureDoesNotMatch")
	_, _, err = call(t, web.URL, key, func(q *requests.CommonRequest) {
		q.Method, q.Version, q.PathPattern = "GET", "2020-01-01", "/api/v1/things/7"
	})
	wantCode(t, err, 400, "InvalidVersion")
}

func TestRefusalsHaveTheGatewaysForm(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(server(t))
	t.Cleanup(web.Close)
	none := func(*requests.CommonRequest) {}
	action := func(name string) func(*requests.CommonRequest) {
		return func(q *requests.CommonRequest) { q.ApiName = name }
	}
	wrong, wrongToken, noToken, unknown := key, sts, sts, key
	wrong.Secret, wrongToken.SecurityToken, noToken.SecurityToken, unknown.AccessKeyID = "x", "x", "", "nobody"
	for _, c := range []struct {
		name   string
		as     Credential
		change func(*requests.CommonRequest)
		status int
		code   string
	}{
		{"unknown key", unknown, none, 404, "InvalidAccessKeyId.NotFound"},
		{"wrong secret", wrong, none, 400, "SignatureDoesNotMatch"},
		{"another token", wrongToken, none, 400, "InvalidSecurityToken.MismatchWithAccessKey"},
		{"no token", noToken, none, 400, "MissingSecurityToken"},
		{"expired token", old, none, 400, "InvalidSecurityToken.Expired"},
		{"token of a key that has none", Credential{AccessKeyID: key.AccessKeyID, Secret: key.Secret, SecurityToken: "x"}, none,
			400, "InvalidSecurityToken.MismatchWithAccessKey"},
		{"unknown action", key, action("Nothing"), 404, "InvalidAction.NotFound"},
		{"unknown version", key, func(q *requests.CommonRequest) { q.Version = "2000-01-01" }, 400, "InvalidVersion"},
		{"method", key, func(q *requests.CommonRequest) { q.Method = "PUT" }, 405, "UnsupportedHTTPMethod"},
		{"request line over 16 KB", key, func(q *requests.CommonRequest) { q.QueryParams["Q"] = strings.Repeat("x", 16<<10) },
			414, "RequestURITooLong"},
		{"body over 8 MB", key, func(q *requests.CommonRequest) { q.FormParams["Q"] = strings.Repeat("x", 10<<20) },
			413, "RequestBodyTooLarge"},
		{"not activated", key, action("Forbid"), 403, "ServiceNotEnable"},
		{"handler panics", key, action("Break"), 500, "InternalError"},
		{"handler fails", key, action("Fail"), 500, "InternalError"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := call(t, web.URL, c.as, c.change)
			wantCode(t, err, c.status, c.code)
			if strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("the error tells a secret: %v", err)
			}
			var e *sdkerrors.ServerError
			if errors.As(err, &e) && (e.RequestId() == "" || e.HostId() == "" || e.Recommend() == "" || e.Message() == "") {
				t.Errorf("answer lacks a member: %v", e)
			}
		})
	}
	// A product's own refusal is status 200, which the SDK takes for success.
	status, answer, err := call(t, web.URL, key, action("Refuse"))
	if err != nil || status != 200 || answer["Success"] != false || answer["Code"] != "EventBusNotExist" {
		t.Errorf("refusal: status %d, %v, %v", status, answer, err)
	}
}

func TestOldAndRepeatedRequestsAreRefused(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(server(t))
	t.Cleanup(web.Close)
	send := func(at string, nonce string, extra ...string) (int, string) {
		t.Helper()
		params := map[string]string{"Action": "Echo", "Version": "2020-04-01", "AccessKeyId": key.AccessKeyID,
			"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": nonce, "Timestamp": at}
		for i := 0; i < len(extra); i += 2 {
			params[extra[i]] = extra[i+1]
		}
		params["Signature"] = sign("GET&%2F&"+encode(canonical(params)), key.Secret+"&")
		query := url.Values{}
		for name, v := range params {
			if v != "" {
				query.Set(name, v)
			}
		}
		response, err := http.Get(web.URL + "/?" + query.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var answer struct{ Code string }
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, answer.Code
	}
	now := time.Now().UTC()
	for _, c := range []struct {
		name, at, nonce, extra, value, code string
		status                              int
	}{
		{"first", now.Format(stampForm), "1", "A", "b", "Success", 200},
		{"again", now.Format(stampForm), "1", "A", "b", "SignatureNonceUsed", 400},
		{"14 minutes old", now.Add(-14 * time.Minute).Format(stampForm), "2", "A", "b", "Success", 200},
		{"16 minutes old", now.Add(-16 * time.Minute).Format(stampForm), "3", "A", "b", "InvalidTimeStamp.Expired", 400},
		{"in 16 minutes", now.Add(16 * time.Minute).Format(stampForm), "4", "A", "b", "InvalidTimeStamp.Expired", 400},
		{"no time", "yesterday", "5", "A", "b", "InvalidTimeStamp.Format", 400},
		{"without nonce", now.Format(stampForm), "", "A", "b", "MissingSignatureNonce", 400},
		{"without action", now.Format(stampForm), "6", "Action", "", "MissingAction", 400},
		{"other method", now.Format(stampForm), "7", "SignatureMethod", "HMAC-SHA256", "InvalidSignatureMethod", 400},
	} {
		if status, code := send(c.at, c.nonce, c.extra, c.value); status != c.status || code != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.name, status, code, c.status, c.code)
		}
	}
}

func TestGarbageNeverKillsTheServer(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(server(t))
	t.Cleanup(web.Close)
	random := rand.New(rand.NewPCG(1, 2))
	address := strings.TrimPrefix(web.URL, "http://")
	for i := range 50 {
		bytes := make([]byte, 1+random.IntN(4096))
		for j := range bytes {
			bytes[j] = byte(random.Uint32())
		}
		if i%2 == 0 {
			bytes = append([]byte("POST /?Action=\xff HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"), bytes...)
		}
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := connection.Write(bytes); err == nil {
			_ = connection.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, connection) // an answer or a closed connection: either will do
		}
		_ = connection.Close()
	}
	for name, body := range map[string]string{"deep": strings.Repeat("[", 1<<20), "form": "a=%zz;&&=", "twice": "a=1&a=2",
		"large": strings.Repeat("x", 10<<20)} {
		response, err := http.Post(web.URL, "application/x-www-form-urlencoded", strings.NewReader(body))
		if err != nil {
			continue // the server may close on a body it will not read
		}
		if response.StatusCode < 400 || response.StatusCode >= 500 {
			t.Errorf("%s: status %d", name, response.StatusCode)
		}
		_ = response.Body.Close()
	}
	if status, _, err := call(t, web.URL, key, func(*requests.CommonRequest) {}); err != nil || status != 200 {
		t.Errorf("after garbage: %d %v", status, err)
	}
}

func FuzzServeHTTP(f *testing.F) {
	f.Add("POST", "/?Action=Echo&Version=2020-04-01", "a=b", "application/x-www-form-urlencoded", "acs x:y")
	f.Add("GET", "/api/v1/things/%2f", "", "", "acs LTAI-local:")
	f.Add("GET", "/?a=%zz&a=;", "\xff", "multipart/form-data; boundary=", "acs:LTAI-local:sig")
	s := server(f)
	f.Fuzz(func(t *testing.T, method, target, body, kind, authorization string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || method == "" || strings.ContainsAny(method, " \r\n") {
			return
		}
		r := &http.Request{Method: method, URL: u, RequestURI: target, Proto: "HTTP/1.1", Host: "x",
			Header: http.Header{"Content-Type": {kind}, "Authorization": {authorization}}, Body: io.NopCloser(strings.NewReader(body))}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code < 300 || w.Code >= 500 {
			t.Errorf("unsigned %s %q: status %d", method, target, w.Code)
		}
		isJSON := strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") // or the router's own, for odd paths
		if isJSON && !json.Valid(bytes.TrimSpace(w.Body.Bytes())) {
			t.Errorf("answer %q is not JSON", w.Body)
		}
		if _, err := s.CheckData(r, []byte(body)); err == nil {
			t.Error("an unsigned request passed the data plane's check")
		}
	})
}

func wantCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *sdkerrors.ServerError
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want %s", err, code)
	}
	if e.HttpStatus() != status || e.ErrorCode() != code {
		t.Errorf("got %d %s (%s), want %d %s", e.HttpStatus(), e.ErrorCode(), e.Message(), status, code)
	}
}
