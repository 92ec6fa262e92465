// Package identity is a stand-in for a company's identity provider, through which people sign in to the console. It is
// zitadel/oidc's OpenID Connect provider with three people, whose groups it tells. It listens at 127.0.0.2: for a browser
// that is another site than pai-notify's at 127.0.0.1, as a real provider is.
package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// password is everybody's.
const password = "local"

// Roles are the groups' roles, as OIDC_ROLES takes them.
const Roles = "admins=admin,trainers=editor@nlp_train"

const (
	clientID     = "pai-notify"
	clientSecret = "local-secret"
)

// person is somebody whom the provider knows.
type person struct {
	storage.User
	groups []string
}

// people are an administrator, an editor of one workspace, and somebody whose groups have no role.
type people []person

var _ storage.UserStore = people(nil)

func everybody() people {
	one := func(id, name string, groups ...string) person {
		return person{storage.User{ID: id, Username: name, Password: password, FirstName: name, LastName: "Local"}, groups}
	}
	return people{one("p1", "admin", "admins"), one("p2", "trainer", "trainers"), one("p3", "stranger", "visitors")}
}

func (p people) find(is func(person) bool) *person {
	if i := slices.IndexFunc(p, is); i >= 0 {
		return &p[i]
	}
	return nil
}

// GetUserByID implements [storage.UserStore].
func (p people) GetUserByID(id string) *storage.User {
	if found := p.find(func(one person) bool { return one.ID == id }); found != nil {
		return &found.User
	}
	return nil
}

// GetUserByUsername implements [storage.UserStore].
func (p people) GetUserByUsername(name string) *storage.User {
	if found := p.find(func(one person) bool { return one.Username == name }); found != nil {
		return &found.User
	}
	return nil
}

// ExampleClientID implements [storage.UserStore]: nobody uses it.
func (people) ExampleClientID() string { return "" }

// store tells people's groups and PAI users at the user-info endpoint.
type store struct {
	*storage.Storage
	people people
}

// SetUserinfoFromToken implements [op.OPStorage].
func (s *store) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	if err := s.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin); err != nil {
		return err
	}
	if found := s.people.find(func(one person) bool { return one.ID == info.Subject }); found != nil {
		info.AppendClaims("groups", found.groups)
	}
	return nil
}

// Provider is a running provider.
type Provider struct {
	Issuer string
	server *http.Server
	failed chan error
}

// Start runs a provider for a site, which its people are sent back to at site + callback. The logger becomes the
// process's own: zitadel/oidc's example knows no other.
func Start(site, callback string, log *slog.Logger) (*Provider, error) {
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the identity provider: %w", err)
	}
	p := &Provider{Issuer: "http://" + listener.Addr().String(), failed: make(chan error, 1)}
	known := everybody()
	client := storage.WebClient(clientID, clientSecret, site+callback)
	kept := &store{storage.NewStorageWithClients(known, map[string]*storage.Client{clientID: client}), known}
	p.server = &http.Server{
		Handler:           exampleop.SetupServer(p.Issuer, kept, log, false, op.WithAllowInsecure(), op.WithLogger(log)),
		ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		err := p.server.Serve(listener)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		p.failed <- err
	}()
	return p, nil
}

// Environment is what the function access is given to sign people in through the provider.
func (p *Provider) Environment(site string) map[string]string {
	return map[string]string{
		"OIDC_ISSUER": p.Issuer, "OIDC_CLIENT_ID": clientID, "OIDC_CLIENT_SECRET": clientSecret, "OIDC_ROLES": Roles, "PUBLIC_URL": site,
	}
}

// Close ends the provider; its error is also why it ended before.
func (p *Provider) Close() error { return errors.Join(p.server.Close(), <-p.failed) }
