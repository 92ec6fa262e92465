package pattern_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"pai-notify/shared/pattern"
)

// Cases of the product page; the file says which are its own words and which follow from them.
func TestEveryCaseOfTheProductPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Pattern string
		Event         json.RawMessage
		Match         bool
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 30 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			check(t, c.Pattern, string(c.Event), c.Match, "")
		})
	}
}

// check tests that Match, Explain and Set agree, and the path Explain names unless it is empty.
func check(t *testing.T, text, event string, want bool, path string) {
	t.Helper()
	p, err := pattern.Compile(text)
	if err != nil {
		t.Fatalf("Compile(%s): %v", text, err)
	}
	if got := p.Match([]byte(event)); got != want {
		t.Errorf("Match(%s, %.200s) = %v, want %v", text, event, got, want)
	}
	why, matched := p.Explain([]byte(event))
	if matched != want {
		t.Errorf("Explain(%s, %.200s) = %v, %v; want matched %v", text, event, why, matched, want)
	}
	if path != "" && why.Path != path || matched && why != (pattern.Mismatch{}) || !matched && why.Path == "" {
		t.Errorf("Explain(%s, %.200s) = %+v, want path %q", text, event, why, path)
	}
	if got := len(pattern.NewSet(p, p).Match([]byte(event))) == 2; got != want {
		t.Errorf("Set.Match(%s, %.200s) = %v, want %v", text, event, got, want)
	}
}

