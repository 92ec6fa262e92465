package message

import (
	"net/url"
	"strings"
	"testing"

	"pai-notify/shared/event"
)

func TestALinkLeadsToTheConfiguredConsoleOrNowhere(t *testing.T) {
	t.Parallel()
	full := event.View{Source: "dlc", Region: "cn-hangzhou", WorkspaceID: "20001", ID: "dlc 1/2"}
	built := "https://pai.console.aliyun.com/?regionId=cn-hangzhou&workspaceId=20001#/dlc/jobs/dlc%201%2F2/overview"
	for given, want := range map[string]string{
		"https://pai.console.aliyun.com/?regionId=r#/x?a=b&c=d": "https://pai.console.aliyun.com/?regionId=r#/x?a=b&c=d",
		"https://pai.console.alibabacloud.com/?regionId=r#/x":   "https://pai.console.aliyun.com/?regionId=r#/x",
		"HTTPS://PAI.console.aliyun.com#/x%20y":                 "https://pai.console.aliyun.com#/x%20y",
		"https://pai.console.aliyun.com/#/x)[y](z)<a>\"'`*%zz":  "https://pai.console.aliyun.com/#/x%29%5By%5D%28z%29%3Ca%3E%22%27%60%2A%25zz",
		"https://pai.console.aliyun.com/\n#/任务":                 "https://pai.console.aliyun.com/%0A#/%E4%BB%BB%E5%8A%A1",
		"":                                        built,
		"http://pai.console.aliyun.com/x":         built,
		"https://pai.console.aliyun.com:444/x":    built,
		"https://pai.console.aliyun.com@evil/x":   built,
		"https://pai.console.aliyun.com\\@evil/x": built,
		"https://pai.console.aliyun.com.evil/x":   built,
		"https://user@pai.console.aliyun.com/x":   built,
		"javascript:alert(1)":                     built,
		"https://pai.console.aliyun.com/" + strings.Repeat("x", maxLink): built,
	} {
		full.ConsoleLink = given
		if got := link(full, full.Region, Options{}); got != want {
			t.Errorf("link of %q = %q, want %q", given, got, want)
		}
	}
}

func TestALinkIsRehostedToTheConfiguredConsole(t *testing.T) {
	t.Parallel()
	o := Options{ConsoleHost: "pai.console.alibabacloud.com"}
	v := event.View{Source: "dlc", ConsoleLink: "https://pai.console.aliyun.com/?a=b#/c"}
	if got, want := link(v, "", o), "https://pai.console.alibabacloud.com/?a=b#/c"; got != want {
		t.Errorf("link = %q, want %q", got, want)
	}
}

func TestEveryFormMakesALinkAndNoneWithoutItsParts(t *testing.T) {
	t.Parallel()
	full := event.View{Region: "cn-hangzhou", WorkspaceID: "20001", ID: "a?b#c&d", Name: "n", Version: "0.3.0"}
	for source := range forms() {
		v := full
		v.Source = source
		got := link(v, v.Region, Options{})
		u, err := url.Parse(got)
		if err != nil || u.Host != consoleHost || u.Scheme != "https" || !strings.Contains(got, "a%3Fb%23c%26d") || strings.Contains(got, "{") {
			t.Errorf("link of %s = %q, %v", source, got, err)
		}
		v.ID = ""
		if got := link(v, v.Region, Options{}); got != "" {
			t.Errorf("link of %s without id = %q, want none", source, got)
		}
		v.ID = "x"
		if got := link(v, "", Options{}); got != "" {
			t.Errorf("link of %s without region = %q, want none", source, got)
		}
	}
	for _, form := range []string{"https://evil/{id}", "{host}", "https://{host}/{secret}", "https://{host}/{id", "https://{host}evil/"} {
		full.Source = "dlc"
		got := link(full, full.Region, Options{Links: map[string]string{"dlc": form}})
		if got != "" && !strings.HasPrefix(got, "https://pai.console.aliyun.com/") {
			t.Errorf("the form %q gives %q", form, got)
		}
	}
	if got, want := link(full, "", Options{Links: map[string]string{"dlc": "https://{host}/x/{name}"}}), "https://pai.console.aliyun.com/x/n"; got != want {
		t.Errorf("link of a configured form = %q, want %q", got, want)
	}
}

func FuzzLinkNeverLeavesTheConsole(f *testing.F) {
	f.Add("https://pai.console.aliyun.com/?a#/b", "dlc1")
	f.Add("https://pai.console.aliyun.com@evil", "x")
	f.Fuzz(func(t *testing.T, given, id string) {
		got := link(event.View{Source: "flow", ConsoleLink: given, ID: id}, "r", Options{})
		if got == "" {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Host != consoleHost || u.User != nil || u.Scheme != "https" || strings.ContainsAny(got, " \n\r\"'()<>[]`*\\{}|^") {
			t.Errorf("link(%q, %q) = %q, %v", given, id, got, err)
		}
	})
}

func TestAFormOfTheDeploymentGoesBeforeTheEventsOwnLink(t *testing.T) {
	t.Parallel()
	v := event.View{Source: "dlc", ID: "dlc1", ConsoleLink: "https://pai.console.aliyun.com/#/own"}
	o := Options{Links: map[string]string{"dlc": "https://{host}/#/jobs/{id}?r={region}"}}
	if got, want := link(v, "cn-hangzhou", o), "https://pai.console.aliyun.com/#/jobs/dlc1?r=cn-hangzhou"; got != want {
		t.Errorf("link = %q, want %q", got, want)
	}
	if got, want := link(v, "", o), "https://pai.console.aliyun.com/#/own"; got != want {
		t.Errorf("where a value is missing: %q, want %q", got, want)
	}
	o.ConsoleHost = NoLinks
	if got := link(v, "cn-hangzhou", o); got != "" {
		t.Errorf("a deployment without links has %q", got)
	}
}

func TestFormsOfLinksAreCheckedWhereTheyAreSaved(t *testing.T) {
	t.Parallel()
	for source, form := range forms() {
		if err := CheckLink(form); err != nil {
			t.Errorf("%s: %v", source, err)
		}
	}
	for form, want := range map[string]string{
		"":                        "must begin with",
		"https://evil.example/":   "must begin with",
		"https://{host}":          "must begin with",
		"https://{host}@evil/":    "must begin with",
		"https://{host}/#/{job}":  `names "job"`,
		"https://{host}/#/{id":    `names "id"`,
		"https://{host}/#/id}":    "percent",
		"https://{host}/#/a b":    "percent",
		"https://{host}/#/a)[b](": "percent",
		"https://{host}/#/@all":   "percent",
		"https://{host}/" + strings.Repeat("x", 500): "at most 500",
	} {
		if err := CheckLink(form); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("CheckLink(%q) = %v, want %q", form, err, want)
		}
	}
	got := CheckLinks(map[string]string{"dlc": "https://{host}/#/{id}", "flow": "x", "nope": "https://{host}/"}, []string{"dlc", "flow"})
	if len(got) != 2 || got[0].Field != "flow" || got[1].Field != "nope" || !strings.Contains(got[1].Text.Error(), "there are dlc, flow") {
		t.Errorf("problems %+v", got)
	}
}
