package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"pai-notify/shared/access"
	"pai-notify/shared/environment"
)

// withGroups is a provider's store that knows users' groups, and tells of them at its user-info endpoint.
type withGroups struct {
	*storage.Storage
	groups map[string][]string
}

func (s *withGroups) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	if err := s.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin); err != nil {
		return err
	}
	info.AppendClaims("groups", s.groups[info.Subject])
	info.AppendClaims("uid", "2000")
	return nil
}

// site is this deployment and an identity provider, both over HTTP.
type site struct {
	*harness
	url    string
	issuer string
}

func newSite(t *testing.T, groups map[string][]string) *site {
	t.Helper()
	h := newHarness(t)
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			_, _ = io.WriteString(w, "the console")
			return
		}
		h.api.ServeHTTP(w, r)
	}))
	t.Cleanup(own.Close)
	idp := httptest.NewUnstartedServer(nil)
	issuer := "http://" + idp.Listener.Addr().String()
	client := storage.WebClient("pai-notify", "hunter2hunter2", own.URL+callbackPath)
	store := &withGroups{storage.NewStorageWithClients(storage.NewUserStore(issuer), map[string]*storage.Client{"pai-notify": client}), groups}
	idp.Config.Handler = exampleop.SetupServer(issuer, store, nil, false, op.WithAllowInsecure())
	idp.Start()
	t.Cleanup(idp.Close)
	roles, err := environment.ParseRoles("ml-admins=admin,trainers=editor@nlp_train,lab=editor@cv_lab,lookers=viewer")
	if err != nil {
		t.Fatal(err)
	}
	h.provider = newProvider(environment.Provider{
		Issuer: issuer, ClientID: "pai-notify", ClientSecret: "hunter2hunter2", PublicURL: own.URL, Roles: roles, GroupsClaim: "groups",
		UserClaim: "uid",
	})
	return &site{h, own.URL, issuer}
}

// browser is one that follows redirects as far as it is told, and keeps cookies.
func (s *site) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 10 * time.Second}
}

func (s *site) open(c *http.Client, address string) (*http.Response, string) {
	s.t.Helper()
	answer, err := c.Get(address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer, string(body)
}

var (
	loginID = regexp.MustCompile(`name="id" value="([^"]+)"`)
	further = regexp.MustCompile(`content="0;url=([^"]+)"`)
)

// logIn goes to the provider and logs in there; it gives the page that the provider sends the browser back to.
func (s *site) logIn(c *http.Client, user string) (callback string, page string) {
	s.t.Helper()
	_, form := s.open(c, s.url+startPath)
	id := loginID.FindStringSubmatch(form)
	if id == nil {
		s.t.Fatalf("the provider shows no login page: %s", form)
	}
	answer, err := c.PostForm(s.issuer+"/login/username", url.Values{"id": {id[1]}, "username": {user}, "password": {"verysecure"}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.Request.URL.String(), string(body)
}

// step takes the browser one step further, as the page says.
func (s *site) step(c *http.Client, page string) (*http.Response, string) {
	s.t.Helper()
	next := further.FindStringSubmatch(page)
	if next == nil {
		s.t.Fatalf("the page leads no further: %s", page)
	}
	return s.open(c, s.url+html.UnescapeString(next[1]))
}

func TestSomebodySignsInThroughTheProviderWithTheRoleOfTheirGroups(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string][]string{"id1": {"ml-admins", "trainers"}, "id2": {"lookers", "trainers", "lab"}})
	host, _, _ := strings.Cut(strings.TrimPrefix(s.issuer, "http://"), ":")
	for user, want := range map[string]struct{ role, workspaces string }{
		"test-user@" + host: {"admin", ""},
		"test-user2":        {"editor", "nlp_train cv_lab"},
	} {
		c := s.browser()
		_, page := s.logIn(c, user)
		if answer, body := s.step(c, page); answer.StatusCode != 200 || body != "the console" {
			t.Fatalf("%s ends at %s: %d %s", user, answer.Request.URL, answer.StatusCode, body)
		}
		answer, body := s.open(c, s.url+"/api/v1/session")
		var who Caller
		said{t, answer.StatusCode, answer.Header, body}.must(200).into(&who)
		if who.Via != "provider" || who.Role != want.role || strings.Join(who.Workspaces, " ") != want.workspaces || who.PAIUser != "2000" ||
			!strings.HasPrefix(who.ID, "u") || who.Name == "" {
			t.Errorf("%s is %+v, want %+v", user, who, want)
		}
	}
	list, err := s.keys.Audit(t.Context(), access.AuditFilter{Action: "session"}, 0, 10)
	if err != nil || len(list) != 2 || list[0].Via != access.ByProvider || list[0].Address != "127.0.0.1" {
		t.Errorf("audit = %+v, %v", list, err)
	}
}

func TestWhoseGroupsHaveNoRoleIsNotLetIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string][]string{"id2": {"strangers"}})
	c := s.browser()
	_, page := s.logIn(c, "test-user2")
	answer, body := s.step(c, page)
	said{t, answer.StatusCode, answer.Header, body}.code(403, "NoRole")
	answer, body = s.open(c, s.url+"/api/v1/session")
	said{t, answer.StatusCode, answer.Header, body}.code(401, "Unauthenticated")
}

