package channeltest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
)

// spec checks what the channel says of itself.
func (c suite) spec(t *testing.T) {
	t.Parallel()
	ch, to, _ := c.open("http://receiver.test:80", answerer(200, c.Accepted))
	s := ch.Spec()
	if s.Name == "" || s.Title["en"] == "" || s.Title["zh"] == "" || s.Name != strings.ToLower(s.Name) {
		t.Errorf("name %q, titles %q", s.Name, s.Title)
	}
	for _, field := range slices.Concat(s.Fields, s.Shared) {
		for _, language := range []string{"en", "zh"} {
			if field.Label[language] == "" || field.Help[language] == "" {
				t.Errorf("field %s has no label or help in %s", field.Name, language)
			}
			for option, called := range field.Called {
				if !slices.Contains(field.Options, option) || called[language] == "" {
					t.Errorf("field %s calls its option %q %q in %s", field.Name, option, called[language], language)
				}
			}
		}
	}
	if s.Contacts != (to[channel.To] != "") || s.Contacts != c.Cloud {
		t.Errorf("contacts is %v, want it where settings hold a contact's address", s.Contacts)
	}
	for _, secret := range c.Secrets {
		if c.Cloud {
			break
		}
		held := false
		for _, field := range s.Fields {
			held = held || field.Secret && strings.Contains(to[field.Name], secret)
		}
		if !held {
			t.Errorf("secret %q is in no secret setting", secret)
		}
	}
	for _, pace := range s.Pace {
		if pace.Burst < 1 || pace.Every <= 0 {
			t.Errorf("pace %+v allows nothing", pace)
		}
	}
}

// settings checks that faults of settings are all found, at their paths, and repeat no secret.
func (c suite) settings(t *testing.T) {
	t.Parallel()
	ch, good, _ := c.open("http://receiver.test:80", answerer(200, c.Accepted))
	s := ch.Spec()
	if c.Cloud {
		c.shared(t, s, good)
		good = channel.Settings{}
	}
	if faults := s.Check(good); faults.Len() != 0 {
		t.Errorf("good settings have faults: %v", fault.List(faults))
	}
	required := 0
	for _, field := range s.Fields {
		if field.Required {
			required++
		}
	}
	bad := channel.Settings{"colour": "red"}
	if got := fault.List(s.Check(bad)); len(got) != required+1 {
		t.Errorf("settings without anything but an unknown one have faults %v, want %d", got, required+1)
	}
	if len(s.Fields) == 0 {
		return
	}
	const base = "http://receiver.test:80"
	for _, field := range s.Fields {
		values := map[string]string{"over-long": good[field.Name] + strings.Repeat("x", 2000)}
		if field.Secret {
			values["a blank in it"] = good[field.Name] + " " + c.Secrets[0]
			values["a line break"] = good[field.Name] + "\n"
		}
		if field.Address != nil {
			maps.Copy(values, map[string]string{
				"no URL":        c.Secrets[0],
				"a broken URL":  "https://[" + c.Secrets[0],
				"plain http":    strings.Replace(good[field.Name], "receiver.test:80", "example.com", 1),
				"no host":       "https:///robot/send?access_token=" + c.Secrets[0],
				"another kind":  "ftp://example.com/" + c.Secrets[0],
				"script":        "javascript:alert(" + c.Secrets[0] + ")",
				"user info":     strings.Replace(good[field.Name], "receiver.test", "user:"+c.Secrets[0]+"@receiver.test", 1),
				"user info 2":   "https://user:" + c.Secrets[0] + "@example.com/",
				"an odd port":   strings.Replace(good[field.Name], ":80", ":99999", 1),
				"an empty port": strings.Replace(good[field.Name], ":80", ":", 1),
			})
		}
		if field.Address != nil && len(field.Address.Hosts) > 0 {
			maps.Copy(values, map[string]string{
				"a foreign host":      strings.Replace(good[field.Name], base, "https://evil.example", 1),
				"a host that ends so": strings.Replace(good[field.Name], base, "https://evil"+field.Address.Hosts[0], 1),
				"a host before ours":  strings.Replace(good[field.Name], base, "https://"+field.Address.Hosts[0]+".evil.example", 1),
				"another path":        "https://" + field.Address.Hosts[0] + "/elsewhere?access_token=" + c.Secrets[0],
				"no token":            "https://" + field.Address.Hosts[0] + field.Address.Path,
				"another port":        "https://" + field.Address.Hosts[0] + ":8443" + field.Address.Path,
			})
		}
		for name, value := range values {
			to := maps.Clone(good)
			to[field.Name] = value
			list := fault.List(s.Check(to))
			if len(list) != 1 || list[0].Path != field.Name || list[0].Text == "" {
				t.Errorf("%s with %s has faults %v, want one", field.Name, name, list)
			}
			for _, f := range list {
				c.clean(t, field.Name+" with "+name, f.Text+f.ZH)
				if f.ZH == "" || f.ZH == f.Text {
					t.Errorf("%s with %s is not told in Chinese: %s", field.Name, name, f.Text)
				}
			}
		}
	}
}

// shared checks the settings that a deployment has once.
func (c suite) shared(t *testing.T, s channel.Spec, good channel.Settings) {
	t.Helper()
	good = maps.Clone(good)
	delete(good, channel.To)
	if faults := s.CheckShared(good); faults.Len() != 0 {
		t.Errorf("good shared settings have faults: %v", fault.List(faults))
	}
	for _, field := range s.Shared {
		for name, value := range map[string]string{"over-long": strings.Repeat("x", 2000), "hostile": "<b>【\n】${x}"} {
			to := maps.Clone(good)
			to[field.Name] = value
			if list := fault.List(s.CheckShared(to)); len(list) != 1 || list[0].Path != field.Name {
				t.Errorf("shared setting %s that is %s has faults %v, want one", field.Name, name, list)
			}
		}
	}
}
