package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pai-notify/shared/access"
)

const stranger = "200000000000000002" // PAI user of somebody else

// scoped is a rule about some objects.
func scoped(name string, scope object) object {
	return changed(draft(name, dingtalk("ops")), scope, "event", "scope")
}

func TestOnlyAnAdministratorHasWhatIsPrivateToOthersTold(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	scopes := map[string]struct {
		scope object
		ours  bool // an editor may have it
	}{
		"all":             {object{"kind": "allInWorkspace"}, false},
		"one job":         {object{"kind": "objects", "ids": []string{"dlc1"}}, false},
		"a prefix":        {object{"kind": "namePrefix", "prefix": "llm"}, false},
		"a quota":         {object{"kind": "resourceQuota", "ids": []string{"quota1"}}, false},
		"another user":    {object{"kind": "creators", "ids": []string{author, stranger}}, false},
		"oneself by name": {object{"kind": "creators", "ids": []string{author}}, true},
		"oneself":         {object{"kind": "createdByMe"}, true},
	}
	n := 0
	for what, c := range scopes {
		for _, role := range []access.Role{access.Editor, access.Admin} {
			n++
			h.may(role, "[]", author)
			path, r := fmt.Sprintf("%s/r%d", rules, n), scoped(fmt.Sprintf("r%d", n), c.scope)
			preview := h.preview(r, "")
			made := h.ask(http.MethodPost, rules, r)
			if role == access.Admin || c.ours {
				made.must(201)
				if len(preview.Faults) > 0 {
					t.Errorf("%s, %s: the preview finds %v", what, role, preview.Faults)
				}
				continue
			}
			made.faultAt("event.scope.kind")
			if !strings.Contains(made.text, "createdByMe") || !strings.Contains(made.text, "administrator") {
				t.Errorf("%s: the fault does not say what to do: %s", what, made.text)
			}
			if len(preview.Faults) != 1 || preview.Faults[0].Path != "event.scope.kind" {
				t.Errorf("%s: the preview finds %v", what, preview.Faults)
			}
			h.ask(http.MethodGet, path, nil).problem(404, "RuleNotFound")
		}
	}
	// Of notifications nothing is private.
	h.may(access.Editor, "[]", author)
	r := scoped("dead", object{"kind": "allInWorkspace"})
	changed(r, "delivery", "event", "source")
	changed(r, []string{"delivery.dead"}, "event", "options")
	h.ask(http.MethodPost, rules, r).must(201)
}

func TestARuleOfAnothersPrivateJobsCannotBeTurnedToOneself(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.may(access.Editor, "[]", stranger)
	h.ask(http.MethodPost, rules, scoped("theirs", object{"kind": "createdByMe"})).must(201)
	h.may(access.Admin, "[]", author)
	h.ask(http.MethodPost, rules, draft("all", dingtalk("ops"))).must(201)
	h.may(access.Editor, "[]", author)
	for _, name := range []string{"theirs", "all"} {
		r := scoped(name, object{"kind": "createdByMe"})
		if name == "all" {
			r = draft(name, dingtalk("mine"))
		}
		h.ask(http.MethodPut, rules+"/"+name, r).faultAt("event.scope.kind")
		h.ask(http.MethodPost, rules+"/"+name+":disable", nil).must(200) // to quiet it tells nobody
	}
	// Its own author and an administrator may; so may whoever makes it a rule about their own.
	h.may(access.Editor, "[]", stranger)
	h.ask(http.MethodPut, rules+"/theirs", scoped("theirs", object{"kind": "createdByMe"})).must(200)
	h.may(access.Admin, "[]", author)
	h.ask(http.MethodPut, rules+"/theirs", scoped("theirs", object{"kind": "createdByMe"})).must(200)
}

func TestAPreviewLeavesOutWhatIsPrivateToOthersAndSaysSo(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for id, data := range map[string]string{
		"public":  `{"jobId":"dlc1","userId":"` + stranger + `","accessibility":"PUBLIC"}`,
		"private": `{"jobId":"dlc2","displayName":"hush","userId":"` + stranger + `","accessibility":"PRIVATE"}`,
		"unsaid":  `{"jobId":"dlc3","displayName":"hush","userId":"` + stranger + `"}`,
		"nobody":  `{"jobId":"dlc4","displayName":"hush","accessibility":"PRIVATE"}`,
		"mine":    `{"jobId":"dlc5","userId":"` + author + `","accessibility":"PRIVATE"}`,
	} {
		h.see(`{"specversion":"1.0","id":"` + id + `","source":"acs.paidlc","type":"paidlc:Job:Failed","data":` + data + `}`)
	}
	for name, c := range map[string]struct {
		role    access.Role
		paiUser string
		leftOut int
	}{
		"viewer without a PAI user": {access.Viewer, "", 4},
		"viewer":                    {access.Viewer, author, 3},
		"editor":                    {access.Editor, author, 3},
		"the owner":                 {access.Editor, stranger, 2},
		"administrator":             {access.Admin, "", 0},
	} {
		h.may(c.role, "[]", c.paiUser)
		answer := h.ask("POST", rules+":preview", draft("x1", dingtalk("ops"))).must(200)
		var p Preview
		answer.into(&p)
		recent := 0
		for _, e := range p.Events {
			if e.Origin == Recent {
				recent++
			}
		}
		if p.LeftOut != c.leftOut || recent != 5-c.leftOut {
			t.Errorf("%s: %d events, %d left out, want %d left out", name, recent, p.LeftOut, c.leftOut)
		}
		if c.paiUser != stranger && c.role != access.Admin {
			if strings.Contains(answer.text, "hush") || strings.Contains(answer.text, "dlc2") {
				t.Errorf("%s sees %s", name, answer.text)
			}
			h.ask("POST", rules+":preview?event=private", draft("x1", dingtalk("ops"))).faultAt("query.event")
		}
	}
}