func TestWhoIsRefusedASignInSeesAPageThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string][]string{"id2": {"strangers"}})
	see := func(c *http.Client, address, language string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		r.Header.Set("Accept-Language", language)
		answer, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, string(body)
	}
	c := s.browser()
	_, page := s.logIn(c, "test-user2")
	finish := s.url + html.UnescapeString(further.FindStringSubmatch(page)[1])
	for _, want := range []struct {
		address, language string
		status            int
		texts             []string
	}{
		{finish, "en", 403, []string{"You are not signed in", "OIDC_ROLES", "NoRole", `lang="en"`}},
		{finish, "zh-CN", 401, []string{"未能登录", "请重新登录", "Unauthenticated", `lang="zh"`}}, // it was ended
		{s.url + finishPath + "?state=" + strings.Repeat("x", 300), "en", 422, []string{"You are not signed in", "query.state"}},
		{s.url + finishPath + "?state=" + url.QueryEscape("<script>") + strings.Repeat("x", 300), "en", 422, []string{"query.state"}},
	} {
		answer, body := see(c, want.address, want.language)
		if answer.StatusCode != want.status || answer.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
			!strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'none'") || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d with %v", want.address, answer.StatusCode, answer.Header)
		}
		for _, text := range append(want.texts, `<a href="/">`) {
			if !strings.Contains(body, text) {
				t.Errorf("the page lacks %q: %s", text, body)
			}
		}
		if strings.Contains(body, "<script") || strings.Contains(body, `"code":`) {
			t.Errorf("page %s", body)
		}
	}
	// Elsewhere, and with a sign-in that can go on, nothing is a page of this kind.
	if answer, body := see(c, s.url+"/api/v1/session", "en"); answer.StatusCode != 401 || !strings.Contains(body, `"code":"Unauthenticated"`) {
		t.Errorf("another path: %d %s", answer.StatusCode, body)
	}
	if answer, body := see(c, s.url+startPath, "en"); answer.StatusCode != 200 || loginID.FindString(body) == "" {
		t.Errorf("the provider's page: %d %s", answer.StatusCode, body)
	}
}

func TestAPersonsSessionsEndAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string][]string{"id2": {"ml-admins"}})
	phone, desk := s.browser(), s.browser()
	for _, c := range []*http.Client{phone, desk} {
		_, page := s.logIn(c, "test-user2")
		s.step(c, page)
	}
	var who Caller
	answer, body := s.open(desk, s.url+"/api/v1/session")
	said{t, answer.StatusCode, answer.Header, body}.must(200).into(&who)
	s.raw("POST", "/session", "", "Authorization", "Bearer "+s.key).must(200)
	list := func() (ids []string) {
		var all struct{ Items []Session }
		s.raw("GET", "/sessions", "", "Authorization", "Bearer "+s.key).must(200).into(&all)
		for _, one := range all.Items {
			ids = append(ids, one.Via+" "+one.ID)
			if one.Name == "" || one.Opened.IsZero() || !one.Ends.After(one.LastUsed) {
				t.Errorf("session %+v", one)
			}
		}
		slices.Sort(ids)
		return ids
	}
	keyID := strings.Split(s.key, "_")[1]
	if got, want := list(), []string{"provider " + who.ID, "provider " + who.ID, "session " + keyID}; !slices.Equal(got, want) {
		t.Errorf("sessions %v, want %v", got, want)
	}
	for i, want := range []string{`{"ended":2}`, `{"ended":0}`} {
		if got := s.raw("DELETE", "/sessions/"+who.ID, "", "Authorization", "Bearer "+s.key).must(200); strings.TrimSpace(got.text) != want {
			t.Errorf("call %d says %s, want %s", i+1, got.text, want)
		}
	}
	for name, c := range map[string]*http.Client{"phone": phone, "desk": desk} {
		if answer, body := s.open(c, s.url+"/api/v1/session"); answer.StatusCode != 401 {
			t.Errorf("the session at the %s goes on: %d %s", name, answer.StatusCode, body)
		}
	}
	if got := list(); !slices.Equal(got, []string{"session " + keyID}) {
		t.Errorf("left are %v", got)
	}
	rows, err := s.keys.Audit(t.Context(), access.AuditFilter{Action: "session.endAll", Object: who.ID}, 0, 10)
	if err != nil || len(rows) != 4 || rows[1].Who != keyID || rows[1].Outcome != access.Done || !strings.Contains(rows[1].After, `"ended":2`) {
		t.Errorf("audit = %+v, %v", rows, err)
	}
	s.raw("DELETE", "/sessions/"+keyID, "", "Authorization", "Bearer "+s.key).must(200)
	if got := list(); len(got) != 0 {
		t.Errorf("left are %v", got)
	}
	for _, id := range []string{"%25", "u1", "x'--"} {
		s.raw("DELETE", "/sessions/"+url.PathEscape(id), "", "Authorization", "Bearer "+s.key).code(422, "Invalid")
	}
}

