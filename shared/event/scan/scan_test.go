package scan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pai-notify/shared/event/scan"
)

func texts() []string {
	return []string{
		`{"id":"1","data":{"a":[1,-2.5e+3,true,false,null,"x\n\u00e9"]}}`,
		` [ ] `, `{}`, `{ }`, `[[],{}]`, `"a"`, `0`, `-0`, `1e5`, `null`, "\t{\"a\" : 1 ,\r\n\"b\":[ 1 , 2 ] } ",
		``, ` `, `{`, `}`, `[`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,1]`, `{,}`, `[1 2]`, `{"a":1 "b":2}`, `{a:1}`,
		`01`, `1.`, `.5`, `-`, `1e`, `1e+`, `+1`, `tru`, `nul`, `trueX`, `"a`, `"a\`, `"\x"`, `"\u12g4"`, `"\u12`,
		"\"\x01\"", "\"\x7f\"", "\"\xff\"", `{} {}`, `[1]]`, `"a" "b"`, `{"a":{"b":{"c":[{"d":[]}]}}}`, `{"a\"b":1}`,
		`"\ud800"`, `{"":0}`, `NaN`, `{"a":1}x`, `'a'`, `[1:2]`, `{"a",1}`,
	}
}

func TestCheckAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, text := range texts() {
		err := scan.Check([]byte(text))
		if got, want := err == nil, json.Valid([]byte(text)); got != want {
			t.Errorf("Check(%q) = %v, want valid %v", text, err, want)
		}
	}
}

func TestCheckRefusesDeepNestingInsteadOfOverflowing(t *testing.T) {
	t.Parallel()
	nested := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if err := scan.Check(nested(scan.MaxDepth)); err != nil {
		t.Errorf("%d levels: %v", scan.MaxDepth, err)
	}
	var problem *scan.Error
	if err := scan.Check(nested(scan.MaxDepth + 1)); !errors.As(err, &problem) || problem.Offset != scan.MaxDepth {
		t.Errorf("%d levels: %v, want an error at byte %d", scan.MaxDepth+1, err, scan.MaxDepth)
	}
	if err := scan.Check([]byte(strings.Repeat(`{"a":`, 1_000_000))); err == nil {
		t.Error("a million open objects are valid")
	}
}

func TestErrorsSayWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":1,}`:      `byte 7: "," before "}"`,
		`{"a":1 "b":2}`: `byte 7: want "," or "}"`,
		`[1,tru]`:       `byte 6: want true`,
		`{"a":`:         `byte 5: the text ends too early`,
		`"a`:            `byte 2: the text ends too early`,
		`{} x`:          `byte 3: text after the value`,
		`{a:1}`:         `byte 1: want a member's name in quotation marks`,
	} {
		if err := scan.Check([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("Check(%s) = %v, want %s", text, err, want)
		}
	}
}

func TestValuesComeWithoutTheBlanksAroundThem(t *testing.T) {
	t.Parallel()
	s := scan.New([]byte(" { \"a\" : [ 1 , 2 ]  , \"b\\u0063\":\t{ } , \"d\" : 7 } "))
	var got []string
	if !s.Object() {
		t.Fatal("no object")
	}
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		got = append(got, string(name)+"="+string(s.Value()))
	}
	if err := s.End(); err != nil {
		t.Fatal(err)
	}
	if want := "a=[ 1 , 2 ]|bc={ }|d=7"; strings.Join(got, "|") != want {
		t.Errorf("members = %s, want %s", strings.Join(got, "|"), want)
	}
}

func TestTextRepairsBrokenUnicode(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"plain"`: "plain", `"a\"b\\\n"`: "a\"b\\\n", `"\u4e2d\ud83d\ude00"`: "中😀", "\"\xff中\"": "\ufffd中", `"\ud800"`: "\ufffd", `""`: "",
	} {
		if got, ok := scan.Text(raw); !ok || got != want {
			t.Errorf("Text(%q) = %q, %v; want %q", raw, got, ok, want)
		}
	}
	for _, raw := range []string{``, `"`, `7`, `null`, `{}`} {
		if got, ok := scan.Text(raw); ok {
			t.Errorf("Text(%q) = %q, want none", raw, got)
		}
	}
}

func FuzzCheckAgreesWithEncodingJSON(f *testing.F) {
	for _, text := range texts() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var problem *scan.Error
		err := scan.Check([]byte(text))
		if errors.As(err, &problem) && strings.HasPrefix(problem.Reason, "nested deeper") {
			return
		}
		if got, want := err == nil, json.Valid([]byte(text)); got != want {
			t.Fatalf("Check(%q) = %v, want valid %v", text, err, want)
		}
	})
}

func Example() {
	s := scan.New([]byte(`{"id": 7, "data": {"status": "Failed"}}`))
	if s.Object() {
		for name, ok := s.Member(); ok; name, ok = s.Member() {
			fmt.Printf("%s is %s\n", name, s.Value())
		}
	}
	fmt.Println(s.End())
	// Output:
	// id is 7
	// data is {"status": "Failed"}
	// <nil>
}
