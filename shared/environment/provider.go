package environment

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Provider is the identity provider through which people may sign in to the console; zero where there is none.
type Provider struct {
	Issuer       string      // OIDC_ISSUER: https://…; Alibaba Cloud's for RAM users is https://oauth.aliyun.com
	ClientID     string      // OIDC_CLIENT_ID: the provider's name for this deployment
	ClientSecret string      // OIDC_CLIENT_SECRET: may be empty where the provider wants none
	PublicURL    string      // PUBLIC_URL: this deployment's own base URL, to which the provider sends people back
	Roles        []GroupRole // OIDC_ROLES: GROUP=ROLE or GROUP=ROLE@WORKSPACE+WORKSPACE, parted by commas
	GroupsClaim  string      // OIDC_GROUPS_CLAIM: the claim that is compared with the groups; groups by default
	UserClaim    string      // OIDC_USER_CLAIM: the claim with the PAI user's id; uid by default
}

// GroupRole is what members of a group may do.
type GroupRole struct {
	Group      string
	Role       string   // viewer, editor or admin
	Workspaces []string // none means all
}

// readProvider reads the variables. Where OIDC_ISSUER is empty there is no provider.
func readProvider(getenv func(string) string, fault func(name, format string, args ...any)) Provider {
	p := Provider{
		Issuer: getenv("OIDC_ISSUER"), ClientID: getenv("OIDC_CLIENT_ID"), ClientSecret: getenv("OIDC_CLIENT_SECRET"),
		PublicURL: strings.TrimSuffix(getenv("PUBLIC_URL"), "/"), GroupsClaim: getenv("OIDC_GROUPS_CLAIM"), UserClaim: getenv("OIDC_USER_CLAIM"),
	}
	if p.Issuer == "" {
		return Provider{}
	}
	if p.GroupsClaim == "" {
		p.GroupsClaim = "groups"
	}
	if p.UserClaim == "" {
		p.UserClaim = "uid"
	}
	if p.ClientID == "" {
		fault("OIDC_CLIENT_ID", "is not set; the provider's page of the application shows it")
	}
	for name, value := range map[string]string{"OIDC_ISSUER": p.Issuer, "PUBLIC_URL": p.PublicURL} {
		u, err := url.Parse(value)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(value)) {
			fault(name, "is not a URL such as https://notify.example.com; only this machine's may be plain http")
		}
	}
	var err error
	if p.Roles, err = ParseRoles(getenv("OIDC_ROLES")); err != nil {
		fault("OIDC_ROLES", "%w", err)
	}
	return p
}

// ParseRoles reads a comma list of GROUP=ROLE or GROUP=ROLE@WORKSPACE+WORKSPACE.
func ParseRoles(text string) ([]GroupRole, error) {
	var list []GroupRole
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		at := strings.LastIndexByte(item, '=')
		if at <= 0 {
			return nil, fmt.Errorf("%q is not GROUP=ROLE, such as ml-team=editor@nlp_train+cv_lab", item)
		}
		role, workspaces, some := strings.Cut(item[at+1:], "@")
		g := GroupRole{Group: item[:at], Role: role}
		switch role {
		case "viewer", "editor", "admin":
		default:
			return nil, fmt.Errorf("%q gives the role %q; there are viewer, editor and admin", item, role)
		}
		if some {
			for name := range strings.SplitSeq(workspaces, "+") {
				if name == "" {
					return nil, fmt.Errorf("%q names an empty workspace; leave @ out for all", item)
				}
				g.Workspaces = append(g.Workspaces, name)
			}
		}
		list = append(list, g)
	}
	if len(list) == 0 {
		return nil, errors.New("is empty, so that nobody could sign in; give GROUP=ROLE, such as ml-admins=admin")
	}
	return list, nil
}
