package main

import (
	"net/http"
	"testing"

	"pai-notify/shared/access"
)

func TestAPreviewLetsEditorsSeeWhetherASecretIsTheSavedOne(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var saved Rule
	h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated).into(&saved)
	p := h.preview(draft("nightly", dingtalk("ops")), "")
	for name, was := range saved.Targets[0].Secrets {
		if now := p.Secrets["ops"][name]; now != was || now.Fingerprint == "" {
			t.Errorf("%s of the draft is %+v, of the saved rule %+v, want the same", name, now, was)
		}
	}
	other := dingtalk("ops")
	other["settings"].(object)["secret"] = "SEC-another-secret-of-the-robot"
	p = h.preview(draft("nightly", other), "")
	if p.Secrets["ops"]["secret"] == saved.Targets[0].Secrets["secret"] {
		t.Error("another secret has the fingerprint of the saved one")
	}
	h.may(access.Viewer, "[]", "")
	if p = h.preview(draft("nightly", other), ""); len(p.Secrets) > 0 {
		t.Errorf("a viewer, who could try guesses, is told %v", p.Secrets)
	}
}
