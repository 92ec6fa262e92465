package pattern_test

import (
	"fmt"

	"pai-notify/shared/pattern"
)

func Example() {
	p, err := pattern.Compile(`{
		"source": ["acs.oss"],
		"data": {"size": [{"numeric": [">", 0, "<=", 1000]}], "owner": [{"anything-but": ["root"]}]}
	}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Match([]byte(`{"source": "acs.oss", "data": {"size": 80, "owner": "li"}}`)))
	fmt.Println(p.Match([]byte(`{"source": "acs.oss", "data": {"size": 80}}`)))
	// Output:
	// true
	// false
}

func ExampleCompile_error() {
	_, err := pattern.Compile(`{"data": {"size": [{"numeric": [">", "0"]}]}}`)
	fmt.Println(err)
	// Output: event pattern: data.size[0].numeric[1]: is a string; want a number
}

func ExamplePattern_Explain() {
	p, err := pattern.Compile(`{"source": ["acs.oss"], "data": {"owner": [{"prefix": "team-"}]}}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	why, matched := p.Explain([]byte(`{"source": "acs.oss", "data": {"owner": "li"}}`))
	fmt.Println(matched, why)
	// Output: false data.owner is "li", want [{"prefix": "team-"}]
}

func ExampleSet() {
	oss, _ := pattern.Compile(`{"source": [{"suffix": ".oss"}]}`)
	all, _ := pattern.Compile(`{}`)
	fmt.Println(pattern.NewSet(oss, all).Match([]byte(`{"source": "acs.ecs"}`)))
	// Output: [1]
}
