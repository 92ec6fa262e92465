package contact_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"pai-notify/shared/contact"
)

func TestFilesAreReadWithTheirFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		rows []contact.Row
		want []string // LINE COLUMN: part of the text
	}{
		"plain":          {"name,phone\nAlice,13800138000\n", []contact.Row{{Line: 2, Contact: contact.Contact{Name: "Alice", Phone: "+8613800138000"}}}, nil},
		"BOM, CRLF":      {"\ufeffName , EMAIL\r\n 王伟,w@example.com\r\n,\r\n\r\n", []contact.Row{{Line: 2, Contact: contact.Contact{Name: "王伟", Email: "w@example.com"}}}, nil},
		"Chinese header": {"姓名,手机,PAI用户\n王伟,13800138000,2000", []contact.Row{{Line: 2, Contact: contact.Contact{Name: "王伟", Phone: "+8613800138000", PAIUser: "2000"}}}, nil},
		"formula, guarded": {"name,phone\n'=1+1,'+8613800138000\n", []contact.Row{{Line: 2, Contact: contact.Contact{Name: "=1+1", Phone: "+8613800138000"}}},
			nil},
		"quoted over lines": {"name,note\n\"A\nB\",x\nC,\"1,2\"\n", []contact.Row{{Line: 4, Contact: contact.Contact{Name: "C", Note: "1,2"}}},
			[]string{"2 name: one line"}},
		"every faulty line": {"name,phone,zone\n,1,Mars\nB,13800138000,\nC,2,UTC\n", []contact.Row{{Line: 3, Contact: contact.Contact{Name: "B", Phone: "+8613800138000"}}},
			[]string{"2 name: missing", "2 phone: country code", "2 zone: time zone", "4 phone: country code"}},
		"too few values":  {"name,phone\nA\nB,,\n", nil, []string{"2 : 1 values", "3 : 3 values"}},
		"GBK":             {"name\n\xcd\xf5\xce\xb0\n", nil, []string{"0 : UTF-8"}},
		"UTF-16":          {"\xff\xfen\x00a\x00m\x00e\x00", nil, []string{"0 : UTF-8"}},
		"GBK, misread":    {"name\n\ufffd\ufffd\n", nil, []string{"2 name: invisible"}},
		"empty":           {"", nil, []string{"0 : empty"}},
		"no name":         {"id,phone\na,1\n", nil, []string{"1 name: missing"}},
		"unknown column":  {"name,mobile,x,name\n", nil, []string{"1 mobile: no column", "1 x: no column", "1 name: twice"}},
		"other separator": {"name;phone\nA;1\n", nil, []string{"1 name;phone: parted by commas"}},
		"open quote":      {"name\nA\n\"B\nC\n", []contact.Row{{Line: 2, Contact: contact.Contact{Name: "A"}}}, []string{"3 : not closed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := contact.ReadCSV([]byte(c.file))
			if diff := cmp.Diff(c.rows, s.Rows, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			wantFaults(t, s.Faults, c.want)
		})
	}
	var large strings.Builder
	large.WriteString("name\n")
	for i := range contact.MaxLines + 5 {
		fmt.Fprintf(&large, "N%d\n", i)
	}
	s := contact.ReadCSV([]byte(large.String()))
	wantFaults(t, s.Faults, []string{fmt.Sprintf("%d : split", contact.MaxLines+2)})
}

func wantFaults(t *testing.T, got []contact.Fault, want []string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := 0; ok && i < len(got); i++ {
		place, words, _ := strings.Cut(want[i], ": ")
		ok = fmt.Sprintf("%d %s", got[i].Line, got[i].Column) == place && strings.Contains(got[i].Text.Error(), words)
	}
	if !ok {
		t.Errorf("faults %+v, want %q", got, want)
	}
}

func TestWhatIsExportedIsImportedTheSameAndIsNoFormula(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("'=+-@＝\",; aé王\t")), 0, 8, -1)
		c, faults := contact.Contact{
			ID: "a", Name: "n" + text.Draw(t, "name"), Note: text.Draw(t, "note"), PAIUser: text.Draw(t, "user"),
			Phone: rapid.SampledFrom([]string{"", "13800138000"}).Draw(t, "phone"),
		}.Normal()
		c.Name = strings.TrimPrefix(c.Name, "n")
		c.Name = strings.TrimSpace(c.Name)
		if faults.Len() > 0 || c.Name == "" {
			t.Skip("no contact")
		}
		var out bytes.Buffer
		if err := contact.WriteCSV(&out, []contact.Contact{c}); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
		if err != nil || len(lines) != 2 {
			t.Fatalf("%d lines in %q, %v", len(lines), out.String(), err)
		}
		for _, cell := range lines[1] {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
				t.Errorf("a cell begins as a formula: %q", out.String())
			}
		}
		s := contact.ReadCSV(out.Bytes())
		if len(s.Rows) != 1 || len(s.Faults) > 0 {
			t.Fatalf("read again: %+v of %q", s, out.String())
		}
		if diff := cmp.Diff(c, s.Rows[0].Contact); diff != "" {
			t.Errorf("%q (-want +got):\n%s", out.String(), diff)
		}
	})
}

