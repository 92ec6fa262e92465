// Package carrier plays the services of Alibaba Cloud that reach people: Short Message Service (dysmsapi), Voice (dyvmsapi)
// and DirectMail (dm). They stand behind the cloud's gateway, so the signature and the required parameters are checked
// before; here the product's own rules are: sign names, templates and what may stand for their variables, senders, and how
// often one number may be reached. Codes are the products' own. What was sent is kept in the inbox, whatever became of it.
//
// SMS and calls report when asked, mail reports with events on the default bus, each some seconds later on the clock. A
// few numbers and mailboxes come to grief: see [Numbers] and [Mailboxes]. What the account owns is in [Owned].
//
// Faults are set at the inbox as those of robots are: PUT /api/faults {"receiver": "sms", "path": "/sms/+8613800138000",
// "code": "isv.OUT_OF_SERVICE"}; with "taken" the message goes out and only its answer is lost or late. The queries are
// broken by their action, as all of the cloud's APIs: PUT /local/faults {"action": "QuerySendDetails", "status": 503}.
//
// What was accepted is on disk, so that the services remember it when the local cloud starts again, as the real ones do.
package carrier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"pai-notify/scripts/localcloud/inbox"
	"pai-notify/scripts/localcloud/rpc"
	"pai-notify/shared/clock"
)

// Options of the services. All but Log are needed; the zero Clock is the machine's.
type Options struct {
	Dir             string // where what was accepted is kept; must exist
	Region, Account string
	Clock           clock.Clock
	Inbox           *inbox.Inbox
	Publish         func(ctx context.Context, event []byte) error // puts an event of Alibaba Cloud on the default bus
	Log             *slog.Logger
}

// Carrier is the three services. It is safe for concurrent use.
type Carrier struct {
	options Options
	owned   Owned
	end     context.CancelFunc
	ended   context.Context //nolint:containedctx // the receipts that wait end with it
	waiting sync.WaitGroup  // receipts

	mu      sync.Mutex
	journal *journal
	sent    map[string][]*sent // by service and recipient, oldest first
	byID    map[string]*sent   // by service and id
	serial  int64
}

// The times of the clock after which a service knows what became of a message.
const (
	smsTime  = 5 * time.Second
	callTime = 30 * time.Second // ringing, and the message played
	mailTime = 5 * time.Second
)

// New opens the services and goes on with the receipts that are left.
func New(o Options) (*Carrier, error) {
	if o.Dir == "" || o.Region == "" || o.Account == "" || o.Inbox == nil || o.Publish == nil {
		return nil, errors.New("carrier: Dir, Region, Account, Inbox and Publish must be given")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Carrier{options: o, owned: Account(), sent: map[string][]*sent{}, byID: map[string]*sent{}}
	c.ended, c.end = context.WithCancel(context.Background())
	var err error
	if c.journal, err = openJournal(filepath.Join(o.Dir, "carrier.jsonl"), c.remember); err != nil {
		return nil, fmt.Errorf("open what was sent: %w", err)
	}
	o.Inbox.Note(notes()...)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.byID {
		if s.Service == inbox.Email && !s.Told {
			c.report(s)
		}
	}
	return c, nil
}

// Close ends the receipts that wait; the next start goes on with them.
func (c *Carrier) Close() error {
	c.end()
	c.waiting.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.journal.close()
}

// Register adds the services' actions to a gateway.
func (c *Carrier) Register(s *rpc.Server) {
	const short = "2017-05-25"
	s.Handle(short, "SendSms", c.faulty(inbox.SMS, "PhoneNumbers", mobile, c.sendSMS))
	s.Handle(short, "QuerySendDetails", c.querySendDetails)
	s.Handle(short, "QuerySmsSignList", c.querySigns)
	s.Handle(short, "QuerySmsTemplateList", c.queryTemplates)
	s.Handle(short, "SingleCallByTts", c.faulty(inbox.Voice, "CalledNumber", mobile, c.call))
	s.Handle(short, "QueryCallDetailByCallId", c.queryCall)
	for _, mail := range []string{"2015-11-23", "2017-06-22"} { // the second in Singapore and Sydney
		s.Handle(mail, "SingleSendMail", c.faulty(inbox.Email, "ToAddress", mailbox, c.sendMail))
		s.Handle(mail, "QueryMailAddressByParam", c.querySenders)
	}
}

// say is an answer of SMS and voice: HTTP 200, whatever the code.
func say(code, message string) rpc.Answer { return rpc.Answer{"Code": code, "Message": message} }

const accepted = "OK"

// no is a refusal of SMS or voice.
type no struct{ code, message string }

func refuse(code, format string, args ...any) *no { return &no{code, fmt.Sprintf(format, args...)} }

// keep puts a message into the inbox, one for each recipient.
func (c *Carrier) keep(service string, recipients []string, body map[string]any, code string) error {
	var faults []error
	for _, to := range recipients {
		one := map[string]any{"to": to}
		for name, value := range body {
			one[name] = value
		}
		faults = append(faults, c.options.Inbox.Keep(service, "/"+service+"/"+to, one, code == accepted, code))
	}
	return errors.Join(faults...)
}

// inURL are the parameters of a request that tell of a person and stood in its URL, where logs and errors repeat them.
func inURL(q *rpc.Request) []string {
	list := []string{}
	for _, name := range q.InURL {
		switch name {
		case "PhoneNumbers", "TemplateParam", "CalledNumber", "TtsParam", "ToAddress", "Subject", "HtmlBody", "TextBody":
			list = append(list, name)
		}
	}
	return list
}

// faulty lets a service answer as a fault of the inbox says, if one is set for it.
func (c *Carrier) faulty(service, recipient string, normal func(string) string, do rpc.Handler) rpc.Handler {
	return func(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
		to := normal(q.Get(recipient))
		fault := c.options.Inbox.Fault(service, "/"+service+"/"+to)
		if fault == nil {
			return do(ctx, q)
		}
		if service == inbox.Email && fault.Status == 0 && fault.Code != "" { // DirectMail says no with a status
			refused := *fault
			refused.Status, fault = http.StatusBadRequest, &refused
		}
		var answer rpc.Answer
		var err error
		if fault.Taken {
			answer, err = do(ctx, q)
		} else {
			code := fault.Code
			if code == "" {
				code = fmt.Sprint(max(fault.Status, http.StatusOK))
			}
			err = c.keep(service, []string{to}, map[string]any{"outId": q.Get("OutId"), "inURL": inURL(q)}, code)
		}
		if err != nil {
			return nil, err
		}
		if fault.Late() {
			fault.Wait(ctx)
			return answer, err
		}
		return nil, rpc.RawError(func(w http.ResponseWriter, r *http.Request) {
			body := ""
			if fault.Code != "" {
				body = fmt.Sprintf(`{"Code":%q,"Message":"The local cloud was told to say so.","RequestId":%q}`, fault.Code, q.ID)
			}
			fault.Serve(w, r, body)
		})
	}
}
