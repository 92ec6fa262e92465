package main

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/ledger"
	"pai-notify/shared/seal"
)

func (r *run) lookAtKeys(ctx context.Context) finding {
	advice := say("Run make keys, put SEAL_KEYS into the environment of the functions (s.yaml) and deploy.",
		"请运行 make keys，把 SEAL_KEYS 写入各函数的环境变量（s.yaml）并重新部署。")
	if r.env.SealKeys == "" {
		return finding{state: Blocked, text: say("SEAL_KEYS is not set, so that secrets cannot be sealed",
			"未设置 SEAL_KEYS，无法加密密钥类设置"), advice: advice}
	}
	keys, err := seal.ParseKeys(r.env.SealKeys)
	if err != nil {
		return finding{state: Blocked, text: phrase{err.Error(), err.Error()}, advice: advice}
	}
	if f, ok := r.sealedBefore(ctx, keys); ok {
		return f
	}
	ids := strings.Join(keys.IDs(), ", ")
	return finding{state: Done, text: say("secrets are sealed with the first of: %s", "使用以下第一个密钥加密：%s", ids)}
}

// sealedBefore finds the ledger's own key sealed by another key than the one that seals now: without it no delivery can
// be told from another, so the old key must not be taken away before it is sealed anew.
func (r *run) sealedBefore(ctx context.Context, keys *seal.Keyset) (finding, bool) {
	var by string
	err := r.db.Read(ctx, func(tx *sql.Tx) error {
		var sealed string
		err := tx.QueryRowContext(ctx, "select sealed from secret where name = 'destination'").Scan(&sealed)
		by = seal.SealedBy(sealed)
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && by == keys.IDs()[0]:
		return finding{}, false
	case err != nil && r.db.CheckVersion(ctx) != nil: // the step database tells
		return finding{}, false
	case err != nil:
		return r.failed(err), true
	case !slices.Contains(keys.IDs(), by):
		lost := &seal.UnknownKeyError{KeyID: by, Known: keys.IDs()}
		return finding{state: Blocked,
			text: say("the ledger's own key is %s, so that nothing can be delivered", "账本自身的密钥无法打开，所有投递都会失败：%s", lost.Error()),
			advice: say("Append key %q to SEAL_KEYS again, deploy, and POST /api/v1/setup, which seals the ledger's key "+
				"with the first; then it can be taken away.",
				"请把密钥 %q 加回 SEAL_KEYS 的末尾并重新部署，然后 POST /api/v1/setup 用第一个密钥重新加密；之后即可移除旧密钥。", by)}, true
	}
	return finding{
		state: Needed,
		text:  say("the ledger's own key is still sealed by key %q", "账本自身的密钥仍由密钥 %q 加密", by),
		advice: say("POST /api/v1/setup seals it with the first of SEAL_KEYS. Recompile the rules of every workspace too, before "+
			"the old key is taken away.",
			"POST /api/v1/setup 会用 SEAL_KEYS 中的第一个密钥重新加密。移除旧密钥之前，还需重新编译每个工作空间的规则。"),
		fix: func(ctx context.Context) error {
			return ledger.New(r.db, keys, r.env.Clock.Now).Reseal(ctx)
		},
	}, true
}

func (r *run) lookAtDatabase(ctx context.Context) finding {
	err := r.db.CheckVersion(ctx)
	var old *database.SchemaError
	switch {
	case err == nil:
		return finding{state: Done, text: say("reached, with all its tables", "可访问，且表结构完整")}
	case errors.As(err, &old):
		return finding{
			state: Needed, fix: r.migrate,
			text:   say("its schema is version %d and version %d is needed", "表结构版本为 %d，需要版本 %d", old.Have, old.Want),
			advice: say("POST /api/v1/setup brings it up to date.", "POST /api/v1/setup 会将其升级。"),
		}
	}
	return r.failed(err)
}

func (r *run) migrate(ctx context.Context) error {
	_, err := migrate.Up(ctx, r.db)
	return err
}

func (r *run) lookAtDeadLetter(context.Context) finding {
	arn := r.env.DeadLetterARN
	advice := say("To keep what EventBridge could not deliver within a day, make an MNS queue and set "+
		"DEAD_LETTER_ARN to "+
		"acs:mns:REGION:ACCOUNT:/queues/NAME, deploy, and POST /api/v1/setup; rules take it over when they are "+
		"saved or recompiled.",
		"若要保留 EventBridge 一天内仍未投递成功的事件，请创建 MNS 队列，将 DEAD_LETTER_ARN 设为 "+
			"acs:mns:REGION:ACCOUNT:/queues/NAME，重新部署并 POST /api/v1/setup；规则在保存或重新编译时生效。")
	if arn == "" {
		return finding{state: Done, advice: advice,
			text: say("none is configured: an event that no function took within a day is dropped",
				"未配置：一天内没有函数接收的事件将被丢弃")}
	}
	for _, form := range []string{"acs:mns:", "acs:mq:", "acs:alikafka:", "acs:eventbridge:"} {
		if strings.HasPrefix(arn, form) {
			return finding{state: Done, text: say("EventBridge puts what it cannot deliver into %s",
				"EventBridge 将无法投递的事件放入 %s", arn)}
		}
	}
	return finding{state: Blocked, advice: advice,
		text: say("DEAD_LETTER_ARN %q is not the ARN of a queue, topic or bus that EventBridge can put events into",
			"DEAD_LETTER_ARN %q 不是 EventBridge 可写入的队列、主题或总线的 ARN", arn)}
}
