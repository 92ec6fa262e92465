package main

import (
	"context"
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
	if f, ok := r.lostKey(ctx, keys); ok {
		return f
	}
	return r.lookAtRotation(ctx, keys)
}

// lostKey finds the ledger's own key sealed by a key that is not there: without it no delivery can be told from another.
func (r *run) lostKey(ctx context.Context, keys *seal.Keyset) (finding, bool) {
	by, err := ledger.New(r.db, keys, r.env.Clock.Now).KeySealedBy(ctx)
	switch {
	case err != nil && r.db.CheckVersion(ctx) != nil: // the step database tells
		return finding{}, false
	case err != nil:
		return r.failed(err), true
	case by == "" || slices.Contains(keys.IDs(), by):
		return finding{}, false
	}
	gone := &seal.UnknownKeyError{KeyID: by, Known: keys.IDs()}
	return finding{state: Blocked,
		text: say("the ledger's own key is %s, so that nothing can be delivered", "账本自身的密钥无法打开，所有投递都会失败：%s", gone.Error()),
		advice: say("Append key %q to SEAL_KEYS again, deploy, and POST /api/v1/setup, which seals everything with the first; this "+
			"step then says when it can be taken away. If it is lost for good, delete the row destination of the table secret: "+
			"receivers that are told several times at once may then be told an event twice, and their pace starts anew.",
			"请把密钥 %q 加回 SEAL_KEYS 的末尾并重新部署，然后 POST /api/v1/setup 用第一个密钥重新加密；此步骤会提示何时可以移除旧密钥。"+
				"若密钥已彻底丢失，请删除表 secret 中名为 destination 的行：同时收到多条通知的接收端可能会重复收到一次，其频率限制会重新计算。", by)}, true
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
