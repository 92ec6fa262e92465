package ruletest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
)

func put(t *testing.T, s Setup, r rule.Rule, match string) rule.Saved {
	t.Helper()
	saved, err := s.Store.Put(context.Background(), s.Workspace, r, match)
	if err != nil {
		t.Fatalf("Put %s: %v", r.Name, err)
	}
	return saved
}

func ids(targets []rule.Target) []string {
	list := make([]string, len(targets))
	for i, t := range targets {
		list[i] = t.ID + " " + t.Channel
	}
	return list
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var e *rule.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s = %v, want a *rule.Error %s", what, err, code)
		return
	}
	if e.Code != rule.CodeUnavailable && (e.Advice["en"] == "" || e.Advice["zh"] == "") {
		t.Errorf("%s: no advice in two languages with %v", what, err)
	}
	if strings.Contains(err.Error(), PlantedSecret) || strings.Contains(err.Error(), PlantedToken) {
		t.Errorf("%s: the error holds a secret: %v", what, err)
	}
}

func wantFaults(t *testing.T, err error, paths ...string) {
	t.Helper()
	var invalid smithy.InvalidParamsError
	if !errors.As(err, &invalid) {
		t.Errorf("error %v, want faults at %v", err, paths)
		return
	}
	var got []string
	for _, f := range fault.List(invalid) {
		got = append(got, f.Path)
		if both := f.Text + f.ZH; strings.Contains(both, PlantedSecret) || strings.Contains(both, PlantedToken) {
			t.Errorf("fault of %s holds a secret: %s", f.Path, both)
		}
		if f.ZH == "" || f.ZH == f.Text {
			t.Errorf("fault of %s is not told in Chinese: %s", f.Path, f.Text)
		}
	}
	less := func(a, b string) bool { return a < b }
	if diff := cmp.Diff(paths, got, cmpopts.SortSlices(less)); diff != "" {
		t.Errorf("paths of faults (-want +got):\n%s", diff)
	}
}
