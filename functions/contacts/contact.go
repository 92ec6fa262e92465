package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"

	"pai-notify/shared/access"
	"pai-notify/shared/contact"
	"pai-notify/shared/fault"
	"pai-notify/shared/httpapi"
)

// Named is embedded in the input of every operation on one contact.
type Named struct {
	httpapi.Asked
	ID string `path:"id" pattern:"^[a-z0-9][a-z0-9_.-]{0,63}$" patternDescription:"id of a contact"`
}

// Matching is embedded in the input of operations that change a contact.
type Matching struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the contact as it was read: if it has changed since, the answer is 412"`
}

// revision is what the contact's must be, 0 for any. It takes the forms that proxies make of an ETag, W/"…" among them.
func (m Matching) revision() (int64, error) {
	given := strings.TrimSpace(m.IfMatch)
	if given == "" || given == "*" {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(given, "W/"), `"`), 10, 64)
	if err != nil || n <= 0 {
		return 0, httpapi.Wrong("header.If-Match", fault.Say("is not one ETag; send the one that GET answered, or leave the header out",
			"不是单个 ETag；请使用 GET 返回的 ETag，或去掉该请求头"))
	}
	return n, nil
}

// answer is one contact.
type answer struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     Contact
}

func (s *service) told(ctx context.Context, c contact.Contact) *answer {
	return &answer{ETag: fmt.Sprintf("%q", strconv.FormatInt(c.Revision, 10)), Body: s.wire(c, access.From(ctx))}
}

type page struct {
	Body struct {
		Items []Contact `json:"items"`
		Next  string    `json:"next,omitempty" doc:"Ask again with it as cursor; left out at the end"`
	}
}

func (s *service) list(ctx context.Context, in *struct {
	Text   string `query:"q" maxLength:"100" doc:"Words that all occur in the name, id or PAI user"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"next of the answer before"`
}) (*page, error) {
	if _, err := s.enter(ctx, access.Viewer); err != nil {
		return nil, err
	}
	return s.page(ctx, contact.Query{Text: in.Text}, in.Cursor, in.Limit, "query.cursor")
}

// Search is what is searched for.
type Search struct {
	Text   string `json:"q" maxLength:"100" doc:"Words that all occur in the contact, wherever"`
	Limit  int    `json:"limit,omitempty" minimum:"0" maximum:"500" doc:"50 where it is left out"`
	Cursor string `json:"cursor,omitempty" maxLength:"1000" doc:"next of the answer before"`
}

func (s *service) search(ctx context.Context, in *struct{ Body Search }) (*page, error) {
	if _, err := s.enter(ctx, access.Editor); err != nil { // who may not read numbers may not find out by searching
		return nil, err
	}
	limit := in.Body.Limit
	if limit == 0 {
		limit = 50
	}
	return s.page(ctx, contact.Query{Text: in.Body.Text, Addresses: true}, in.Body.Cursor, limit, "cursor")
}

func (s *service) page(ctx context.Context, q contact.Query, cursor string, limit int, path string) (*page, error) {
	list, next, err := s.book.List(ctx, q, cursor, limit)
	if errors.Is(err, contact.ErrCursor) {
		return nil, httpapi.Wrong(path, fault.Say("is none that a list gave; leave it out to begin at the start", "不是列表返回的游标；请去掉以从头开始"))
	}
	if err != nil {
		return nil, err
	}
	out := &page{}
	out.Body.Items, out.Body.Next = []Contact{}, next
	for _, c := range list {
		out.Body.Items = append(out.Body.Items, s.wire(c, access.From(ctx)))
	}
	return out, nil
}

// find gives a contact by its id, or the error that there is none.
func (s *service) find(ctx context.Context, id string) (contact.Contact, error) {
	found, err := s.book.Get(ctx, id)
	if err != nil {
		return contact.Contact{}, err
	}
	c, there := found[id]
	if !there {
		return c, contact.NotFound(id)
	}
	return c, nil
}

