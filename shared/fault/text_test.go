package fault_test

import (
	"errors"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"pai-notify/shared/fault"
)

func TestSayTellsBothLanguagesAndWhatIsInThem(t *testing.T) {
	t.Parallel()
	lack := fault.Say("mail address", "邮箱")
	text := fault.Say("%d: %s lacks a %s; there are %s", "%[1]d：%[2]s 没有%[3]s，可用：%[4]s", 3, "alice", lack, fault.Names{"sms", "voice"})
	if got, want := text.Error(), "3: alice lacks a mail address; there are sms, voice"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	for language, want := range map[string]string{"en": text.Error(), "fr": text.Error(), "zh": "3：alice 没有邮箱，可用：sms、voice"} {
		if got := text.In(language); got != want {
			t.Errorf("In(%s) = %q, want %q", language, got, want)
		}
	}
	var found fault.Text
	if err := error(text); !errors.As(err, &found) || found.In("zh") != text.In("zh") {
		t.Errorf("the text is lost as an error: %v", found)
	}
}

var verb = regexp.MustCompile(`%(?:\[\d+\])?[-+# 0]*[\d.]*[a-zA-Z]`)

// Every text that the program says is written where it is made, in both languages, with the arguments that it names.
func TestEveryTextIsWrittenInBothLanguages(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, root := range []string{"..", "../../functions"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata") {
				return fs.SkipDir
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || !says(call.Fun, file.Name.Name) {
					return true
				}
				seen++
				if problem := judge(call); problem != "" {
					t.Errorf("%s: %s", files.Position(call.Pos()), problem)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 150 {
		t.Errorf("%d texts were found, which are too few to be all", seen)
	}
}

func says(called ast.Expr, name string) bool {
	if f, ok := called.(*ast.SelectorExpr); ok {
		of, ok := f.X.(*ast.Ident)
		return ok && of.Name == "fault" && f.Sel.Name == "Say"
	}
	f, ok := called.(*ast.Ident)
	return ok && name == "fault" && f.Name == "Say"
}

func judge(call *ast.CallExpr) string {
	if len(call.Args) < 2 {
		return "Say needs English and Chinese"
	}
	en, ok := literal(call.Args[0])
	zh, also := literal(call.Args[1])
	if !ok || !also {
		return "write both texts as literals"
	}
	if strings.IndexFunc(en, func(r rune) bool { return unicode.Is(unicode.Han, r) }) >= 0 {
		return "the English is Chinese: " + en
	}
	if strings.IndexFunc(zh, func(r rune) bool { return r > unicode.MaxLatin1 }) < 0 {
		return "the Chinese is none: " + zh
	}
	for _, text := range []string{en, zh} {
		n := len(verb.FindAllString(strings.ReplaceAll(text, "%%", ""), -1))
		if args := len(call.Args) - 2; n > args || n < args && !strings.Contains(text+zh, "%[") {
			return "the arguments do not fit: " + text
		}
	}
	return ""
}

// literal gives the value of a string literal or of several that are joined.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return constant.StringVal(constant.MakeFromLiteral(e.Value, e.Kind, 0)), e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok := literal(e.X)
		right, also := literal(e.Y)
		return left + right, ok && also && e.Op == token.ADD
	}
	return "", false
}