func TestASignInEndsOnceAndOnlyInTheBrowserThatBeganIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string][]string{"id2": {"lookers"}})
	end := func(c *http.Client, page string) said {
		answer, body := s.step(c, page)
		return said{t, answer.StatusCode, answer.Header, body}
	}
	// Somebody is sent the address that another's sign-in came back to.
	mine, theirs := s.browser(), s.browser()
	_, page := s.logIn(mine, "test-user2")
	end(theirs, page).code(401, "Unauthenticated")
	s.logIn(theirs, "test-user2") // has a sign-in of their own under way
	end(theirs, page).code(401, "Unauthenticated")
	// The right one ends it, once.
	if a := end(mine, page); a.status != 200 {
		t.Errorf("the browser that began it: %d %s", a.status, a.text)
	}
	end(mine, page).code(401, "Unauthenticated")
	// A code that was used, and one that never was.
	other := s.browser()
	_, page = s.logIn(other, "test-user2")
	forged := regexp.MustCompile(`code=[^&]*`).ReplaceAllString(page, "code=forged")
	end(other, forged).code(502, "ProviderRefused")
	end(other, page).code(401, "Unauthenticated") // the sign-in is over
	// Too late.
	late := s.browser()
	_, page = s.logIn(late, "test-user2")
	s.pass(access.SignInTime)
	end(late, page).code(401, "Unauthenticated")
}

func TestWhatComesBackIsNotWrittenIntoThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	answer, body := s.open(s.browser(), s.url+callbackPath+"?code="+url.QueryEscape(`"><script>alert(1)</script>`)+"&state="+url.QueryEscape(`'";</a>`))
	if strings.Contains(body, "<script") || strings.Count(body, `"`) > 12 || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("page %s with policy %q", body, answer.Header.Get("Content-Security-Policy"))
	}
	c := s.browser()
	s.open(c, s.url+startPath)
	refused, text := s.open(c, s.url+finishPath+"?error=access_denied&state=x")
	said{t, refused.StatusCode, refused.Header, text}.code(401, "Unauthenticated")
}

func TestWithoutAProviderOrOutOfItsReachTheAnswerSaysSo(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for _, path := range []string{"/start", "/callback", "/finish"} {
		h.raw("GET", "/session/provider"+path, "").code(404, "NoProvider")
	}
	if answer := h.raw("GET", "/session/provider", "").must(200); !strings.Contains(answer.text, `"available":false`) {
		t.Errorf("about the provider: %s", answer.text)
	}
	h.provider = newProvider(environment.Provider{Issuer: "http://127.0.0.1:1", ClientID: "x", ClientSecret: "hunter2", PublicURL: "http://127.0.0.1"})
	h.raw("GET", "/session/provider/start", "").code(502, "ProviderRefused")
}

func TestARoleComesOfTheGroupsOfAPerson(t *testing.T) {
	t.Parallel()
	roles, err := environment.ParseRoles("a=viewer,b=editor@x,c=editor@y+x,d=editor,e=admin@z")
	if err != nil {
		t.Fatal(err)
	}
	for groups, want := range map[string]string{
		"": "none", "q": "none", "a": "viewer []", "b": "editor [x]", "a b": "editor [x]", "b c": "editor [x y]", "c b a": "editor [x y]",
		"b d": "editor []", "d c": "editor []", "e d": "admin [z]", "a b c d e": "admin [z]",
	} {
		got := "none"
		if role, workspaces, ok := rights(roles, strings.Fields(groups)); ok {
			got = fmt.Sprint(role, " ", workspaces)
		}
		if got != want {
			t.Errorf("groups %q: %s, want %s", groups, got, want)
		}
	}
}