func (s *service) get(ctx context.Context, in *struct{ Named }) (*answer, error) {
	if _, err := s.enter(ctx, access.Viewer); err != nil {
		return nil, err
	}
	c, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.told(ctx, c), nil
}

// check finds all faults of a contact that is to be saved.
func (s *service) check(ctx context.Context, given Contact) smithy.InvalidParamsError {
	var none smithy.InvalidParamsError
	if access.From(ctx).Require(access.Editor) != nil || s.db.CheckVersion(ctx) != nil { // the operation says so
		return none
	}
	id := httpapi.Param(ctx, "id")
	if given.ID == "" {
		given.ID = id
	}
	c, faults := given.contact().Normal()
	if id != "" && c.ID != id {
		faults.Add(fault.New("ID", fault.Say("differs from %.64q in the address, and a contact's id cannot be changed; leave it out, or "+
			"make a new contact and delete this one", "与地址中的 %.64q 不同，而联系人的标识不可修改；请留空，或新建联系人并删除此联系人", id)))
	}
	s.checkChats(&faults, c)
	owners, err := s.book.OfOwners(ctx, c.PAIUser)
	if err != nil { // the operation meets it
		return none
	}
	if other, taken := owners[c.PAIUser]; taken && other.ID != c.ID {
		faults.Add(fault.New("PAIUser", contact.Taken(other.ID)))
	}
	return faults
}

// checkChats wants ids that the chat receivers could know.
func (s *service) checkChats(faults *smithy.InvalidParamsError, c contact.Contact) {
	ids := map[string]string{"dingtalk": c.DingTalk, "wecom": c.WeCom, "lark": c.Lark}
	for _, spec := range s.specs() {
		id := ids[spec.Name]
		if id == "" || spec.Mention == nil {
			continue
		}
		if err := spec.Mention(id); err != nil {
			faults.Add(fault.New(spec.Name, err))
		}
	}
}

func (s *service) create(ctx context.Context, in *struct {
	httpapi.Checked[Contact]
}) (*answer, error) {
	if _, err := s.enter(ctx, access.Editor); err != nil {
		return nil, err
	}
	var made contact.Contact
	err := s.keys.Audited(ctx, access.Change{Action: "contact.create", Object: in.Body.ID}, func(ctx context.Context) (after any, err error) {
		made, err = s.book.Create(ctx, in.Body.contact())
		return s.shown(made), err
	})
	if err != nil {
		return nil, err
	}
	s.note(ctx, "contact made", "contact", made.ID)
	out := s.told(ctx, made)
	out.Location = contacts + "/" + url.PathEscape(made.ID)
	return out, nil
}

func (s *service) replace(ctx context.Context, in *struct {
	Named
	Matching
	httpapi.Checked[Contact]
	IfNoneMatch string `header:"If-None-Match" hidden:"true"`
}) (*answer, error) {
	if _, err := s.enter(ctx, access.Editor); err != nil {
		return nil, err
	}
	if in.IfNoneMatch != "" { // to leave it out of account would replace what the caller wants kept
		return nil, httpapi.Wrong("header.If-None-Match", fault.Say("is not taken: PUT only replaces a contact that exists; make a new one with POST",
			"不支持：PUT 只替换已有的联系人；新建请用 POST"))
	}
	revision, err := in.revision()
	if err != nil {
		return nil, err
	}
	in.Body.ID = in.ID // the check has seen to it
	old, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var saved contact.Contact
	change := access.Change{Action: "contact.replace", Object: in.ID, Before: s.shown(old)}
	err = s.keys.Audited(ctx, change, func(ctx context.Context) (after any, err error) {
		saved, err = s.book.Replace(ctx, in.Body.contact(), revision)
		return s.shown(saved), err
	})
	if err != nil {
		return nil, err
	}
	s.note(ctx, "contact saved", "contact", saved.ID)
	return s.told(ctx, saved), nil
}
