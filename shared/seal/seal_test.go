package seal_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pai-notify/shared/seal"
)

func keys(tb testing.TB, texts ...string) *seal.Keyset {
	tb.Helper()
	set, err := seal.ParseKeys(strings.Join(texts, ","))
	if err != nil {
		tb.Fatalf("ParseKeys: %v", err)
	}
	return set
}

func newKey(tb testing.TB) string {
	tb.Helper()
	text, err := seal.NewKey(rand.Reader)
	if err != nil {
		tb.Fatalf("NewKey: %v", err)
	}
	return text
}

func TestOpenGivesWhatWasSealedAndEverySealDiffers(t *testing.T) {
	t.Parallel()
	set := keys(t, newKey(t))
	bound := seal.Bind("bus", "rule", "target")
	for _, plain := range []string{"", "x", `{"webhook":"https://oapi.dingtalk.com/robot/send?access_token=T"}`, strings.Repeat("密", 3000)} {
		a, err := set.Seal([]byte(plain), bound)
		if err != nil {
			t.Fatalf("Seal: %v", err)
		}
		b, _ := set.Seal([]byte(plain), bound)
		if a == b {
			t.Errorf("two seals of %.20q are the same", plain)
		}
		got, err := set.Open(a, bound)
		if err != nil || string(got) != plain {
			t.Errorf("Open = %.20q, %v; want %.20q", got, err, plain)
		}
	}
}

func TestRotatedKeysOpenWhatTheOldOneSealed(t *testing.T) {
	t.Parallel()
	old, next := newKey(t), newKey(t)
	sealed, err := keys(t, old).Seal([]byte("s"), "b")
	if err != nil {
		t.Fatal(err)
	}
	both := keys(t, next, old)
	if got, err := both.Open(sealed, "b"); err != nil || string(got) != "s" {
		t.Errorf("Open with the old key second = %q, %v", got, err)
	}
	if again, _ := both.Seal([]byte("s"), "b"); seal.SealedBy(again) != both.IDs()[0] {
		t.Errorf("sealed by %q, want the first key %q", seal.SealedBy(again), both.IDs()[0])
	}
	_, err = keys(t, next).Open(sealed, "b")
	var unknown *seal.UnknownKeyError
	if !errors.As(err, &unknown) || unknown.KeyID != seal.SealedBy(sealed) {
		t.Fatalf("Open without the key = %v, want an UnknownKeyError that names it", err)
	}
	for _, language := range []string{"en", "zh"} {
		if !strings.Contains(unknown.Advice()[language], unknown.KeyID) {
			t.Errorf("advice in %s does not name the key: %q", language, unknown.Advice()[language])
		}
	}
}

func TestMovedOrChangedTextsDoNotOpen(t *testing.T) {
	t.Parallel()
	text := newKey(t)
	set := keys(t, text)
	sealed, err := set.Seal([]byte("secret"), seal.Bind("bus", "rule", "t1"))
	if err != nil {
		t.Fatal(err)
	}
	id, _, _ := strings.Cut(text, ":")
	other := keys(t, id+":"+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	for name, try := range map[string]struct {
		set           *seal.Keyset
		sealed, bound string
	}{
		"another target":          {set, sealed, seal.Bind("bus", "rule", "t2")},
		"another rule":            {set, sealed, seal.Bind("bus", "rule2", "t1")},
		"parts shifted":           {set, sealed, seal.Bind("busr", "ule", "t1")},
		"another key, same id":    {other, sealed, seal.Bind("bus", "rule", "t1")},
		"last character changed":  {set, sealed[:len(sealed)-2] + "AA", seal.Bind("bus", "rule", "t1")},
		"cut":                     {set, sealed[:len(sealed)-5], seal.Bind("bus", "rule", "t1")},
		"only a head":             {set, sealed[:strings.LastIndex(sealed, ".")+1], seal.Bind("bus", "rule", "t1")},
		"another version":         {set, "v2" + sealed[2:], seal.Bind("bus", "rule", "t1")},
		"empty":                   {set, "", seal.Bind("bus", "rule", "t1")},
		"plain text":              {set, "https://example.com/a.b.c", seal.Bind("bus", "rule", "t1")},
		"a line break inserted":   {set, sealed[:20] + "\n" + sealed[20:], seal.Bind("bus", "rule", "t1")},
		"padding that is ignored": {set, sealed + "=", seal.Bind("bus", "rule", "t1")},
	} {
		got, err := try.set.Open(try.sealed, try.bound)
		var broken *seal.BrokenError
		if !errors.As(err, &broken) || got != nil {
			t.Errorf("%s: Open = %q, %v; want a BrokenError", name, got, err)
			continue
		}
		if strings.Contains(err.Error(), "secret") || broken.Advice()["zh"] == "" || broken.Advice()["en"] == "" {
			t.Errorf("%s: error %q with advice %v", name, err, broken.Advice())
		}
	}
}

func TestParseKeysNamesAllFaultsAndNoKey(t *testing.T) {
	t.Parallel()
	short := base64.StdEncoding.EncodeToString([]byte("planted-key-material"))
	good := newKey(t)
	_, err := seal.ParseKeys(strings.Join([]string{good, good, "a:" + short, "noid" + short, "B:" + short, "c:***"}, ", "))
	if err == nil {
		t.Fatal("ParseKeys took it")
	}
	for _, want := range []string{"seal key 2: id", "appears twice", `seal key "a"`, "seal key 4", "seal key 5", `seal key "c"`, "make keys"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), short) || strings.Contains(err.Error(), strings.SplitN(good, ":", 2)[1]) {
		t.Errorf("error repeats a key:\n%v", err)
	}
	if _, err := seal.ParseKeys(" "); err == nil {
		t.Error("ParseKeys took an empty text")
	}
}

