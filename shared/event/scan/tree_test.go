package scan_test

import (
	"strings"
	"testing"

	"pai-notify/shared/event/scan"
)

func member(name string) scan.Step { return scan.Step{Name: name} }

func element(index int) scan.Step { return scan.Step{Index: index, List: true} }

func TestTreeFindsManyPathsInOnePass(t *testing.T) {
	t.Parallel()
	paths := map[string][]scan.Step{
		"id":        {member("id")},
		"data":      {member("data")},
		"data.a.b":  {member("data"), member("a"), member("b")},
		"data.l[1]": {member("data"), member("l"), element(1)},
		"l[0].x":    {member("data"), member("l"), element(0), member("x")},
		"a.b":       {member("a.b")},
		"empty":     {member("data"), member("")},
		"none":      {member("none"), member("a")},
	}
	for _, row := range []struct {
		text string
		want map[string]string
	}{
		{`{ "id" : 7 , "data" : {"a":{"b": [ 1 ] , "c":0} , "l":[{"x":"y"} , 2 , 3],"":null} , "a.b":true }`, map[string]string{
			"id": "7", "data": `{"a":{"b": [ 1 ] , "c":0} , "l":[{"x":"y"} , 2 , 3],"":null}`, "data.a.b": "[ 1 ]",
			"data.l[1]": "2", "l[0].x": `"y"`, "a.b": "true", "empty": "null",
		}},
		{`{"data":5,"none":[]}`, map[string]string{"data": "5"}},
		{`{"data":{"a":{"b":1},"l":[{"x":2},3]},"id":1,"data":{"a":{}},"id":"2"}`, map[string]string{"data": `{"a":{}}`, "id": `"2"`}},
		{`[]`, nil},
	} {
		var tree scan.Tree
		slots := map[string]int{}
		for name, path := range paths {
			slots[name] = tree.Slot(path...)
			if again := tree.Slot(path...); again != slots[name] {
				t.Fatalf("slot of %s is %d, then %d", name, slots[name], again)
			}
		}
		spans := make([]scan.Span, tree.Len())
		if err := tree.Fill([]byte(row.text), spans); err != nil {
			t.Fatal(err)
		}
		for name, slot := range slots {
			if got := row.text[spans[slot].From:spans[slot].To]; got != row.want[name] {
				t.Errorf("%s in %s = %q, want %q", name, row.text, got, row.want[name])
			}
		}
	}
}

func TestFillRefusesWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	var tree scan.Tree
	tree.Slot(member("a"), member("b"))
	for _, text := range []string{``, `{"a":{"b":1}`, `{"a":{"b":tru}}`, `{"a":1}x`, `{"a":` + strings.Repeat("[", 600)} {
		if err := tree.Fill([]byte(text), make([]scan.Span, tree.Len())); err == nil {
			t.Errorf("Fill(%.20s) found no fault", text)
		}
	}
}
