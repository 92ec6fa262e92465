package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"pai-notify/shared/environment"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/rule"
)

// answers is a cloud whose answers a test chooses by action.
type answers struct {
	mu      sync.Mutex
	by      map[string]string // "STATUS BODY" by action, or by path
	queries []string
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queries = append(a.queries, r.URL.Path+"?"+r.URL.RawQuery)
	name := r.URL.Query().Get("Action")
	if name == "" {
		name = r.URL.Path
	}
	status := 200
	if _, err := fmt.Sscanf(a.by[name], "%d", &status); err != nil {
		status = 500
	}
	_, body, _ := strings.Cut(a.by[name], " ")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func newAlibaba(t *testing.T, by map[string]string) (*alibaba, *answers) {
	t.Helper()
	a := &answers{by: by}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	env := environment.Environment{Region: "cn-hangzhou", EventBridgeEndpoint: server.URL, CloudEndpoint: server.URL}
	return &alibaba{env: env, Store: eventbridge.New(eventbridge.Config{
		Region: env.Region, Endpoint: server.URL,
		Credentials: func(context.Context) (eventbridge.Credentials, error) {
			return eventbridge.Credentials{AccessKeyID: "STS.id", AccessKeySecret: "hunter2secret",
				SecurityToken: "hunter2token"}, nil
		},
	})}, a
}

func TestAnOrderThatWasPlacedBeforeIsNoFault(t *testing.T) {
	t.Parallel()
	a, seen := newAlibaba(t, map[string]string{"CreateInstance": `400 {"Code":"ORDER.OPEND","Message":"opened"}`})
	if err := a.Order(t.Context()); err != nil {
		t.Errorf("ORDER.OPEND is %v", err)
	}
	if q := seen.queries[0]; !strings.Contains(q, "ProductCode=eventbridge") || !strings.Contains(q,
		"SubscriptionType=PayAsYouGo") {
		t.Errorf("order = %s", q)
	}
	for answer, want := range map[string]bool{
		`200 {"Success":true,"Code":"Success"}`:                    true,
		`200 {"Success":false,"Code":"NoMoney","Message":"broke"}`: false,
		`200 <html>`: false,
		`500 {}`:     false,
	} {
		a, _ := newAlibaba(t, map[string]string{"CreateInstance": answer})
		if err := a.Order(t.Context()); (err == nil) != want {
			t.Errorf("%s is %v", answer, err)
		}
	}
}

func TestPAIsRoleIsFoundAndMade(t *testing.T) {
	t.Parallel()
	a, _ := newAlibaba(t, map[string]string{
		"GetRole":                 `404 {"Code":"EntityNotExist.Role","Message":"no"}`,
		"CreateServiceLinkedRole": `409 {"Code":"EntityAlreadyExists.Role","Message":"yes"}`,
	})
	if there, err := a.PAIRole(t.Context()); there || err != nil {
		t.Errorf("missing role = %v, %v", there, err)
	}
	if err := a.MakePAIRole(t.Context()); err != nil {
		t.Errorf("a role that somebody else made just now: %v", err)
	}
	a, _ = newAlibaba(t, map[string]string{"GetRole": `200 {"Role":{"RoleName":"x"}}`})
	if there, err := a.PAIRole(t.Context()); !there || err != nil {
		t.Errorf("role = %v, %v", there, err)
	}
}

func TestWorkspacesAreReadToTheLastPage(t *testing.T) {
	t.Parallel()
	a, seen := newAlibaba(t, map[string]string{
		"/api/v1/workspaces": `200 {"Workspaces":[{"WorkspaceName":"nlp_train"},{"WorkspaceName":"cv_lab"}]}`})
	if names, err := a.Workspaces(t.Context()); err != nil || strings.Join(names, ",") != "nlp_train,cv_lab" {
		t.Errorf("workspaces = %v, %v", names, err)
	}
	if len(seen.queries) != 1 {
		t.Errorf("%d pages were read, want 1", len(seen.queries))
	}
}

func TestTracesTellWhatAnInvocationBrought(t *testing.T) {
	t.Parallel()
	a, _ := newAlibaba(t, map[string]string{"QueryEventTraces": `200 {"Success":true,"Data":[{"Action":"PutEvent"},
		{"Action":"PushEvent","RuleName":"r","Endpoint":"e","NotifyStatus":"[404]Gone"}]}`})
	list, err := a.Pushes(t.Context(), "bus", "id")
	if want := (push{"r", "e", "[404]Gone"}); err != nil || len(list) != 1 || list[0] != want {
		t.Errorf("pushes = %+v, %v", list, err)
	}
}

func TestFailuresHaveTheirMeaningAndNoSecret(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`403 {"Code":"NoPermission","Message":"denied for STS.id"}`:          rule.CodeForbidden,
		`403 {"Code":"ServiceNotEnable","Message":"Service not enable"}`:     rule.CodeNotActivated,
		`429 {"Code":"TooManyRequests"}`:                                     rule.CodeThrottled,
		`400 {"Code":"Throttling.User"}`:                                     rule.CodeThrottled,
		`503 {}`:                                                             rule.CodeUnavailable,
		`502 <html>bad gateway</html>`:                                       rule.CodeUnavailable,
		`200 <html>`:                                                         "RefusedByCloud",
		`400 {"Code":17,"Message":"a number for a code"}`:                    "RefusedByCloud",
		`404 {"Code":"InvalidApi.NotFound","Message":"no such action here"}`: "RefusedByCloud",
	} {
		a, _ := newAlibaba(t, map[string]string{"ListEventBuses": answer, "GetRole": answer})
		_, roleErr := a.PAIRole(t.Context())
		for _, err := range []error{a.TryReading(t.Context(), ""), roleErr} {
			var ours *rule.Error
			if !errors.As(err, &ours) || ours.Code != want {
				t.Errorf("%s is %v, want %s", answer, err, want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: the error holds a secret: %v", answer, err)
			}
		}
	}
	gone := &alibaba{env: environment.Environment{Region: "cn-hangzhou", CloudEndpoint: "http://127.0.0.1:1"},
		Store: eventbridge.New(eventbridge.Config{Credentials: eventbridge.CredentialsOf(httpapi.RoleKeys)})}
	var ours *rule.Error
	if err := gone.Order(t.Context()); !errors.As(err, &ours) || ours.Code != rule.CodeUnavailable ||
		!strings.Contains(err.Error(), "role") {
		t.Errorf("without credentials: %v, want to hear of the role", err)
	}
	gone.Credentials = func(context.Context) (eventbridge.Credentials, error) {
		return eventbridge.Credentials{AccessKeyID: "STS.id", AccessKeySecret: "hunter2secret",
			SecurityToken: "hunter2token"}, nil
	}
	if err := gone.Order(t.Context()); !errors.As(err, &ours) || ours.Code != rule.CodeUnavailable ||
		strings.Contains(err.Error(), "hunter2") {
		t.Errorf("out of reach: %v", err)
	}
}
