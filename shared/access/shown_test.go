package access

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestWhatTheAuditShowsHoldsNoSecretWhereverItStands(t *testing.T) {
	t.Parallel()
	key, _ := newKey()
	value := map[string]any{
		"name": "x", "note": "my key is " + key, "settings": map[string]string{"webhook": "https://robot/planted", "mode": "pai", "Secret": "planted"},
		"targets": []any{map[string]any{"settings": map[string]any{"url": "planted", "accessKeySecret": "planted"}}}, "phone": "planted",
		"secrets": map[string]any{"webhook": map[string]string{"host": "robot", "last4": "1234"}}, "big": 1e20, "null": nil,
	}
	text := shown(value)
	if strings.Contains(text, "planted") || strings.Contains(text, key) || !strings.Contains(text, "1234") || !strings.Contains(text, `"mode":"pai"`) {
		t.Errorf("shown as %s", text)
	}
	if text := shown(strings.Repeat("x", maxShown)); !strings.Contains(text, "omitted") || len(text) > 200 {
		t.Errorf("a large value is shown as %s", text)
	}
	if text := shown(nil); text != "" {
		t.Errorf("nothing is shown as %q", text)
	}
	if text := shown(func() {}); !json.Valid([]byte(text)) {
		t.Errorf("what is no JSON is shown as %q", text)
	}
}

func FuzzShownIsJSONWithoutSecrets(f *testing.F) {
	f.Add(`{"a":[{"webhook":"planted"}]}`)
	f.Add(`{"SECRET":"planted","b":{"token":"planted"}}`)
	f.Add(`"\u0000 pnk_aaaaaaaaaa_bbbb"`)
	f.Fuzz(func(t *testing.T, text string) {
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			return
		}
		got := shown(map[string]any{"wrapped": value, "secret": "planted-here"})
		if !json.Valid([]byte(got)) || strings.Contains(got, "planted-here") || len(got) > maxShown+200 {
			t.Fatalf("%q is shown as %q", text, got)
		}
	})
}
