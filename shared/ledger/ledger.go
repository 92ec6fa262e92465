// Package ledger remembers every delivery from the moment EventBridge asks for it until it was told or given up, so that
// what was promised is neither lost nor told twice, by whichever process and however often it is asked.
//
//	        claim                outcome
//	new ──────────► claimed ───────────────► delivered
//	                  │  ▲ └───────────────► dead            cancelled, duplicate
//	    pace, block,  ▼  │ due
//	    retry       waiting
//
// A delivery is one event for one receiver of one rule, and its id is that, hashed: asking again finds the same row.
//
// Claim. Who claims a delivery has it for a lease and gets a token, one higher with every claim. A lease that ran out
// makes the delivery due again. What is recorded with an old token is kept as an attempt and changes nothing else.
//
// Destination. A receiver's address, hashed with a random key that only the deployment knows, is where rules meet: across
// them a destination is told an event once. A delivery waits while another one tells its destination the same event, is
// a duplicate once that is delivered, and takes over when that dies. Pace and blocks are the destination's too, so that
// all processes keep them together.
//
// Digest. What had to wait may share a slot: whoever claims one for a destination claims with it what else is due there,
// to be told as one message. Each delivery keeps its own claim, so a crash is as if each had been claimed alone. Those of
// a digest that was refused for its content, or whose answer was not understood, are told alone from then on.
//
// A dead receiver. After three rounds in a row in which a destination was out of order, of whichever deliveries, it is
// closed, and opened for one probe after 1, 2, and from then on every 5 minutes. So it costs the attempts of three rounds
// and of what was in flight, and one attempt a probe.
//
// Once. What must never go twice is marked, on disk, just before it goes to the wire. A claim that was lost without the
// mark is sent after all; with it, or after an outcome that does not say whether it was accepted, nobody sends it again:
// it stays claimed and is in doubt until its service was asked, see [Ledger.Questions], or is dead with [CodeUnknown].
// So that its destination is not told by another rule instead, those are duplicates of one whose sending is unknown.
//
// Order of locks. A transaction locks the destinations it touches, sorted, then deliveries, sorted. So two lists in
// different orders do not deadlock.
//
// Durability. Waiting and dead are on disk before a call returns, because EventBridge is told that they are held. Claims
// and delivered outcomes survive the end of every process, not a power cut; what a power cut costs is a repetition.
//
// What a row holds. The event as JSON and, while something is left to send, the target as it rode in EventBridge, its
// secrets sealed. Never an address or a secret in clear. The event is not sealed: it lies in EventBridge
// in clear as well, and a key that is lost must not take waiting events with it.
package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
)

// State is where a delivery stands.
type State string

// The states. The last four are ends.
const (
	Claimed   State = "claimed"   // a process tells it now
	Waiting   State = "waiting"   // due at some time
	Delivered State = "delivered" // the receiver accepted it
	Dead      State = "dead"      // given up; a person must change something
	Duplicate State = "duplicate" // its destination was told by another rule
	Cancelled State = "cancelled" // by a person
)

// Entry is a delivery that EventBridge asks for.
type Entry struct {
	EventSource, EventID, Bus, Rule, Target, Contact string // its identity

	Channel  string
	Address  string    // of the receiver, normalised: see channel.Destination; empty where it is not known
	Object   string    // id of what the event is about
	Owner    string    // who may see that, beside administrators: see event.View.VisibleTo
	Happened time.Time // zero where the event does not say
	Failing  bool      // the event is of a failing outcome
	Sealed   []byte    // the target, its secrets sealed
	Event    []byte    // as JSON

	NotBefore time.Time     // zero: now
	Why       Why           // it is not to be sent before
	Gap       time.Duration // since the message before to the same target about the same object; 0: none
	Fault     *Fault        // it can never be sent: it is dead from the start
	Unwanted  string        // code of why its target does not want it: it is cancelled from the start; empty: it does
}

// Fault is why an entry can never be sent.
type Fault struct {
	Class channel.Class
	Code  string
	Text  string // without secrets
}

// Delivery is a row of the ledger as a sender needs it.
type Delivery struct {
	ID                                                       string
	EventSource, EventID, Bus, Rule, Target, Contact, Object string

	Owner       string // see [Entry]
	Channel     string
	Destination string // hash; empty where it is not known
	State       State
	Due         time.Time // claimed: when the lease ends; waiting: when to try
	Token       int64     // of the claim
	Attempts    int       // made so far
	Tries       int       // rounds that failed
	Sealed      []byte
	Event       []byte
	Created     time.Time // when EventBridge first asked for it
	Failing     bool      // see [Entry]
	Start       time.Time // claimed: not to be sent before, by the destination's pace
	Probe       bool      // claimed: its outcome opens a closed destination, or keeps it closed
	Slot        string    // claimed: those with the same share one slot of the pace and are to be one message
	Once        bool      // claimed: on such [Terms]
}

// Terms are on what a channel claims deliveries.
type Terms struct {
	Pace     []channel.Pace
	Lease    time.Duration // how long a claim holds
	Patience time.Duration // a slot of the pace so far away is claimed already, see [Delivery].Start
	Digest   int           // so many deliveries that had to wait may share a slot, see [Delivery].Slot; below 2: none
	Once     bool          // what is claimed must never go twice: it needs [Ledger.Mark] before it is sent
	Failing  bool          // of [Ledger.Take] only: the slot may be one that is kept for failing outcomes
}

// Sealer closes the ledger's own key; see package seal.
type Sealer interface {
	Seal(plain []byte, bound string) (string, error)
	Open(sealed, bound string) ([]byte, error)
}

// Ledger is safe for concurrent use.
type Ledger struct {
	db     *database.DB
	sealer Sealer
	now    func() time.Time
	shard  int64 // of the tally

	mu  sync.Mutex
	key []byte
}

// New makes a ledger on a database whose schema is up to date.
func New(db *database.DB, sealer Sealer, now func() time.Time) *Ledger {
	_, dialect := db.Pool()
	return &Ledger{db: db, sealer: sealer, now: now, shard: newShard(dialect)}
}

// ID is the id of the delivery that an entry asks for.
func (e Entry) ID() string {
	h := sha256.New()
	for _, part := range []string{e.EventSource, e.EventID, e.Bus, e.Rule, e.Target, e.Contact} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:16]))
}

func destinationHash(key []byte, address string) string {
	if address == "" {
		return ""
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(address))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

const (
	maxColumn = 256       // bytes of a text that others decide
	maxEvent  = 256 << 10 // bytes of a body that was no event: EventBridge's limit of one
)

// column makes a text fit for a column of both databases: PostgreSQL refuses NUL and broken UTF-8, and keys over 2,700
// bytes.
func column(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	for i := range s {
		if i > maxColumn-4 {
			return s[:i]
		}
	}
	return s
}

// keyColumn is column for what must stay different from its likes: a text that does not fit is its hash.
func keyColumn(s string) string {
	if fits := column(s); fits != s {
		sum := sha256.Sum256([]byte(s))
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	return s
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
