package docs

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// programs are what a command of a document may begin with.
var programs = []string{ //nolint:gochecknoglobals // a table that never changes
	"make", "go", "s", ".build/notifyctl", "curl", "aliyun", "git", "bash", "psql", "sqlite3", "cat", "sed", "grep", "export", "set", ".", "umask", "for", "while", "cd",
	".build/notifyctl",
}

// TestEveryCommandIsThere checks what the commands of the documents name, those that run too: targets of make, packages
// and their flags, routes of the API with their methods, actions and parameters of Alibaba Cloud, variables.
func TestEveryCommandIsThere(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	blocks := 0
	readme, err := Read(root, "README.md")
	if err != nil {
		t.Fatal(err)
	}
	inherited := map[string]bool{} // by what is run: the documents below docs go on in the README's shell
	for _, b := range readme.Commands("") {
		c.block(b.Text, inherited)
	}
	for _, d := range documents(t) {
		known := map[string]bool{}
		if strings.HasPrefix(d.Path, "docs/") && len(d.Commands("")) > 0 {
			known = maps.Clone(inherited)
		}
		for _, b := range d.Blocks() {
			if b.Language != "sh" {
				continue
			}
			if b.Info != "" && b.Info != "account" && b.Info != "long" {
				t.Errorf("%s:%d: nobody knows what to do with a block of %q: see package docs", d.Path, b.Line, b.Info)
			}
			blocks++
			for _, fault := range c.block(b.Text, known) {
				t.Errorf("%s:%d: %s", d.Path, b.Line, fault)
			}
		}
	}
	if blocks < 5 {
		t.Errorf("%d blocks read", blocks)
	}
}

func TestACommandThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	for text, want := range map[string]string{
		"make tset":                             "make has no target tset",
		"go run ./scripts/nothing":              "there is no ./scripts/nothing",
		"go run ./scripts/localcloud -prot 1":   "./scripts/localcloud has no flag -prot",
		"s fly":                                 "s has no command fly",
		"frobnicate now":                        "frobnicate is no program that documents use",
		`curl "$API/setup" -d '{"`:              "bash cannot read",
		`API=x; curl "$API/setup/polcy"`:        "the API has no GET /api/v1/setup/polcy",
		`API=x; curl "$API/setup/policy" -d {}`: "the API has no POST /api/v1/setup/policy",
		`API=x; curl -X DELETE "$API/rules"`:    "the API has no DELETE /api/v1/rules",
		`curl "$NOTHING/healthz"`:               "$NOTHING is set nowhere before",
		"aliyun ram CreateRoll --RoleName x":    "ram has no CreateRoll",
		"aliyun ram CreateRole --RollName x":    "ram CreateRole has no parameter RollName",
		"export VSWTICH_ID=x":                   "nothing reads VSWTICH_ID",
		"go test ./scripts/docs -run NoSuch":    "./scripts/docs has no test NoSuch",
		"bash scripts/nothing.sh":               "there is no scripts/nothing.sh",
	} {
		got := c.block(text+"\n", map[string]bool{})
		if len(got) == 0 || !strings.Contains(got[0], want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	good := "make test ONCE=1\nAPI=x KEY=y\ncat >x.yaml <<'END'\n{env: HOOK}\nEND\nexport HOOK=z\ncurl -s -H \"Authorization: Bearer $KEY\" \"$API/workspaces/nlp_train/rules\" -d '{\n}'\n" +
		"aliyun ram CreateRole \\\n  --RoleName x\nexport DOMAIN=a\n"
	if got := c.block(good, map[string]bool{}); len(got) > 0 {
		t.Errorf("what is right is blamed: %q", got)
	}
}

// checker knows what there is.
type checker struct {
	t         *testing.T
	makefile  string
	template  string
	routes    map[string][]string // methods by path
	sdk       string              // folder of alibaba-cloud-sdk-go's services
	variables []string            // that the deployment, the Makefile and the scripts read
}

func newChecker(t *testing.T) *checker {
	t.Helper()
	c := &checker{t: t, makefile: text(t, "Makefile"), template: text(t, "s.yaml"), routes: routes(t)}
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aliyun/alibaba-cloud-sdk-go")
	list.Dir = root
	folder, err := list.Output()
	if err != nil {
		t.Fatalf("find the cloud's SDK: %v", err)
	}
	c.sdk = filepath.Join(strings.TrimSpace(string(folder)), "services")
	for _, m := range regexp.MustCompile(`env\('([A-Z_]+)'`).FindAllStringSubmatch(c.template, -1) {
		c.variables = append(c.variables, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^([A-Z_]+) *\?=`).FindAllStringSubmatch(c.makefile, -1) {
		c.variables = append(c.variables, m[1])
	}
	sources, err := filepath.Glob(filepath.Join(root, "scripts/notifyctl/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		content, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`Getenv\("([A-Z_]+)"\)`).FindAllStringSubmatch(string(content), -1) {
			c.variables = append(c.variables, m[1])
		}
	}
	for _, m := range regexp.MustCompile(`"(PAI_NOTIFY_[A-Z_]+)"`).FindAllStringSubmatch(source(t, "scripts/notifyctl"), -1) {
		c.variables = append(c.variables, m[1])
	}
	return c
}

func text(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// routes are the API's paths and their methods, as its description has them.
func routes(t *testing.T) map[string][]string {
	t.Helper()
	var api struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(text(t, "functions/console/web/openapi.json")), &api); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for path, methods := range api.Paths {
		for method := range methods {
			found[path] = append(found[path], strings.ToUpper(method))
		}
	}
	if len(found) < 30 {
		t.Fatalf("%d routes read", len(found))
	}
	return found
}

var (
	assignment = regexp.MustCompile(`(?m)(?:^|[\s;])(?:export )?([A-Z][A-Z0-9_]*)=|for ([A-Z_]+) in `)
	usage      = regexp.MustCompile(`\$\{?([A-Z][A-Z0-9_]*)`)
	reference  = regexp.MustCompile(`\{env: [A-Z_]+\}`) // of a rule's file to a variable
	target     = regexp.MustCompile(`(?m)(?:^|[;&(] *)make((?: +[A-Za-z_=0-9"-]+)+)`)
	goCommand  = regexp.MustCompile(`\bgo (run|test|generate|build) ([^\n|;&]*)`)
	sCommand   = regexp.MustCompile(`(?m)^s ([a-z-]+)`)
	aliyun     = regexp.MustCompile(`\baliyun ([a-z-]+) ([A-Za-z]+)([^\n|;]*)`)
	parameter  = regexp.MustCompile(` --([A-Za-z]+)`)
	script     = regexp.MustCompile(`\bbash ([a-z/]+\.sh)`)
)

// block finds the faults of a block. known are the variables that the document has set before, and the references
// to them in files that it wrote; the block adds its own.
func (c *checker) block(code string, known map[string]bool) (faults []string) {
	say := func(parts ...string) { faults = append(faults, strings.Join(parts, "")) }
	commands, rest := c.split(code)
	if rest != "" {
		say("bash cannot read: ", rest)
	}
	for _, command := range commands {
		first := firstWord(command)
		if first != "" && !slices.Contains(programs, first) {
			say(first, " is no program that documents use")
		}
		c.variablesOf(command, known, say)
		c.words(strings.ReplaceAll(command, "\\\n", " "), say)
	}
	return faults
}

// split parts a block into commands: as many lines as bash takes for one.
func (c *checker) split(code string) (commands []string, rest string) {
	for line := range strings.Lines(code) {
		if rest == "" && (strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "") {
			continue
		}
		rest += line
		if strings.HasSuffix(strings.TrimSpace(line), "\\") {
			continue
		}
		check := exec.Command("bash", "-n")
		check.Stdin = strings.NewReader(rest)
		if out, err := check.CombinedOutput(); err == nil && len(out) == 0 {
			commands, rest = append(commands, rest), ""
		}
	}
	return commands, rest
}

// firstWord is a command's program; "" where it only sets variables.
func firstWord(command string) string {
	for _, word := range strings.Fields(command) {
		if strings.HasPrefix(word, "#") {
			return ""
		}
		name, _, sets := strings.Cut(word, "=")
		if sets && strings.IndexFunc(name, func(r rune) bool { return !unicode.IsUpper(r) && r != '_' && !unicode.IsDigit(r) }) < 0 {
			if strings.Contains(word, "$(") && !strings.Contains(word, ")") {
				return ""
			}
			continue
		}
		return strings.TrimSuffix(word, ";")
	}
	return ""
}

func (c *checker) variablesOf(command string, known map[string]bool, say func(...string)) {
	for _, m := range assignment.FindAllStringSubmatch(command, -1) {
		name := m[1] + m[2]
		if strings.Contains(m[0], "export ") && !slices.Contains(c.variables, name) && !known["{env: "+name+"}"] {
			say("nothing reads ", name)
		}
		known[name] = true
	}
	for _, m := range reference.FindAllString(command, -1) {
		known[m] = true
	}
	for _, m := range usage.FindAllStringSubmatch(command, -1) {
		if !known[m[1]] && !slices.Contains(c.variables, m[1]) {
			say("$", m[1], " is set nowhere before")
		}
	}
}

// words checks what a command names.
func (c *checker) words(command string, say func(...string)) {
	for _, m := range target.FindAllStringSubmatch(command, -1) {
		for _, word := range strings.Fields(m[1]) {
			switch name, _, sets := strings.Cut(word, "="); {
			case sets && !slices.Contains(c.variables, name):
				say("make knows no variable ", name)
			case !sets && !regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(word)+`:`).MatchString(c.makefile):
				say("make has no target ", word)
			}
		}
	}
	for _, m := range goCommand.FindAllStringSubmatch(command, -1) {
		c.goCommand(m[1], m[2], say)
	}
	for _, m := range sCommand.FindAllStringSubmatch(command, -1) {
		if !slices.Contains([]string{"config", "preview", "deploy", "info", "logs", "remove"}, m[1]) { // docs.serverless-devs.com
			say("s has no command ", m[1])
		}
	}
	for _, m := range aliyun.FindAllStringSubmatch(command, -1) {
		c.cloud(m[1], m[2], m[3], say)
	}
	for _, m := range script.FindAllStringSubmatch(command, -1) {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			say("there is no ", m[1])
		}
	}
	if strings.Contains(command, "curl ") {
		c.request(command, say)
	}
}

var flagUse = regexp.MustCompile(`(?:^| )-([a-z]+)`)

func (c *checker) goCommand(verb, arguments string, say func(...string)) {
	var folder string
	words := strings.Fields(arguments)
	for i, word := range words {
		if !strings.HasPrefix(word, "./") {
			continue
		}
		folder = strings.TrimSuffix(word, "/...")
		if _, err := os.Stat(filepath.Join(root, folder)); err != nil {
			say("there is no ", folder)
			return
		}
		words = words[i+1:]
		break
	}
	source := ""
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			c.t.Fatal(err)
		}
		source += string(content)
	}
	tools := map[string][]string{"test": {"run", "v", "bench", "race", "count"}, "run": nil, "build": nil, "generate": nil}[verb]
	for _, m := range flagUse.FindAllStringSubmatch(strings.Join(words, " "), -1) {
		if !slices.Contains(tools, m[1]) && !regexp.MustCompile(`(?:flag|flags)\.[A-Za-z0-9]+\((?:&[^,]+, )?"`+m[1]+`"`).MatchString(source) {
			say(folder, " has no flag -", m[1])
		}
	}
	if i := slices.Index(words, "-run"); verb == "test" && i >= 0 && i+1 < len(words) && !regexp.MustCompile("func (?:Test|Benchmark|Fuzz)[A-Za-z]*"+words[i+1]).MatchString(source) {
		say(folder, " has no test ", words[i+1])
	}
}

// cloud checks a call of Alibaba Cloud's command line against the SDK, which is generated of the same descriptions.
func (c *checker) cloud(product, action, arguments string, say func(...string)) {
	snake := strings.ToLower(regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(action, "${1}_$2"))
	request, err := os.ReadFile(filepath.Join(c.sdk, product, snake+".go"))
	if err != nil {
		say(product, " has no ", action)
		return
	}
	for _, m := range parameter.FindAllStringSubmatch(arguments, -1) {
		if !strings.Contains(string(request), `name:"`+m[1]+`"`) {
			say(product, " ", action, " has no parameter ", m[1])
		}
	}
}

var (
	address = regexp.MustCompile(`\$API(/[^"'\s?]*)|https?://[^/"'\s]+(/(?:api/v1|healthz)[^"'\s?]*)`)
	method  = regexp.MustCompile(` -X ?([A-Z]+)`)
	data    = regexp.MustCompile(` -(?:d|-data|-data-binary) ?`)
)

// request checks that the API has what a curl asks for.
func (c *checker) request(command string, say func(...string)) {
	for _, m := range address.FindAllStringSubmatch(command, -1) {
		path := m[2]
		if m[1] != "" {
			path = "/api/v1" + m[1]
		}
		verb := "GET"
		if data.MatchString(command) {
			verb = "POST"
		}
		if found := method.FindStringSubmatch(command); found != nil {
			verb = found[1]
		}
		if !c.serves(verb, path) {
			say("the API has no ", verb, " ", path)
		}
	}
}

var hole = regexp.MustCompile(`\\\{[a-z]+\\\}`)

// serves says whether the API has a route for a path with names in the place of its holes.
func (c *checker) serves(verb, path string) bool {
	for route, methods := range c.routes {
		form := hole.ReplaceAllString(regexp.QuoteMeta(route), `[^/:]+`)
		if slices.Contains(methods, verb) && regexp.MustCompile("^"+form+"$").MatchString(path) {
			return true
		}
	}
	return false
}
