package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go"

	"pai-notify/shared/access"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
)

// Key is an API key as it may be shown.
type Key struct {
	ID         string    `json:"id" doc:"The part of the key that follows pnk_"`
	Name       string    `json:"name"`
	Role       string    `json:"role" enum:"viewer,editor,admin"`
	Workspaces []string  `json:"workspaces" doc:"Empty: all"`
	PAIUser    string    `json:"paiUser,omitempty"`
	State      string    `json:"state" enum:"usable,expired,revoked"`
	MadeBy     string    `json:"madeBy,omitempty" doc:"Id of who made it; left out: the bootstrap token"`
	Created    time.Time `json:"created"`
	LastUsed   time.Time `json:"lastUsed,omitzero" doc:"To the minute; left out: never"`
	Expires    time.Time `json:"expires,omitzero" doc:"Left out: never"`
	Revoked    time.Time `json:"revoked,omitzero"`
}

func wire(k access.Key, now time.Time) Key {
	shown := Key{
		ID: k.ID, Name: k.Name, Role: string(k.Role), Workspaces: append([]string{}, k.Workspaces...), PAIUser: k.PAIUser, State: "usable",
		MadeBy: k.MadeBy, Created: utc(k.Created), LastUsed: utc(k.LastUsed), Expires: utc(k.Expires), Revoked: utc(k.Revoked),
	}
	switch {
	case !k.Revoked.IsZero():
		shown.State = "revoked"
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		shown.State = "expired"
	}
	return shown
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// Wanted is a key to be made.
type Wanted struct {
	Name       string   `json:"name" example:"pipeline of the night shift" doc:"For people: who uses it, and for what"`
	Role       string   `json:"role" example:"editor" doc:"viewer, editor or admin; at most the caller's own"`
	Workspaces []string `json:"workspaces,omitempty" doc:"Left out: all that the caller's key is for"`
	PAIUser    string   `json:"paiUser,omitempty" doc:"Id of the PAI user whose jobs createdByMe means, and whose private objects it may see"`
	Days       int      `json:"days,omitempty" doc:"How long it can be used, 1 to 3650; left out: 365"`
}

const (
	defaultDays = 365
	maxDays     = 3650
	maxName     = 100 // characters
)

var (
	workspaceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)
	paiUser       = regexp.MustCompile(`^[0-9]{1,30}$`)
	roles         = []string{string(access.Viewer), string(access.Editor), string(access.Admin)} //nolint:gochecknoglobals // never changes
)

// checkKey finds all faults of a wanted key.
func checkKey(ctx context.Context, w Wanted) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	caller := access.From(ctx)
	if caller.Require(access.Admin) != nil { // the operation says so
		return faults
	}
	switch {
	case strings.TrimSpace(w.Name) == "":
		faults.Add(fault.New("Name", fault.Say("is missing; say who uses the key, and for what", "不能为空，请说明由谁使用、用于什么")))
	case utf8.RuneCountInString(w.Name) > maxName:
		faults.Add(fault.New("Name", fault.Say("has over %d characters; shorten it", "超过 %d 个字符，请缩短", maxName)))
	case strings.ContainsFunc(w.Name, func(r rune) bool { return !unicode.IsPrint(r) }):
		faults.Add(fault.New("Name", fault.Say("has a character that cannot be shown; leave it out", "含有无法显示的字符，请去掉")))
	}
	if !slices.Contains(roles, w.Role) {
		faults.Add(fault.New("Role", fault.Say("must be one of %s", "须为 %s 之一", fault.Names(roles))))
	}
	if len(w.Workspaces) > access.MaxWorkspaces {
		faults.Add(fault.New("Workspaces", fault.Say("are over %d; leave them out for all, or make several keys",
			"超过 %d 个；留空表示全部，或分成几个密钥", access.MaxWorkspaces)))
	}
	for i, name := range w.Workspaces[:min(len(w.Workspaces), access.MaxWorkspaces)] {
		at := fmt.Sprintf("Workspaces[%d]", i)
		switch {
		case !workspaceName.MatchString(name):
			faults.Add(fault.New(at, fault.Say("is no workspace's name: letters, digits, - and _", "不是工作空间名称，只能使用字母、数字、- 和 _")))
		case slices.Contains(w.Workspaces[:i], name):
			faults.Add(fault.New(at, fault.Say("appears twice; leave it out here", "重复，请去掉此处")))
		case !caller.In(name):
			faults.Add(fault.New(at, fault.Say("is a workspace that your own key is not for; ask an administrator of it", "不在您的密钥可用范围内，请联系该工作空间的管理员")))
		}
	}
	if w.PAIUser != "" && !paiUser.MatchString(w.PAIUser) {
		faults.Add(fault.New("PAIUser", fault.Say("is no PAI user id, which is digits", "不是 PAI 用户 ID，只能为数字")))
	}
	if w.Days < 0 || w.Days > maxDays {
		faults.Add(fault.New("Days", fault.Say("must be 1 to %d, or left out for %d", "须为 1 至 %d，留空则为 %d", maxDays, defaultDays)))
	}
	return faults
}