func TestEveryRuleOfMatching(t *testing.T) {
	t.Parallel()
	type row struct {
		name, pattern, event string
		want                 bool
		path                 string // that Explain names
	}
	d := func(conditions string) string { return `{"data":{"x":[` + conditions + `]}}` }
	e := func(value string) string { return `{"data":{"x":` + value + `}}` }
	for _, r := range []row{
		{"the empty pattern fits everything", `{}`, `{"id":"1"}`, true, ""},
		{"the empty pattern fits the empty event", ` { } `, `{}`, true, ""},
		{"no JSON fits nothing", `{}`, `{"id":`, false, "the event"},
		{"a list is no event", `{}`, `[{"id":"1"}]`, false, "the event"},
		{"no bytes are no event", `{}`, ``, false, "the event"},
		{"all fields must fit", `{"source":["a"],"type":["b"]}`, `{"source":"a","type":"b","id":"1"}`, true, ""},
		{"the first field that does not is named", `{"source":["a"],"type":["b"]}`, `{"source":"x","type":"y"}`, false, "source"},
		{"in the order of the pattern", `{"type":["b"],"source":["a"]}`, `{"source":"x","type":"y"}`, false, "type"},
		{"one condition is enough", `{"source":["a","b"]}`, `{"source":"b"}`, true, ""},
		{"an attribute that is missing", `{"source":["a"]}`, `{}`, false, "source"},
		{"any extension may be named", `{"key1":["value1"]}`, `{"key1":"value1"}`, true, ""},
		{"nesting must be the same", `{"data":{"a":{"x":[1]}}}`, `{"data":{"x":1}}`, false, "data.a.x"},
		{"nested", `{"data":{"a":{"b":{"x":[1]}}}}`, `{"data":{"a":{"b":{"x":1,"y":2}}}}`, true, ""},
		{"a list on the way is no object", `{"data":{"a":{"x":[1]}}}`, `{"data":{"a":[{"x":1}]}}`, false, "data.a.x"},
		{"a value on the way", `{"data":{"a":{"x":[{"exists":false}]}}}`, `{"data":{"a":7}}`, true, ""},

		{"equal text", d(`"a"`), e(`"a"`), true, ""},
		{"letter case counts", d(`"A"`), e(`"a"`), false, "data.x"},
		{"escapes are decoded", d(`"\u4e2d\""`), e(`"中\u0022"`), true, ""},
		{"a number equals its text", d(`80`), e(`"80"`), true, ""},
		{"and the other way", d(`"80"`), e(`80`), true, ""},
		{"true equals its text", d(`true`), e(`"true"`), true, ""},
		{"numbers compare as text: 300.0", d(`300`), e(`300.0`), false, "data.x"},
		{"numbers compare as text: 3.0e2", d(`300`), e(`3.0e2`), false, "data.x"},
		{"null fits null", d(`null`), e(`null`), true, ""},
		{"null does not fit its text", d(`null`), e(`"null"`), false, "data.x"},
		{"its text does not fit null", d(`"null"`), e(`null`), false, "data.x"},
		{"null does not fit what is missing", d(`null`), `{"data":{}}`, false, "data.x"},
		{"the empty string is not null", d(`""`), e(`null`), false, "data.x"},
		{"null is not the empty string", d(`null`), e(`""`), false, "data.x"},
		{"false", d(`false`), e(`false`), true, ""},
		{"false is not missing", d(`false`), `{"data":{"y":1}}`, false, "data.x"},

		{"prefix", d(`{"prefix":"ab"}`), e(`"abc"`), true, ""},
		{"prefix is not anywhere", d(`{"prefix":"b"}`), e(`"abc"`), false, "data.x"},
		{"prefix of a number", d(`{"prefix":"1"}`), e(`12`), false, "data.x"},
		{"suffix", d(`{"suffix":"bc"}`), e(`"abc"`), true, ""},
		{"suffix of null", d(`{"suffix":"l"}`), e(`null`), false, "data.x"},
		{"contains", d(`{"contains":"b"}`), e(`"abc"`), true, ""},
		{"contains of a number", d(`{"contains":"2"}`), e(`123`), false, "data.x"},
		{"contains knows case", d(`{"contains":"B"}`), e(`"abc"`), false, "data.x"},

		{"anything-but one", d(`{"anything-but":"a"}`), e(`"b"`), true, ""},
		{"anything-but the one", d(`{"anything-but":"a"}`), e(`"a"`), false, "data.x"},
		{"anything-but a list", d(`{"anything-but":["a",1,null]}`), e(`"b"`), true, ""},
		{"anything-but one of a list", d(`{"anything-but":["a",1,null]}`), e(`null`), false, "data.x"},
		{"anything-but compares as text", d(`{"anything-but":123}`), e(`"123"`), false, "data.x"},
		{"anything-but an empty list is any value", d(`{"anything-but":[]}`), e(`null`), true, ""},
		{"anything-but an empty list is no missing one", d(`{"anything-but":[]}`), `{"data":{}}`, false, "data.x"},
		{"anything-but null", d(`{"anything-but":null}`), e(`""`), true, ""},
		{"anything-but prefix", d(`{"anything-but":{"prefix":"a"}}`), e(`"ba"`), true, ""},
		{"anything-but the prefix", d(`{"anything-but":{"prefix":"a"}}`), e(`"ab"`), false, "data.x"},
		{"anything-but prefix fits a number", d(`{"anything-but":{"prefix":"1"}}`), e(`12`), true, ""},
		{"anything-but suffix", d(`{"anything-but":{"suffix":"a"}}`), e(`"ba"`), false, "data.x"},
		{"anything-but needs the field", d(`{"anything-but":"a"}`), `{"data":{}}`, false, "data.x"},
		{"several anything-but of one field are or", d(`{"anything-but":"a"},{"anything-but":"b"}`), e(`"a"`), true, ""},

		{"numeric within", d(`{"numeric":[">",0,"<=",5]}`), e(`5`), true, ""},
		{"numeric below", d(`{"numeric":[">",0,"<=",5]}`), e(`0`), false, "data.x"},
		{"numeric equal in another form", d(`{"numeric":["=",300]}`), e(`3.0e2`), true, ""},
		{"numeric nearly equal", d(`{"numeric":["=",1]}`), e(`1.00000005`), true, ""},
		{"numeric not nearly greater", d(`{"numeric":[">",1]}`), e(`1.00000005`), false, "data.x"},
		{"numeric greater by a millionth", d(`{"numeric":[">",1]}`), e(`1.000001`), true, ""},
		{"numeric not nearly less", d(`{"numeric":["<",1]}`), e(`0.99999995`), false, "data.x"},
		{"numeric unequal", d(`{"numeric":["!=",1]}`), e(`2`), true, ""},
		{"numeric at least", d(`{"numeric":[">=",-1.5]}`), e(`-1.5`), true, ""},
		{"numeric no text", d(`{"numeric":["=",5]}`), e(`"5"`), false, "data.x"},
		{"numeric no null", d(`{"numeric":["=",0]}`), e(`null`), false, "data.x"},
		{"numeric of any size", d(`{"numeric":[">",0]}`), e(`1e999`), true, ""},
		{"numeric of any size below", d(`{"numeric":["<",0]}`), e(`-1e999`), true, ""},

		{"cidr", d(`{"cidr":"10.0.0.0/24"}`), e(`"10.0.0.123"`), true, ""},
		{"cidr outside", d(`{"cidr":"10.0.0.0/24"}`), e(`"10.0.1.0"`), false, "data.x"},
		{"cidr includes the first", d(`{"cidr":"10.0.0.0/24"}`), e(`"10.0.0.0"`), true, ""},
		{"cidr includes the last", d(`{"cidr":"10.0.0.0/24"}`), e(`"10.0.0.255"`), true, ""},
		{"cidr of one address", d(`{"cidr":"10.0.0.7/32"}`), e(`"10.0.0.7"`), true, ""},
		{"cidr of two addresses", d(`{"cidr":"10.0.0.6/31"}`), e(`"10.0.0.7"`), true, ""},
		{"cidr ignores host bits", d(`{"cidr":"10.0.0.9/24"}`), e(`"10.0.0.7"`), true, ""},
		{"cidr without a length", d(`{"cidr":"10.0.0.7"}`), e(`"10.0.0.7"`), true, ""},
		{"cidr of everything", d(`{"cidr":"0.0.0.0/0"}`), e(`"1.2.3.4"`), true, ""},
		{"cidr asks no DNS", d(`{"cidr":"127.0.0.1"}`), e(`"localhost"`), false, "data.x"},
		{"cidr of a number", d(`{"cidr":"10.0.0.0/8"}`), e(`10`), false, "data.x"},

		{"exists", d(`{"exists":true}`), e(`"v"`), true, ""},
		{"exists counts null", d(`{"exists":true}`), e(`null`), true, ""},
		{"exists counts an object", d(`{"exists":true}`), e(`{}`), true, ""},
		{"exists not", d(`{"exists":true}`), `{"data":{}}`, false, "data.x"},
		{"exists false", d(`{"exists":false}`), `{"data":{}}`, true, ""},
		{"exists false of null", d(`{"exists":false}`), e(`null`), false, "data.x"},
		{"exists false of an object", d(`{"exists":false}`), e(`{}`), false, "data.x"},
		{"exists of an empty list", d(`{"exists":true}`), e(`[]`), false, "data.x"},
		{"exists false of an empty list", d(`{"exists":false}`), e(`[]`), false, "data.x"},
		{"exists of a list", d(`{"exists":true}`), e(`[1]`), true, ""},
		{"exists of an attribute", `{"subject":[{"exists":false}]}`, `{"id":"1"}`, true, ""},
		{"missing or a value", d(`{"exists":false},"a"`), e(`"a"`), true, ""},

		{"a list fits by one element", d(`"b","c"`), e(`["a","b"]`), true, ""},
		{"a list without", d(`"b"`), e(`["a","c"]`), false, "data.x"},
		{"a list fits anything-but by one element", d(`{"anything-but":"stopped"}`), e(`["stopped","x"]`), true, ""},
		{"a list of the excluded only", d(`{"anything-but":"stopped"}`), e(`["stopped"]`), false, "data.x"},
		{"a list with an object fits nothing", d(`"a",{"exists":true}`), e(`["a",{}]`), false, "data.x"},
		{"a list with a list fits nothing", d(`"a"`), e(`["a",[]]`), false, "data.x"},
		{"a list with null", d(`null`), e(`["a",null]`), true, ""},
		{"an object fits no value", d(`{"anything-but":"a"}`), e(`{"y":1}`), false, "data.x"},

		{"several operators are and", d(`{"prefix":"a","suffix":"z"}`), e(`"abcz"`), true, ""},
		{"several operators, one fails", d(`{"prefix":"a","suffix":"z"}`), e(`"abc"`), false, "data.x"},
		{"several operators of one element", d(`{"prefix":"a","suffix":"z"}`), e(`["ab","cz"]`), false, "data.x"},
		{"exists and another", d(`{"exists":true,"prefix":"a"}`), e(`"ab"`), true, ""},
		{"the page's rule", `{"subject":[{"prefix":"acs:oss:","suffix":".txt"}]}`, `{"subject":"acs:oss:cn:1:b/x.txt"}`, true, ""},

		{"no data, no fit", d(`{"exists":false}`), `{"id":"1"}`, false, "data"},
		{"null data, no fit", d(`{"exists":false}`), `{"data":null}`, false, "data"},
		{"textual data has no fields", d(`"v"`), `{"data":"{\"x\":\"v\"}"}`, false, "data.x"},
		{"textual data misses every field", d(`{"exists":false}`), `{"data":"{\"x\":\"v\"}"}`, true, ""},

		{"a dotted key is a name", `{"data":{"a.b":["v"]}}`, `{"data":{"a.b":"v"}}`, true, ""},
		{"a dotted key is no path", `{"data":{"a.b":["v"]}}`, `{"data":{"a":{"b":"v"}}}`, false, `data["a.b"]`},
		{"a bracket is no index", `{"data":{"a[0]":["v"]}}`, `{"data":{"a":["v"]}}`, false, `data["a[0]"]`},
		{"an empty key", `{"data":{"":["v"]}}`, `{"data":{"":"v"}}`, true, ""},
		{"the last of two members counts", `{"source":["b"]}`, `{"source":"a","source":"b"}`, true, ""},
		{"and so below it", d(`1`), `{"data":{"x":1},"data":{"y":1}}`, false, "data.x"},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			check(t, r.pattern, r.event, r.want, r.path)
		})
	}
}