func testImport(t *testing.T, open func() *contact.Book, _ *clock) {
	t.Helper()
	b, ctx := open(), t.Context()
	imported := func(file string, how contact.Import) contact.Imported {
		t.Helper()
		out, err := b.Import(ctx, contact.ReadCSV([]byte(file)), how)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	count := func(want int) {
		t.Helper()
		if n, err := b.Count(ctx); n != want || err != nil {
			t.Errorf("%d contacts, %v; want %d", n, err, want)
		}
	}
	const mixed = "name,phone\nAlice,13800138000\nBob,1\n王伟,13900139000\n"
	out := imported(mixed, contact.Import{})
	if out.Written || out.Faulty != 1 {
		t.Errorf("a faulty file: %+v", out)
	}
	wantFaults(t, out.Faults, []string{"3 phone: country code"})
	count(0)
	if out := imported(mixed, contact.Import{Partial: true, DryRun: true}); out.Written || out.Created != 2 || out.Faulty != 1 {
		t.Errorf("a dry run: %+v", out)
	}
	count(0)
	if out := imported(mixed, contact.Import{Partial: true}); !out.Written || out.Created != 2 || out.Faulty != 1 {
		t.Errorf("in part: %+v", out)
	}
	count(2)
	// Again: the same people, by their names, and what has no column stays.
	out = imported("name,email\nAlice,a@example.com\n王伟,\nCarol,c@example.com\n", contact.Import{})
	if diff := cmp.Diff(contact.Imported{Written: true, Created: 1, Replaced: 1, Unchanged: 1}, out); diff != "" {
		t.Errorf("again (-want +got):\n%s", diff)
	}
	count(3)
	if got, err := b.Get(ctx, "alice"); err != nil || got["alice"].Phone != "+8613800138000" || got["alice"].Email != "a@example.com" {
		t.Errorf("alice is reached at %q and %q, %v", got["alice"].Phone, got["alice"].Email, err)
	}
	out = imported("id,name\nalice,Alice\nalice,Alicia\n,Alice\n,Dave\n,Dave\n,Carol\ncarol,Carol\n", contact.Import{DryRun: true})
	wantFaults(t, out.Faults, []string{"3 id: line 2", `4 name: "alice"`, "6 name: line 5", `7 name: "carol"`})
	if _, err := b.Create(ctx, contact.Contact{ID: "alice-b", Name: "Alice"}); err != nil {
		t.Fatal(err)
	}
	out = imported("name\nAlice\n", contact.Import{})
	wantFaults(t, out.Faults, []string{"2 name: 2 contacts"})
}

func testHandingOn(t *testing.T, open func() *contact.Book, _ *clock) {
	t.Helper()
	b, ctx := open(), t.Context()
	imported := func(file string, how contact.Import) contact.Imported {
		t.Helper()
		out, err := b.Import(ctx, contact.ReadCSV([]byte(file)), how)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := imported("id,name,paiUser\na,A,1\nb,B,2\nc,C,3\n", contact.Import{}); out.Created != 3 {
		t.Fatalf("%+v", out)
	}
	wantFaults(t, imported("id,name,paiUser\na,A,2\n", contact.Import{}).Faults, []string{`2 paiUser: "b"`})
	wantFaults(t, imported("id,name,paiUser\na,A,4\nb,B,4\n", contact.Import{}).Faults, []string{"3 paiUser: line 2"})
	const swap = "id,name,paiUser\na,A,2\nb,B,1\n"
	wantFaults(t, imported(swap, contact.Import{Partial: true}).Faults, []string{`2 paiUser: "b"`, `3 paiUser: "a"`})
	if out := imported(swap, contact.Import{}); !out.Written || out.Replaced != 2 {
		t.Errorf("swapped: %+v", out)
	}
	got, err := b.OfOwners(ctx, "1", "2", "3")
	if err != nil || got["1"].ID != "b" || got["2"].ID != "a" || got["3"].ID != "c" {
		t.Errorf("owners %v, %v", got, err)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("name,phone\nAlice,13800138000\n"))
	f.Add([]byte("\ufeffid,name\r\n'=x,\"a\"\"b\"\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, r := range contact.ReadCSV(data).Rows {
			if again, faults := r.Contact.Normal(); faults.Len() > 0 || again != r.Contact {
				t.Errorf("line %d is not normal: %v", r.Line, faults.Errs())
			}
		}
	})
}
