package event

import "testing"

func TestWhatIsNotSaidToBePublicIsItsOwners(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		view View
		want string
	}{
		"public":                     {View{Source: "dlc", OwnerID: "2", Accessibility: "PUBLIC"}, Anybody},
		"private":                    {View{Source: "dlc", OwnerID: "2", Accessibility: "PRIVATE"}, "2"},
		"nothing said":               {View{Source: "dsw", OwnerID: "2"}, "2"},
		"nothing said, nobody's":     {View{Source: "flow"}, ""},
		"another word":               {View{Source: "dlc", OwnerID: "2", Accessibility: "WORKSPACE"}, "2"},
		"a source nobody knows":      {View{}, ""},
		"about a notification":       {View{Source: "delivery"}, Anybody},
		"a creator called everybody": {View{Source: "dlc", OwnerID: Anybody}, ""},
	} {
		if got := c.view.VisibleTo(); got != c.want {
			t.Errorf("%s: VisibleTo() = %q, want %q", name, got, c.want)
		}
	}
}
