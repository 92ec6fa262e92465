package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pai-notify/shared/eventbridge"
	"pai-notify/shared/httpapi"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rotation"
	"pai-notify/shared/seal"
)

// resealTime is for how long one POST seals anew; the next one goes on.
const resealTime = 8 * time.Second

// rulesOf are all rules, with the keys that their secrets are sealed with.
func (s *setup) rulesOf(keys *seal.Keyset) rotation.Rules {
	return eventbridge.New(eventbridge.Config{
		Region: s.env.Region, Account: s.env.Account, Endpoint: s.env.EventBridgeEndpoint,
		Credentials: eventbridge.CredentialsOf(httpapi.RoleKeys), Keys: keys, Locks: s.db,
	})
}

// lookAtRotation says what is sealed by which key. With one key that nothing was changed to or from there is nothing to
// look at.
func (r *run) lookAtRotation(ctx context.Context, keys *seal.Keyset) finding {
	ids := strings.Join(keys.IDs(), ", ")
	done := finding{state: Done, text: say("secrets are sealed with the first of: %s", "使用以下第一个密钥加密：%s", ids)}
	if r.db.CheckVersion(ctx) != nil { // the step database tells
		return done
	}
	work := &rotation.Rotation{
		DB: r.db, Ledger: ledger.New(r.db, keys, r.env.Clock.Now), Rules: r.rules(keys), Keys: keys, Prefix: r.catalog.Bus(""),
		Now: r.env.Clock.Now,
	}
	rotating, err := work.Rotating(ctx)
	switch {
	case err != nil:
		return r.failed(err)
	case !rotating:
		return done
	}
	uses, err := work.Look(ctx)
	if err != nil {
		return r.failed(err)
	}
	for _, u := range uses {
		switch {
		case !u.Known && u.Used():
			return finding{state: Blocked,
				text: say("key %q, which is not in SEAL_KEYS, has sealed %s", "未在 SEAL_KEYS 中的密钥 %q 加密了：%s", u.ID, sealedBy(u)),
				advice: say("Append key %q to SEAL_KEYS again and deploy. If it is lost, save the targets of these rules again with their "+
					"secrets (PUT the rule with them); then replay the deliveries that died meanwhile.",
					"请把密钥 %q 加回 SEAL_KEYS 的末尾并重新部署。若密钥已丢失，请带上密钥类设置重新保存这些规则的目标（PUT 规则），"+
						"再重放期间失败的投递。", u.ID)}
		case !u.First && u.Used():
			return finding{state: Needed,
				text: say("key %q has still sealed %s", "以下内容仍由密钥 %q 加密：%s", u.ID, sealedBy(u)),
				advice: say("POST /api/v1/setup seals them anew with the first of SEAL_KEYS, for some seconds each time: repeat it until this "+
					"step is done. Deliveries go on meanwhile.",
					"POST /api/v1/setup 会用 SEAL_KEYS 中的第一个密钥重新加密，每次执行几秒：请重复执行直到此步骤完成。期间投递不受影响。"),
				fix: func(ctx context.Context) error {
					_, err := work.Reseal(ctx, time.Now().Add(resealTime))
					return err
				}}
		}
	}
	for _, u := range uses {
		if f, ok := r.spare(u); ok {
			done.text, done.advice = done.text.and(f.text), done.advice.and(f.advice)
		}
	}
	return done
}

// spare says what becomes of a key that nothing is sealed by.
func (r *run) spare(u rotation.Use) (finding, bool) {
	at := u.Removable()
	switch {
	case u.First || !u.Known:
		return finding{}, false
	case !u.Ever:
		return finding{
			text: say("(Key %q has sealed nothing yet.)", "（密钥 %q 尚未加密任何内容。）", u.ID),
			advice: say("Once all functions are deployed with key %q, put it first in SEAL_KEYS and deploy again: it seals then.",
				"待所有函数都已部署密钥 %q 后，请把它移到 SEAL_KEYS 的首位并再次部署，此后即用它加密。", u.ID),
		}, true
	case r.env.Clock.Now().Before(at):
		return finding{
			text: say("(Key %q is used by nothing any more.)", "（密钥 %q 已不再使用。）", u.ID),
			advice: say("Leave key %q in SEAL_KEYS until %s: EventBridge may deliver until then what it sealed.",
				"请在 %[2]s 之前保留 SEAL_KEYS 中的密钥 %[1]q：在此之前 EventBridge 仍可能投递由它加密的内容。", u.ID, at.UTC().Format(time.RFC3339)),
		}, true
	}
	return finding{
		text:   say("(Key %q is used by nothing any more.)", "（密钥 %q 已不再使用。）", u.ID),
		advice: say("Take key %q out of SEAL_KEYS and deploy.", "可以从 SEAL_KEYS 中移除密钥 %q 并重新部署。", u.ID),
	}, true
}

// sealedBy says what a key has sealed.
func sealedBy(u rotation.Use) string {
	const most = 5 // rules by name
	var parts []string
	if u.Own {
		parts = append(parts, "the ledger's own key")
	}
	if n := len(u.Rules); n > 0 {
		names := strings.Join(u.Rules[:min(n, most)], ", ")
		if n > most {
			names += ", …"
		}
		parts = append(parts, fmt.Sprintf("%d rules (%s)", n, names))
	}
	if u.Rows > 0 {
		parts = append(parts, fmt.Sprintf("%d deliveries that wait", u.Rows))
	}
	return strings.Join(parts, ", ")
}
