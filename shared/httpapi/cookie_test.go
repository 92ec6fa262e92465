package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func FuzzNoCredentialComesFromElsewhere(f *testing.F) {
	f.Add("Bearer pnk_a_b", "__Host-pai-notify=pns_x", "same-origin", "https://a.example", "a.example", "POST")
	f.Add("", "__Host-pai-notify=pns_x; pai-notify=pns_y", "cross-site", "null", "127.0.0.1:80", "DELETE")
	f.Add("basic x", "pai-notify=pns_x", "", "http://127.0.0.1:9701", "127.0.0.1:9701", "PUT")
	f.Fuzz(func(t *testing.T, authorization, cookies, site, origin, host, method string) {
		r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
		r.Method, r.Host = method, host
		for name, value := range map[string]string{"Authorization": authorization, "Cookie": cookies, "Sec-Fetch-Site": site, "Origin": origin} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		from := sourceOf(r)
		key, err := credential(r, from)
		switch {
		case err != nil:
		case key == "":
			t.Fatal("nothing was let through")
		case authorization != "":
			if strings.HasPrefix(key, sessionPrefix) || !strings.Contains(authorization, key) {
				t.Fatalf("Authorization %q gives %q", authorization, key)
			}
		case !strings.HasPrefix(key, sessionPrefix):
			t.Fatalf("cookie %q gives %q", cookies, key)
		case method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions &&
			site != "same-origin" && site != "none" && (site != "" || origin == ""):
			t.Fatalf("%s from site %q, origin %q was let through", method, site, origin)
		}
		if from.Plain && !loopback(host) {
			t.Fatalf("host %q counts as this machine", host)
		}
	})
}