func TestCompileNamesThePathAndTheReason(t *testing.T) {
	t.Parallel()
	d := func(conditions string) string { return `{"data":{"x":[` + conditions + `]}}` }
	deep := strings.Repeat(`{"a":`, 40) + `[1]` + strings.Repeat(`}`, 40)
	for _, r := range []struct{ name, pattern, path, reason string }{
		{"empty text", ``, "", "is empty; write {} to match every event"},
		{"blanks", " \n", "", "is empty; write {} to match every event"},
		{"no JSON", `{"source":["a"]`, "", "is not JSON: byte 15: the text ends too early"},
		{"text behind", `{} {}`, "", "is not JSON: byte 3: text after the value"},
		{"a list", `[]`, "", "is a list; want an object"},
		{"no UTF-8", "{\"a\":[\"\xff\"]}", "", "is not UTF-8"},
		{"too long", `{"a":["` + strings.Repeat("x", pattern.MaxBytes) + `"]}`, "", "has 32778 bytes; at most 32768 are allowed"},
		{"too deep", `{"data":` + deep + `}`, "data", "nests deeper than 32 objects"},
		{"deeper than JSON may be", strings.Repeat(`[`, 1000), "", "is not JSON: byte 500: nested deeper than 500"},
		{"a value", `{"source":"a"}`, "source", `is a string; put it into a list: ["a"]`},
		{"an empty list", `{"source":[]}`, "source", "is an empty list, which nothing fits; name a value or leave the field out"},
		{"a nested attribute", `{"source":{"a":["b"]}}`, "source", `is an object, and only "data" may be; want a list of conditions`},
		{"data as list", `{"data":["a"]}`, "data", "is a list; want an object of fields"},
		{"data as null", `{"data":null}`, "data", "is null; want an object of fields"},
		{"empty data", `{"data":{}}`, "data", "is an empty object; name a field in it or leave it out"},
		{"an empty object", `{"data":{"a":{"b":{}}}}`, "data.a.b", "is an empty object; name a field in it or leave it out"},
		{"an empty list in data", d(``), "data.x", "is an empty list, which nothing fits; name a value or leave the field out"},
		{"a value in data", `{"data":{"x":1}}`, "data.x", "is a number; put it into a list: [1]"},
		{"a list in a list", d(`"a",["b"]`), "data.x[1]", "is a list in a list; want a value or an object of operators"},
		{"twice", `{"type":["a"],"type":["b"]}`, "type", "appears twice; put all its conditions into one list"},
		{"an odd name", `{"data":{"a.b":1}}`, `data["a.b"]`, "is a number; put it into a list: [1]"},
		{"no operator", d(`{}`), "data.x[0]", "is an empty object; name an operator in it"},
		{"an unknown operator", d(`{"wildcard":"a*"}`), "data.x[0]", `"wildcard" is no operator; known are prefix, suffix, contains, anything-but, numeric, cidr, exists`},
		{"an operator twice", d(`{"prefix":"a","prefix":"b"}`), "data.x[0].prefix", "appears twice; put it into an object of its own"},
		{"six objects", d(strings.Repeat(`{"prefix":"a"},`, 5) + `"plain",{"prefix":"a"}`), "data.x", "has 6 objects of operators; EventBridge allows 5 expressions a field"},
		{"six operators", d(`{"prefix":"a","suffix":"b","contains":"c","anything-but":"d","exists":true,"cidr":"1.1.1.1"}`), "data.x[0]", "has 6 operators; at most 5 are allowed"},
		{"prefix of nothing", d(`{"prefix":""}`), "data.x[0].prefix", "is an empty string; give at least one character"},
		{"suffix of a number", d(`{"suffix":1}`), "data.x[0].suffix", "is a number; want a string"},
		{"contains of nothing", d(`{"contains":""}`), "data.x[0].contains", "is an empty string; give at least one character"},
		{"exists of text", d(`{"exists":"true"}`), "data.x[0].exists", "is a string; want true or false"},
		{"anything-but a nested list", d(`{"anything-but":["a",["b"]]}`), "data.x[0].anything-but[1]", "is a list; want a plain value"},
		{"anything-but numeric", d(`{"anything-but":{"numeric":["=",1]}}`), "data.x[0].anything-but", `"numeric" cannot stand in anything-but; want prefix or suffix`},
		{"anything-but two", d(`{"anything-but":{"prefix":"a","suffix":"b"}}`), "data.x[0].anything-but", "has 2 operators; want one, prefix or suffix"},
		{"anything-but none", d(`{"anything-but":{}}`), "data.x[0].anything-but", "has 0 operators; want one, prefix or suffix"},
		{"anything-but an empty prefix", d(`{"anything-but":{"prefix":""}}`), "data.x[0].anything-but.prefix", "is an empty string; give at least one character"},
		{"numeric of a number", d(`{"numeric":5}`), "data.x[0].numeric", `want a list of one or two comparisons: [">", 0, "<=", 5]`},
		{"numeric of three", d(`{"numeric":[">",0,"<"]}`), "data.x[0].numeric", `want a list of one or two comparisons: [">", 0, "<=", 5]`},
		{"numeric of nothing", d(`{"numeric":[]}`), "data.x[0].numeric", `want a list of one or two comparisons: [">", 0, "<=", 5]`},
		{"no comparison", d(`{"numeric":["==",5]}`), "data.x[0].numeric[0]", `"==" is no comparison; want one of = != > >= < <=`},
		{"numeric of text", d(`{"numeric":[">",0,"<","5"]}`), "data.x[0].numeric[3]", "is a string; want a number"},
		{"numeric too large", d(`{"numeric":["=",1000000001]}`), "data.x[0].numeric[1]", "1000000001 is out of range; want a number from -1000000000 to 1000000000"},
		{"numeric far too large", d(`{"numeric":["=",1e999]}`), "data.x[0].numeric[1]", "1e999 is out of range; want a number from -1000000000 to 1000000000"},
		{"numeric too precise", d(`{"numeric":["=",0.1234567]}`), "data.x[0].numeric[1]", "0.1234567 is too precise; want at most 15 digits, 6 of them decimals"},
		{"numeric with too many digits", d(`{"numeric":["=",999999999.1234567]}`), "data.x[0].numeric[1]", "999999999.1234567 is too precise; want at most 15 digits, 6 of them decimals"},
		{"cidr of a number", d(`{"cidr":10}`), "data.x[0].cidr", "is a number; want an IPv4 network or address such as 10.0.0.0/24"},
		{"cidr of IPv6", d(`{"cidr":"::1/128"}`), "data.x[0].cidr", `"::1/128" is none; want an IPv4 network or address such as 10.0.0.0/24`},
		{"cidr of a host", d(`{"cidr":"localhost"}`), "data.x[0].cidr", `"localhost" is none; want an IPv4 network or address such as 10.0.0.0/24`},
		{"cidr too long", d(`{"cidr":"10.0.0.0/33"}`), "data.x[0].cidr", `"10.0.0.0/33" is none; want an IPv4 network or address such as 10.0.0.0/24`},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			p, err := pattern.Compile(r.pattern)
			problem, ok := err.(*pattern.Error) //nolint:errorlint // the contract is this type, unwrapped
			if !ok || p != nil {
				t.Fatalf("Compile(%.100s) = %v, %v; want an error", r.pattern, p, err)
			}
			if problem.Path != r.path || problem.Reason != r.reason {
				t.Errorf("Compile(%.100s) = %q: %q\n want %q: %q", r.pattern, problem.Path, problem.Reason, r.path, r.reason)
			}
			if !strings.HasPrefix(err.Error(), "event pattern: ") || !strings.HasSuffix(err.Error(), r.reason) {
				t.Errorf("Error() = %q", err)
			}
		})
	}
}

