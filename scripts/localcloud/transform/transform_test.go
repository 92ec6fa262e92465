package transform

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryCaseOfTheProductPages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/transform-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Form, Value, Template string
		Event                       json.RawMessage
		Output                      *string
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got := apply(t, c.Form, c.Value, c.Template, string(c.Event))
			if c.Output != nil {
				if got != *c.Output {
					t.Errorf("got %s, want %s", got, *c.Output)
				}
				return
			}
			// The page shows no output: the variables must be replaced by the event's own JSON.
			var event struct{ Data map[string]any }
			var body map[string]any
			if err := json.Unmarshal(c.Event, &event); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(got), &body); err != nil {
				t.Fatalf("body %s: %v", got, err)
			}
			if diff := cmp.Diff(event.Data, body); diff != "" {
				t.Errorf("body differs from data: %s", diff)
			}
		})
	}
}

const sample = `{"id":"1","source":"s","data":{"s":"a \"q\" <b>&'","n":12345678901234567890.10,"big":9007199254740993,` +
	`"t":true,"z":null,"o":{"b":1, "a":[1,{"x-y":2}]},"e":"","x-limit":7,"inj":"${n} ${jsonEscape(s)}","u":"中\n\u0001"}}`

func TestForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, form, value, template, want string }{
		{"original is the event's bytes", Original, "", "", sample},
		{"a constant is not searched for variables", Constant, "${n} $.data", "", "${n} $.data"},
		{"a path to text gives its characters", JSONPath, "$.data.s", "", `a "q" <b>&'`},
		{"a path to a number is not rounded", JSONPath, "$.data.n", "", "12345678901234567890.10"},
		{"a path to an object gives its own text", JSONPath, "$.data.o", "", `{"b":1, "a":[1,{"x-y":2}]}`},
		{"a path to nothing gives nothing", JSONPath, "$.data.missing.deeper", "", ""},
		{"a path that selects many gives a list", JSONPath, "$.data['big','t']", "", "[9007199254740993,true]"},
		{"a path of names with dashes", JSONPath, "$.data.o.a[1].x-y", "", "2"},
		{"a negative index counts from the end", JSONPath, "$.data.o.a[-1]", "", `{"x-y":2}`},
		{"integers beyond 2^53", Template, `{"v":"$.data.big"}`, "${v}", "9007199254740993"},
		{"booleans and null in JSON form", Template, `{"t":"$.data.t","z":"$.data.z"}`, "${t} ${z}", "true null"},
		{"missing and empty are empty", Template, `{"m":"$.data.m","e":"$.data.e"}`, "<${m}${e}>", "<>"},
		{"null escaped is null", Template, `{"z":"$.data.z"}`, `${jsonEscape(z)}`, "null"},
		{"text escaped for JSON", Template, `{"s":"$.data.s","u":"$.data.u"}`, `"${jsonEscape(s)}" "${jsonEscape(u)}"`,
			`"a \"q\" <b>&'" "中\n\u0001"`},
		{"text escaped for HTML", Template, `{"s":"$.data.s"}`, "${htmlEscape(s)}", `a &quot;q&quot; &lt;b&gt;&amp;'`},
		{"an object escaped is text", Template, `{"o":"$.data.o.a"}`, `"${jsonEscape(o)}"`, `"[1,{\"x-y\":2}]"`},
		{"inserted values are not substituted again", Template, `{"inj":"$.data.inj","n":"$.data.n"}`, "${inj}|${n}",
			"${n} ${jsonEscape(s)}|12345678901234567890.10"},
		{"the whole event", Template, `{"all":"$"}`, "[${all}]", "[" + sample + "]"},
		{"an indefinite path is a constant", Template, `{"a":"$..s","b":"$.data[*]"}`, "${a} ${b}", "$..s $.data[*]"},
		{"a broken path is a constant", Template, `{"a":"$.[","b":"5$"}`, "${a} ${b}", "$.[ 5$"},
		{"scalars are constants", Template, `{"a":1.50,"b":true,"c":null}`, "${a} ${b} ${c}", "1.50 true null"},
		{"an unknown variable stays", Template, `{"a":"x"}`, "${b} ${jsonEscape(c)} ${a}", "${b} ${jsonEscape(c)} x"},
		{"an unclosed variable stays", Template, `{"a":"x"}`, "${a} ${a", "x ${a"},
		{"a variable right behind a stray opening", Template, `{"a":"x"}`, "${${a}}", "${x}"},
		{"escaped dollars stay as they are", Template, `{"a":"x"}`, `{"k":"\u0024{a}"}`, `{"k":"\u0024{a}"}`},
		{"no Value at all", Template, "", "plain", "plain"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := apply(t, c.form, c.value, c.template, sample); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestCompileSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("中", MaxChars)
	for _, c := range []struct{ name, form, value, template, want string }{
		{"unknown form", "XML", "", "", "XML"},
		{"no form", "", "", "", "ORIGINAL"},
		{"value too long", Constant, long + "x", "", "Value has 10241 characters"},
		{"template too long", Template, "", long + "x", "Template has 10241 characters"},
		{"value not JSON", Template, "{", "x", "not a JSON object"},
		{"value a list", Template, "[]", "x", "not a JSON object"},
		{"value nested", Template, `{"a":{"b":"$.c"}}`, "x", `"a" is nested`},
		{"value with an array", Template, `{"a":["$.c"]}`, "x", `"a" is nested`},
		{"no template", Template, `{}`, "", "needs a Template"},
		{"path without root", JSONPath, "data.x", "", "start with $"},
		{"path empty", JSONPath, "", "", "start with $"},
		{"path broken", JSONPath, "$.a[", "", "not a JSONPath"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Compile(c.form, c.value, c.template)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	if _, err := Compile(Template, "", long); err != nil {
		t.Errorf("a template of %d characters: %v", MaxChars, err)
	}
}

func TestApplyRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	for _, event := range []string{"", "{", "{} {}", strings.Repeat("[", 100_000)} {
		tr, err := Compile(Template, `{"a":"$.a"}`, "${a}")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Apply([]byte(event)); err == nil {
			t.Errorf("event %.20q: no error", event)
		}
	}
}

func FuzzTransform(f *testing.F) {
	f.Add(Template, `{"a":"$.data.s","b":"$.data[0]"}`, `{"x":"${jsonEscape(a)}","y":${b}}`, sample)
	f.Add(JSONPath, `$.data..[?@.a>1]`, "", `{"data":[{"a":2}]}`)
	f.Add(Template, `{"a":"$.x-y[-1]"}`, "${htmlEscape(a)}${${", `{"x-y":[1,"<"]}`)
	f.Fuzz(func(t *testing.T, form, value, template, event string) {
		tr, err := Compile(form, value, template)
		if err != nil {
			return
		}
		body, err := tr.Apply([]byte(event))
		if err != nil && json.Valid([]byte(event)) {
			t.Errorf("valid event: %v", err)
		}
		again, _ := tr.Apply([]byte(event))
		if string(again) != string(body) {
			t.Errorf("two bodies of one event: %q, %q", body, again)
		}
	})
}

// FuzzJSONEscape checks what the delivery functions rely on: whatever a text holds, escaped it stays inside its quotes.
func FuzzJSONEscape(f *testing.F) {
	f.Add("\"}\\\u2028\x00\xff${a}")
	f.Fuzz(func(t *testing.T, text string) {
		event, err := json.Marshal(map[string]string{"a": text})
		if err != nil {
			t.Fatal(err)
		}
		var want, got struct{ A string }
		if err := json.Unmarshal(event, &want); err != nil {
			t.Fatal(err)
		}
		body := apply(t, Template, `{"a":"$.a"}`, `{"A":"${jsonEscape(a)}"}`, string(event))
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("body %q: %v", body, err)
		}
		if got != want {
			t.Errorf("got %q, want %q", got.A, want.A)
		}
	})
}

func apply(t *testing.T, form, value, template, event string) string {
	t.Helper()
	tr, err := Compile(form, value, template)
	if err != nil {
		t.Fatal(err)
	}
	body, err := tr.Apply([]byte(event))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
