package contact

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/database"
	"pai-notify/shared/fault"
)

// Book keeps the contacts of a deployment. It is safe for concurrent use.
type Book struct {
	db  *database.DB
	now func() time.Time
}

// New makes a book on a database whose schema is up to date.
func New(db *database.DB, now func() time.Time) *Book { return &Book{db: db, now: now} }

const columns = "id, name, phone, email, language, zone, dingtalk, wecom, lark, pai_user, note, revision, created, updated"

func scan(row interface{ Scan(...any) error }) (Contact, error) {
	var c Contact
	var created, updated int64
	err := row.Scan(&c.ID, &c.Name, &c.Phone, &c.Email, &c.Language, &c.Zone, &c.DingTalk, &c.WeCom, &c.Lark, &c.PAIUser, &c.Note,
		&c.Revision, &created, &updated)
	c.Created, c.Updated = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
	return c, err
}

// maxIDs is how many values one statement names.
const maxIDs = 500

// Get gives those of the contacts that exist, by their ids.
func (b *Book) Get(ctx context.Context, ids ...string) (map[string]Contact, error) {
	found := map[string]Contact{}
	err := b.find(ctx, "id", ids, func(c Contact) { found[c.ID] = c })
	if err != nil {
		return nil, fmt.Errorf("look up contacts: %w", err)
	}
	return found, nil
}

// OfOwners gives the contacts who are PAI users, by the id or name they have there.
func (b *Book) OfOwners(ctx context.Context, paiUsers ...string) (map[string]Contact, error) {
	found := map[string]Contact{}
	err := b.find(ctx, "pai_user", paiUsers, func(c Contact) { found[c.PAIUser] = c })
	if err != nil {
		return nil, fmt.Errorf("look up the contacts of PAI users: %w", err)
	}
	return found, nil
}

func (b *Book) find(ctx context.Context, column string, values []string, each func(Contact)) error {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
	if len(values) == 0 {
		return nil
	}
	return b.db.Read(ctx, func(tx *sql.Tx) error {
		for some := range slices.Chunk(values, maxIDs) {
			var args arguments
			list := args.all(some)
			if err := query(ctx, tx, "select "+columns+" from contact where "+column+" in ("+list+")", args, each); err != nil {
				return err
			}
		}
		return nil
	})
}

func query(ctx context.Context, tx *sql.Tx, statement string, args arguments, each func(Contact)) error {
	rows, err := tx.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	for rows.Next() {
		c, err := scan(rows)
		if err != nil {
			return err
		}
		each(c)
	}
	return rows.Err()
}

// Count tells how many contacts there are.
func (b *Book) Count(ctx context.Context) (n int, err error) {
	err = b.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "select count(*) from contact").Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count contacts: %w", err)
	}
	return n, nil
}