func TestFiveObjectsAndManyPlainValuesAreAllowed(t *testing.T) {
	t.Parallel()
	plain := strings.Repeat(`"v",`, 40)
	check(t, `{"type":[`+plain+strings.Repeat(`{"prefix":"a"},`, 4)+`{"suffix":"z"}]}`, `{"type":"xz"}`, true, "")
}

func TestExplainShowsWhatWasWantedAndFound(t *testing.T) {
	t.Parallel()
	p, err := pattern.Compile(`{"type": ["a"], "data": {"userId": ["1", {"prefix": "2"}], "long": [1]}}`)
	if err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]string{
		`{"type":"b"}`:                           `type is "b", want ["a"]`,
		`{"type":"a"}`:                           `data is nothing, want an object`,
		`{"type":"a","data":null}`:               `data is null, want an object`,
		`{"type":"a","data":{"userId":[ "3" ]}}`: `data.userId is [ "3" ], want ["1", {"prefix": "2"}]`,
		`{"type":"a","data":{}}`:                 `data.userId is nothing, want ["1", {"prefix": "2"}]`,
		`{"type":"a"`:                            `the event is not JSON (byte 11: the text ends too early), want a JSON object`,
		`7`:                                      `the event is a number, want a JSON object`,
	} {
		why, matched := p.Explain([]byte(event))
		if got := why.String(); matched || got != want {
			t.Errorf("Explain(%s) = %s, %v; want %s", event, got, matched, want)
		}
	}
	why, _ := p.Explain([]byte(`{"type":"a","data":{"userId":"1","long":"` + strings.Repeat("中", 5000) + `"}}`))
	if len(why.Got) > 210 || !strings.HasSuffix(why.Got, "…") {
		t.Errorf("a long value is shown in %d bytes", len(why.Got))
	}
}

func TestSetMatchesEachPatternAsItWouldAlone(t *testing.T) {
	t.Parallel()
	var patterns []*pattern.Pattern
	for _, text := range []string{
		`{"source":["a"]}`, `{"source":["b"]}`, `{}`, `{"data":{"x":[1]}}`, `{"data":{"x":{"y":[1]}}}`, `{"data":{"x":[{"exists":true}]}}`,
	} {
		p, err := pattern.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		patterns = append(patterns, p)
	}
	set := pattern.NewSet(patterns...)
	for _, event := range []string{
		`{"source":"a","data":{"x":1}}`, `{"source":"b","data":{"x":{"y":1}}}`, `{}`, `[]`, `{"data":`, `{"data":{"x":{"y":1},"x":1}}`,
	} {
		var want []int
		for i, p := range patterns {
			if p.Match([]byte(event)) {
				want = append(want, i)
			}
		}
		got := set.Match([]byte(event))
		if len(got) != len(want) {
			t.Fatalf("Set.Match(%s) = %v, want %v", event, got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("Set.Match(%s) = %v, want %v", event, got, want)
			}
		}
	}
	if got := pattern.NewSet().Match([]byte(`{}`)); got != nil {
		t.Errorf("an empty set matches %v", got)
	}
}
