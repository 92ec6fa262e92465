package delivery

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/ledger"
)

// mailbox is a channel whose service reports by events.
type mailbox struct{ *robot }

func (mailbox) ReadReceipt(shared channel.Settings, raw []byte) (channel.Report, bool) {
	var e struct {
		Source string
		Data   struct{ From, Env, Fate string }
	}
	if json.Unmarshal(raw, &e) != nil || e.Source != "acs.dm" || e.Data.From != shared["from"] {
		return channel.Report{}, false
	}
	r := channel.Report{Fate: channel.Arrived, Receipt: e.Data.Env, At: time.Date(2026, 11, 24, 10, 1, 0, 0, time.UTC)}
	if e.Data.Fate == "bounced" {
		r.Fate, r.Code, r.Text = channel.Failed, "550", "no such mailbox"
	}
	return r, true
}

func TestReceiptsOfMailFindTheirDeliveryAndOthersAreDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, receiptsOfMail)
}

func receiptsOfMail(t *testing.T) {
	b := newBench(t, nil)
	settings := database.DefaultSettings()
	settings.Channels = map[string]map[string]string{"robot": {"from": "pai@example.com"}}
	if err := b.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	b.channel = mailbox{b.robot}
	wantAnswer(t, b.deliver(t, b.body(t, "e1", "nightly", secret)), ledger.Delivered)
	receipt := func(env, from, fate string) []byte {
		return fmt.Appendf(nil, `{"id":"1","source":"acs.dm","specversion":"1.0","type":"dm:Deliver:Succeed","data":{"From":%q,"Env":%q,"Fate":%q}}`, from, env, fate)
	}
	for _, body := range [][]byte{
		receipt("receipt", "somebody@example.com", "bounced"), // another sender's
		receipt("unmatched", "pai@example.com", "bounced"),
	} {
		wantAnswer(t, b.deliver(t, body))
	}
	if d, _ := b.only(t); d.State != ledger.Delivered || !d.Arrived.IsZero() {
		t.Errorf("a foreign receipt made it %+v", d)
	}
	wantAnswer(t, b.deliver(t, receipt("receipt", "pai@example.com", "ok")))
	if d, _ := b.only(t); d.State != ledger.Delivered || d.Arrived.Minute() != 1 {
		t.Errorf("after its receipt it is %+v", d)
	}
	wantAnswer(t, b.deliver(t, receipt("receipt", "pai@example.com", "bounced")))
	if d, tried := b.only(t); d.State != ledger.Dead || d.Code != "550" || len(tried) != 2 {
		t.Errorf("after it bounced it is %+v with %+v", d, tried)
	}
	// What is neither envelope nor event is kept, as with any channel.
	wantAnswer(t, b.deliver(t, []byte(`{"hello":1}`)), ledger.Dead)
}
