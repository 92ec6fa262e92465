package contact

import (
	"context"
	"crypto/rand"
	"database/sql"
	"strconv"
	"strings"
)

// derive makes an id of a name: "Alice Chen" is alice-chen, a second one alice-chen-2; a name without Latin letters gives
// contact- and five random ones.
func derive(name string, taken func(id string) bool) string {
	const most = 48
	base := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r == ' ', r == '-', r == '_', r == '.', r == '·':
			return '-'
		}
		return -1
	}, strings.ToLower(name))
	base = strings.Join(strings.FieldsFunc(base, func(r rune) bool { return r == '-' }), "-")
	base = strings.Trim(base[:min(most, len(base))], "-")
	if checkID(base) != nil || strings.Trim(base, "-0123456789") == "" {
		for {
			if id := "contact-" + strings.ToLower(rand.Text()[:5]); !taken(id) {
				return id
			}
		}
	}
	id := base
	for n := 2; taken(id); n++ {
		id = base + "-" + strconv.Itoa(n)
	}
	return id
}

func allIDs(ctx context.Context, tx *sql.Tx) (map[string]bool, error) {
	rows, err := tx.QueryContext(ctx, "select id from contact")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	ids := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids[id] = true
	}
	return ids, rows.Err()
}
