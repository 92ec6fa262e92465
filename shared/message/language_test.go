package message

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"pai-notify/shared/event"
)

func TestEveryLanguageHasEveryTextAndNothingElse(t *testing.T) {
	t.Parallel()
	if len(Languages()) < 2 {
		t.Fatalf("Languages() = %v, want at least en and zh", Languages())
	}
	en := wordsOf("en")
	for _, language := range Languages() {
		raw, err := embeddedTexts.ReadFile("texts/" + language + ".json")
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.DisallowUnknownFields()
		if err := d.Decode(&words{}); err != nil {
			t.Errorf("%s: %v", language, err)
		}
		var walk func(path string, v, same reflect.Value)
		walk = func(path string, v, same reflect.Value) {
			for i := range v.NumField() {
				name := path + "." + v.Type().Field(i).Name
				switch field := v.Field(i); {
				case name == language+".Outcomes":
				case field.Kind() == reflect.Map:
					for _, key := range same.Field(i).MapKeys() {
						text := field.MapIndex(key)
						if !text.IsValid() || text.String() == "" && same.Field(i).MapIndex(key).String() != "" {
							t.Errorf("%s lacks %s", name, key)
						}
					}
					if field.Len() != same.Field(i).Len() || field.Len() == 0 {
						t.Errorf("%s has %d texts, en has %d", name, field.Len(), same.Field(i).Len())
					}
				case field.Kind() == reflect.Struct:
					walk(name, field, same.Field(i))
				case field.String() == "" && name != language+".Gap":
					t.Errorf("%s is empty", name)
				}
			}
		}
		w := wordsOf(language)
		walk(language, reflect.ValueOf(w).Elem(), reflect.ValueOf(en).Elem())
		if !strings.Contains(w.Cut, "{n}") || !strings.HasSuffix(w.Cut, ellipsis) {
			t.Errorf("%s: cut %q lacks {n} or does not end with %s", language, w.Cut, ellipsis)
		}
		if !strings.Contains(w.Test.Title, "{channel}") {
			t.Errorf("%s: the test title %q lacks {channel}", language, w.Test.Title)
		}
		for _, field := range Fields() {
			if w.Labels[field] == "" {
				t.Errorf("%s: field %s has no label", language, field)
			}
		}
	}
	if got := wordsOf("zh-CN").language + wordsOf("fr").language + wordsOf("").language; got != "zhenen" {
		t.Errorf("languages of zh-CN, fr and none are %s, want zh, en, en", got)
	}
}

func TestAnotherLanguageIsAnotherFile(t *testing.T) {
	t.Parallel()
	en, err := embeddedTexts.ReadFile("texts/en.json")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(en), `"labels": {`, `"outcomes": {"dlc.failed": "Tâche échouée"}, "labels": {`, 1)
	all := readWords(fstest.MapFS{"texts/en.json": {Data: en}, "texts/fr.json": {Data: []byte(text)}})
	if got := tags(all); strings.Join(got, " ") != "en fr" {
		t.Errorf("the files give the languages %v, want en and fr", got)
	}
	if err := checkTag(all, "fr"); err != nil {
		t.Errorf("fr has a file and %v", err)
	}
	if err := checkTag(all, "zh"); err == nil || err.Error() != "must be one of en, fr" {
		t.Errorf("zh has no file: %v", err)
	}
	e, v := failed()
	if got, want := title(e, v, all["fr"]), "Tâche échouée: llm-sft-7b"; got != want {
		t.Errorf("title = %q, want %q: the catalogue needs no word of it", got, want)
	}
	if got, want := title(e, v, all["en"]), "Job failed: llm-sft-7b"; got != want {
		t.Errorf("title = %q, want %q", got, want)
	}
}

func TestEveryEventAndCauseHasANextStepInEveryLanguage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../catalog/catalog.gen.json")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Sources map[string]struct{ Events map[string]any }
	}
	if err := json.Unmarshal(raw, &c); err != nil || len(c.Sources) < 5 {
		t.Fatalf("%d sources, %v", len(c.Sources), err)
	}
	want := map[string]bool{"restartsItself": true}
	for source, s := range c.Sources {
		for event := range s.Events {
			want[source+"."+event] = true
		}
	}
	for _, cause := range causes() {
		want[cause.Next] = true
		if len(cause.Words)+len(cause.Codes)+len(cause.Queue)+len(cause.Exits) == 0 {
			t.Errorf("cause %s fits nothing", cause.Next)
		}
	}
	for _, language := range Languages() {
		w := wordsOf(language)
		for key := range want {
			if w.Next[key] == "" {
				t.Errorf("%s: no next step for %s", language, key)
			}
		}
		for key := range w.Next {
			if !want[key] {
				t.Errorf("%s: nothing has the next step %s", language, key)
			}
		}
	}
}

func TestTheNextStepFollowsTheCauseAndElseTheOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(v *event.View)
		want   string
	}{
		"the reason's words":    {func(v *event.View) { v.Reason = "x\nRuntimeError: CUDA out of memory. Tried" }, "gpuMemory"},
		"the reason's code":     {func(v *event.View) { v.ReasonCode, v.Reason = "ResourceAllocateFailed", "" }, "resources"},
		"an exit code in words": {func(v *event.View) { v.Reason = "Worker-0 exited with code 127" }, "command"},
		"an exit code as data":  {func(v *event.View) { v.Reason, v.Extra["exitCode"] = "", json.RawMessage(`139`) }, "native"},
		"why it waits":          {func(v *event.View) { v.Reason, v.Extra["queueCause"] = "", json.RawMessage(`"self_quota"`) }, "quota"},
		"it restarts by itself": {func(v *event.View) { v.Extra["willRestart"] = json.RawMessage(`true`) }, "restartsItself"},
		"nothing known":         {func(v *event.View) { v.Reason = "something new" }, "dlc.failed"},
		"all is well":           {func(v *event.View) { v.Failing, v.Severity, v.What = false, event.Info, "succeeded" }, "dlc.succeeded"},
	} {
		_, v := failed()
		v.Extra = map[string]json.RawMessage{}
		c.change(&v)
		got := ""
		for _, f := range New(event.Event{}, v, Options{Language: "zh"}).Facts {
			if f.Field == "next" {
				got = f.Value
			}
		}
		if want := wordsOf("zh").Next[c.want]; got != want {
			t.Errorf("%s: next step %q, want %q", name, got, want)
		}
	}
}
