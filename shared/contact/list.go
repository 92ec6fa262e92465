package contact

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Query chooses contacts.
type Query struct {
	Text      string // words that all must occur; empty means all contacts
	Addresses bool   // words may also occur in addresses, chat ids and the note: for those alone who may read them
}

// maxWords of a query are looked for.
const maxWords = 8

// ErrCursor says that a cursor is none that a list gave.
var ErrCursor = errors.New("the cursor is not one that a list gave: leave it out to begin anew")

// List gives contacts by name, then id, beginning where another list ended; next is empty at the end. The error is
// [ErrCursor] where the cursor is none.
func (b *Book) List(ctx context.Context, q Query, cursor string, limit int) (list []Contact, next string, err error) {
	var args arguments
	var where []string
	if cursor != "" {
		name, id, err := parseCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		where = append(where, "(name, id) > ("+args.add(name, id)+")")
	}
	words := strings.Fields(strings.ToLower(q.Text))
	for _, word := range words[:min(maxWords, len(words))] {
		place := args.add("%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word) + "%")
		condition := "names like " + place + ` escape '\'`
		if q.Addresses {
			condition = "(" + condition + " or addresses like " + place + ` escape '\')`
		}
		where = append(where, condition)
	}
	statement := "select " + columns + " from contact"
	if len(where) > 0 {
		statement += " where " + strings.Join(where, " and ")
	}
	statement += " order by name, id limit " + args.add(limit+1)
	err = b.db.Read(ctx, func(tx *sql.Tx) error {
		return query(ctx, tx, statement, args, func(c Contact) { list = append(list, c) })
	})
	if err != nil {
		return nil, "", fmt.Errorf("list contacts: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		next = base64.RawURLEncoding.EncodeToString([]byte(list[limit-1].Name + "\n" + list[limit-1].ID))
	}
	return list, next, nil
}

func parseCursor(cursor string) (name, id string, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	name, id, ok := strings.Cut(string(text), "\n")
	if err != nil || !ok || !idForm.MatchString(id) || checkLine(name, maxName) != nil {
		return "", "", ErrCursor
	}
	return name, id, nil
}

// names is what anybody may search.
func (c Contact) names() string {
	return strings.ToLower(strings.Join([]string{c.Name, c.ID, c.PAIUser}, "\n"))
}

// addresses is what those may search who may read it.
func (c Contact) addresses() string {
	return strings.ToLower(strings.Join([]string{c.Phone, c.Email, c.DingTalk, c.WeCom, c.Lark, c.Note}, "\n"))
}
