package environment

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheIdentityProviderIsReadWholeOrItsFaultsAreNamed(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"OIDC_ISSUER": "https://oauth.aliyun.com", "OIDC_CLIENT_ID": "4567", "PUBLIC_URL": "https://notify.example.com/",
		"OIDC_ROLES": "ml-admins=admin, cn=org,ou=a=editor@nlp_train+cv_lab",
	}
	good["OIDC_ROLES"] = "ml-admins=admin, ou=a=editor@nlp_train+cv_lab"
	env, err := Read(func(name string) string { return good[name] })
	want := Provider{
		Issuer: "https://oauth.aliyun.com", ClientID: "4567", PublicURL: "https://notify.example.com", GroupsClaim: "groups", UserClaim: "uid",
		Roles: []GroupRole{{"ml-admins", "admin", nil}, {"ou=a", "editor", []string{"nlp_train", "cv_lab"}}},
	}
	if diff := cmp.Diff(want, env.Provider); err != nil || diff != "" {
		t.Errorf("provider: %v (-want +got)\n%s", err, diff)
	}
	if env, err := Read(func(string) string { return "" }); err != nil || env.Provider.Issuer != "" {
		t.Errorf("without an issuer there is %+v, %v", env.Provider, err)
	}
	bad := map[string]string{"OIDC_ISSUER": "http://idp.example.com", "PUBLIC_URL": "notify", "OIDC_ROLES": "x=king", "OIDC_CLIENT_SECRET": "hunter2"}
	_, err = Read(func(name string) string { return bad[name] })
	for _, name := range []string{"OIDC_ISSUER", "OIDC_CLIENT_ID", "PUBLIC_URL", "OIDC_ROLES"} {
		if err == nil || !strings.Contains(err.Error(), name+":") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("faults %v do not name %s", err, name)
		}
	}
	for _, roles := range []string{"", "admin", "=admin", "a=editor@", "a=editor@x++y"} {
		if list, err := ParseRoles(roles); err == nil {
			t.Errorf("ParseRoles(%q) = %v", roles, list)
		}
	}
}