// Create adds a contact; without an id it gets one made of its name. Its faults are a smithy.InvalidParamsError, an id
// that is taken is an *[Error] with CodeExists.
func (b *Book) Create(ctx context.Context, c Contact) (Contact, error) {
	c, faults := c.Normal()
	if faults.Len() > 0 {
		return Contact{}, faults
	}
	var made Contact
	err := b.change(ctx, func(tx *sql.Tx, revision int64) error {
		made = c
		_, err := read(ctx, tx, c.ID)
		switch {
		case c.ID == "":
			ids, err := allIDs(ctx, tx)
			if err != nil {
				return err
			}
			made.ID = derive(c.Name, func(id string) bool { return ids[id] })
		case err == nil:
			return exists(c.ID)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if err := free(ctx, tx, made); err != nil {
			return err
		}
		made.Created = b.moment()
		made.Updated, made.Revision = made.Created, revision
		return write(ctx, tx, []Contact{made})
	})
	if err != nil {
		return Contact{}, fmt.Errorf("create a contact: %w", err)
	}
	return made, nil
}

func (b *Book) moment() time.Time { return b.now().Truncate(time.Millisecond).UTC() }

// Replace changes a contact to what is given. A revision that is not 0 must be the stored one's; see [Error].
func (b *Book) Replace(ctx context.Context, c Contact, match int64) (Contact, error) {
	c, faults := c.Normal()
	if faults.Len() > 0 {
		return Contact{}, faults
	}
	var saved Contact
	err := b.change(ctx, func(tx *sql.Tx, revision int64) error {
		old, err := matching(ctx, tx, c.ID, match)
		if err != nil {
			return err
		}
		if saved = old; c.same(old) {
			return nil
		}
		if err := free(ctx, tx, c); err != nil {
			return err
		}
		saved = c
		saved.Created, saved.Updated, saved.Revision = old.Created, b.moment(), revision
		return write(ctx, tx, []Contact{saved})
	})
	if err != nil {
		return Contact{}, fmt.Errorf("replace contact %.64q: %w", c.ID, err)
	}
	return saved, nil
}

// Delete forgets a contact. What still names it finds nobody; see package rule for who does. A revision that is not 0
// must be the stored one's.
func (b *Book) Delete(ctx context.Context, id string, match int64) error {
	err := b.change(ctx, func(tx *sql.Tx, _ int64) error {
		if _, err := matching(ctx, tx, id, match); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "delete from contact_test where contact = $1", id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "delete from contact where id = $1", id)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete contact %.64q: %w", id, err)
	}
	return nil
}

// change runs do alone among all that change contacts, with the revision of what it writes.
func (b *Book) change(ctx context.Context, do func(tx *sql.Tx, revision int64) error) error {
	return b.db.Write(ctx, true, func(tx *sql.Tx) error {
		var revision int64
		err := tx.QueryRowContext(ctx, "update contact_book set changes = changes + 1 where id = 1 returning changes").Scan(&revision)
		if err != nil {
			return fmt.Errorf("lock the contacts: %w", err)
		}
		return do(tx, revision)
	})
}

func read(ctx context.Context, tx *sql.Tx, id string) (Contact, error) {
	return scan(tx.QueryRowContext(ctx, "select "+columns+" from contact where id = $1", id))
}

// matching reads a contact and wants it to have a revision, unless that is 0.
func matching(ctx context.Context, tx *sql.Tx, id string, match int64) (Contact, error) {
	old, err := read(ctx, tx, id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return old, NotFound(id)
	case err == nil && match != 0 && match != old.Revision:
		return old, Changed(id)
	}
	return old, err
}

// free wants no other contact to be the same PAI user.
func free(ctx context.Context, tx *sql.Tx, c Contact) error {
	if c.PAIUser == "" {
		return nil
	}
	var other string
	err := tx.QueryRowContext(ctx, "select id from contact where pai_user = $1 and id <> $2", c.PAIUser, c.ID).Scan(&other)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var faults smithy.InvalidParamsError
	faults.Add(fault.New("PAIUser", Taken(other)))
	return faults
}

// Taken is the fault of a PAI user who is another contact.
func Taken(by string) fault.Text {
	return fault.Say("is contact %q already; one PAI user is one contact", "已是联系人 %q，一个 PAI 用户只对应一位联系人", by)
}

// write saves whole contacts, new or not.
func write(ctx context.Context, tx *sql.Tx, list []Contact) error {
	const batch = 25 // SQLite's driver takes time that grows with the square of a statement's arguments
	for some := range slices.Chunk(list, batch) {
		var args arguments
		rows := make([]string, len(some))
		for i, c := range some {
			rows[i] = "(" + args.add(c.ID, c.Name, c.Phone, c.Email, c.Language, c.Zone, c.DingTalk, c.WeCom, c.Lark, c.PAIUser, c.Note,
				c.Revision, c.Created.UnixMilli(), c.Updated.UnixMilli(), c.names(), c.addresses()) + ")"
		}
		var set []string
		for _, column := range strings.Split(columns+", names, addresses", ", ")[1:] {
			set = append(set, column+" = excluded."+column)
		}
		_, err := tx.ExecContext(ctx, "insert into contact ("+columns+", names, addresses) values "+strings.Join(rows, ", ")+
			" on conflict (id) do update set "+strings.Join(set, ", "), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// same says whether two contacts differ in nothing that a user writes.
func (c Contact) same(other Contact) bool {
	other.Created, other.Updated, other.Revision = c.Created, c.Updated, c.Revision
	return c == other
}

// arguments are those of a statement.
type arguments []any

// add gives the placeholders of values.
func (a *arguments) add(values ...any) string {
	list := make([]string, len(values))
	for i, v := range values {
		*a = append(*a, v)
		list[i] = "$" + strconv.Itoa(len(*a))
	}
	return strings.Join(list, ", ")
}

func (a *arguments) all(values []string) string {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return a.add(list...)
}