func (s *service) enter(ctx context.Context) error {
	if err := access.From(ctx).Require(access.Admin); err != nil {
		return err
	}
	return s.db.CheckVersion(ctx)
}

// mine says whether a key is within what the caller administers.
func mine(caller access.Identity, k access.Key) bool {
	return caller.Everywhere() ||
		len(k.Workspaces) > 0 && !slices.ContainsFunc(k.Workspaces, func(name string) bool { return !caller.In(name) })
}

func (s *service) listKeys(ctx context.Context, _ *struct{}) (*struct {
	Body struct {
		Items []Key `json:"items"`
	}
}, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	all, err := s.keys.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Items []Key `json:"items"`
		}
	}{}
	out.Body.Items = []Key{}
	for _, k := range all {
		if mine(access.From(ctx), k) {
			out.Body.Items = append(out.Body.Items, wire(k, s.keys.Now()))
		}
	}
	return out, nil
}

type madeKey struct {
	Location string `header:"Location"`
	Body     struct {
		Key
		Secret string `json:"key" doc:"The key itself; it is told here and never again"`
	}
}

func (s *service) makeKey(ctx context.Context, in *struct {
	httpapi.Asked
	httpapi.Checked[Wanted]
}) (*madeKey, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	w, caller := in.Body, access.From(ctx)
	if w.Days == 0 {
		w.Days = defaultDays
	}
	wanted := access.Key{
		Name: strings.TrimSpace(w.Name), Role: access.Role(w.Role), Workspaces: w.Workspaces, PAIUser: w.PAIUser,
		Expires: s.keys.Now().AddDate(0, 0, w.Days),
	}
	if len(wanted.Workspaces) == 0 {
		wanted.Workspaces = caller.Workspaces
	}
	out := &madeKey{}
	err := s.keys.Audited(ctx, access.Change{Action: "key.make", Object: wanted.Name}, func(ctx context.Context) (any, error) {
		secret, made, err := s.keys.Make(ctx, wanted)
		if err != nil {
			return nil, err
		}
		out.Body.Key, out.Body.Secret, out.Location = wire(made, s.keys.Now()), secret, "/api/v1/keys/"+made.ID
		return out.Body.Key, nil
	})
	if errors.Is(err, access.ErrTooMany) {
		return nil, conflict("TooManyKeys", access.ErrTooMany, advice{
			"GET /api/v1/keys shows when each was last used; DELETE /api/v1/keys/ID revokes one.",
			"GET /api/v1/keys 可查看各密钥的最近使用时间；DELETE /api/v1/keys/ID 可吊销密钥。"}.in(in.Language()))
	}
	return out, err
}

func (s *service) revokeKey(ctx context.Context, in *struct {
	httpapi.Asked
	ID string `path:"id" pattern:"^[a-z2-7]{10}$" patternDescription:"id of a key: 10 of a-z and 2-7"`
}) (*struct{}, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	before, err := s.keys.Get(ctx, in.ID)
	var none *access.NotFoundError
	if errors.As(err, &none) || err == nil && !mine(access.From(ctx), before) {
		return nil, &httpapi.Problem{
			Status: http.StatusNotFound, Code: "KeyNotFound", Said: fault.Say("there is no API key %q", "没有 API 密钥 %q", in.ID),
			Advice: advice{"GET /api/v1/keys lists the keys there are.", "GET /api/v1/keys 列出现有密钥。"}.in(in.Language()),
		}
	}
	if err != nil {
		return nil, err
	}
	change := access.Change{Action: "key.revoke", Object: in.ID, Before: wire(before, s.keys.Now())}
	err = s.keys.Audited(ctx, change, func(ctx context.Context) (any, error) {
		revoked, err := s.keys.Revoke(ctx, in.ID)
		return wire(revoked, s.keys.Now()), err
	})
	if errors.Is(err, access.ErrLastAdmin) {
		return nil, conflict("LastAdmin", access.ErrLastAdmin, advice{
			"Make another key with the role admin for all workspaces that does not expire soon, then revoke this one with it.",
			"请先创建另一个对全部工作空间有效的 admin 密钥，再用它吊销此密钥。"}.in(in.Language()))
	}
	return &struct{}{}, err
}

func conflict(code string, text fault.Text, advice string) error {
	return &httpapi.Problem{Status: http.StatusConflict, Code: code, Said: text, Advice: advice}
}