func TestNewKeyReportsASourceThatEnds(t *testing.T) {
	t.Parallel()
	if _, err := seal.NewKey(strings.NewReader("too short")); err == nil {
		t.Error("NewKey made a key of 9 bytes")
	}
}

func TestFingerprintsTellSecretsApartAndNeedTheKey(t *testing.T) {
	t.Parallel()
	a, b := keys(t, newKey(t)), keys(t, newKey(t))
	if got := a.Fingerprint("x"); len(got) != 8 || got != a.Fingerprint("x") || got == a.Fingerprint("y") || got == b.Fingerprint("x") {
		t.Errorf("Fingerprint(x) = %q, again %q, of y %q, by another key %q", got, a.Fingerprint("x"), a.Fingerprint("y"), b.Fingerprint("x"))
	}
}

func TestANilKeysetSealsNothing(t *testing.T) {
	t.Parallel()
	var none *seal.Keyset
	if _, err := none.Seal([]byte("x"), "b"); err == nil || !strings.Contains(err.Error(), "SEAL_KEYS") {
		t.Errorf("Seal without keys: %v, want an error that names SEAL_KEYS", err)
	}
	if _, err := none.Open("v1.k.AAAA", "b"); err == nil {
		t.Error("Open without keys gave no error")
	}
}

func FuzzOpenNeverOpensWhatWasNotSealed(f *testing.F) {
	set := keys(f, newKey(f))
	sealed, err := set.Seal([]byte("secret"), "b")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "v1", "v1..", "v1.k.", sealed, sealed[:len(sealed)-1], "v1." + set.IDs()[0] + ".AAAA", "v1.k\x00.A"} {
		f.Add(seed, "b")
	}
	f.Fuzz(func(t *testing.T, text, bound string) {
		got, err := set.Open(text, bound)
		if err == nil && (text != sealed || bound != "b" || string(got) != "secret") {
			t.Errorf("Open(%q, %q) = %q", text, bound, got)
		}
	})
}

func Example() {
	keys, err := seal.ParseKeys("k1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))) // make keys prints real ones
	if err != nil {
		fmt.Println(err)
		return
	}
	here := seal.Bind("pai-system-nlp_train", "nightly", "ops")
	sealed, err := keys.Seal([]byte("SEC-T"), here)
	if err != nil {
		fmt.Println(err)
		return
	}
	plain, err := keys.Open(sealed, here)
	fmt.Println(string(plain), err)
	_, err = keys.Open(sealed, seal.Bind("pai-system-nlp_train", "nightly", "elsewhere"))
	fmt.Println(err)
	// Output:
	// SEC-T <nil>
	// sealed text was moved from another rule or target, changed, or made by another key of the same id
}
