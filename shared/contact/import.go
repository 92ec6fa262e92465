package contact

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"pai-notify/shared/fault"
)

// Import says how a [Sheet] goes into the book.
type Import struct {
	Partial bool // lines without a fault go in even where others have one
	DryRun  bool // nothing goes in
}

// Imported is what became of a file.
type Imported struct {
	Written   bool // the counts below are done, not only what would be
	Created   int
	Replaced  int
	Unchanged int
	Faulty    int     // lines
	Faults    []Fault // by line
}

// Import puts contacts of a file into the book, all or none of them. A line with an id is that contact, new or not; a
// line without one is the contact of its name, new if there is none. What the file has no column for stays as it was.
// Faults of the file, and those that only show beside the other contacts, are in the answer and no error.
func (b *Book) Import(ctx context.Context, s *Sheet, how Import) (Imported, error) {
	var out Imported
	do := func(tx *sql.Tx, revision int64) error {
		p := plan{partial: how.Partial, byID: map[string]Contact{}, byName: map[string][]string{}, owners: map[string]string{}}
		if err := query(ctx, tx, "select "+columns+" from contact", nil, p.know); err != nil {
			return err
		}
		p.faults = slices.Clone(s.Faults)
		p.resolve(s)
		out = p.result()
		if how.DryRun || len(out.Faults) > 0 && !how.Partial {
			return nil
		}
		out.Written = true
		return b.put(ctx, tx, &p, revision)
	}
	var err error
	if how.DryRun {
		err = b.db.Read(ctx, func(tx *sql.Tx) error { return do(tx, 0) })
	} else {
		err = b.change(ctx, do)
	}
	if err != nil {
		return Imported{}, fmt.Errorf("import contacts: %w", err)
	}
	return out, nil
}

// put writes what a plan changes. PAI users that go from one contact to another are let go first.
func (b *Book) put(ctx context.Context, tx *sql.Tx, p *plan, revision int64) error {
	var list []Contact
	var moved []string
	for _, r := range p.rows {
		old, there := p.byID[r.Contact.ID]
		if there && r.Contact.same(old) {
			continue
		}
		c := r.Contact
		c.Created, c.Updated, c.Revision = b.moment(), b.moment(), revision
		if there {
			c.Created = old.Created
			if old.PAIUser != c.PAIUser {
				moved = append(moved, c.ID)
			}
		}
		list = append(list, c)
	}
	for some := range slices.Chunk(moved, maxIDs) {
		var args arguments
		places := args.all(some)
		if _, err := tx.ExecContext(ctx, "update contact set pai_user = '' where id in ("+places+")", args...); err != nil {
			return err
		}
	}
	return write(ctx, tx, list)
}

// plan is what an import would do.
type plan struct {
	partial bool
	byID    map[string]Contact // the book
	byName  map[string][]string
	owners  map[string]string // ids by PAI user
	rows    []Row             // each with its id
	faults  []Fault
}

func (p *plan) know(c Contact) {
	p.byID[c.ID] = c
	p.byName[c.Name] = append(p.byName[c.Name], c.ID)
	if c.PAIUser != "" {
		p.owners[c.PAIUser] = c.ID
	}
}

// resolve finds which contact each line is.
func (p *plan) resolve(s *Sheet) {
	lines := map[string]int{} // by id
	for _, r := range s.Rows {
		if r.Contact.ID != "" && lines[r.Contact.ID] == 0 {
			lines[r.Contact.ID] = r.Line
		}
	}
	taken := func(id string) bool { _, known := p.byID[id]; return known || lines[id] > 0 }
	names := map[string]int{} // lines without an id, by name
	for _, r := range s.Rows {
		id, name := r.Contact.ID, r.Contact.Name
		switch {
		case id != "" && lines[id] != r.Line:
			p.fault(r, "id", fault.Say("is also the id in line %d; one line is one contact", "与第 %d 行相同，一行对应一位联系人", lines[id]))
			continue
		case id != "":
		case names[name] > 0:
			p.fault(r, "name", fault.Say("is also the name in line %d, and neither gives an id; give both one", "与第 %d 行相同，且都没有标识；请为两者填写标识", names[name]))
			continue
		case len(p.byName[name]) > 1:
			p.fault(r, "name", fault.Say("is the name of %d contacts; give the id of the one that is meant", "是 %d 位联系人的姓名，请填写所指联系人的标识", len(p.byName[name])))
			continue
		case len(p.byName[name]) == 1 && lines[p.byName[name][0]] > 0:
			p.fault(r, "name", fault.Say("is the name of contact %q, who is in line %d; give an id", "是第 %[2]d 行的联系人 %[1]q 的姓名，请填写标识",
				p.byName[name][0], lines[p.byName[name][0]]))
			continue
		case len(p.byName[name]) == 1:
			id = p.byName[name][0]
		default:
			id = derive(name, taken)
		}
		if r.Contact.ID == "" {
			names[name], lines[id] = r.Line, r.Line
		}
		r.Contact.ID = id
		p.rows = append(p.rows, r.over(p.byID[id], s.columns))
	}
	p.checkOwners()
}

// over keeps of an old contact what the file has no column for.
func (r Row) over(old Contact, columns map[string]bool) Row {
	for _, f := range fields() {
		if !columns[f.name] && f.name != "id" {
			*f.value(&r.Contact) = *f.value(&old)
		}
	}
	return r
}

// checkOwners wants every PAI user to be one contact at the end. Lines may swap PAI users, but not where one of them may
// be left out for a fault.
func (p *plan) checkOwners() {
	after := map[string]string{} // PAI users by id, of the file
	for _, r := range p.rows {
		after[r.Contact.ID] = r.Contact.PAIUser
	}
	first := map[string]int{} // lines by PAI user
	p.rows = slices.DeleteFunc(p.rows, func(r Row) bool {
		user := r.Contact.PAIUser
		if user == "" {
			return false
		}
		other := p.owners[user]
		next, inFile := after[other]
		switch {
		case first[user] > 0:
			p.fault(r, "paiUser", fault.Say("is also in line %d; one PAI user is one contact", "在第 %d 行已有，一个 PAI 用户只对应一位联系人", first[user]))
			return true
		case other != "" && other != r.Contact.ID && (p.partial || !inFile || next == user):
			p.fault(r, "paiUser", Taken(other))
			return true
		}
		first[user] = r.Line
		return false
	})
}

func (p *plan) fault(r Row, column string, text fault.Text) {
	p.faults = append(p.faults, Fault{r.Line, column, text})
}

func (p *plan) result() Imported {
	slices.SortStableFunc(p.faults, func(a, b Fault) int { return a.Line - b.Line })
	out := Imported{Faults: p.faults}
	faulty := map[int]bool{}
	for _, f := range p.faults {
		faulty[f.Line] = true
	}
	out.Faulty = len(faulty)
	for _, r := range p.rows {
		old, there := p.byID[r.Contact.ID]
		switch {
		case !there:
			out.Created++
		case r.Contact.same(old):
			out.Unchanged++
		default:
			out.Replaced++
		}
	}
	return out
}
