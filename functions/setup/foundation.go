package main

import (
	"context"
	"errors"
	"strings"

	"pai-notify/shared/database"
	"pai-notify/shared/database/migrate"
	"pai-notify/shared/seal"
)

func (r *run) lookAtKeys(context.Context) finding {
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
	ids := strings.Join(keys.IDs(), ", ")
	return finding{state: Done, text: say("secrets are sealed with the first of: %s", "使用以下第一个密钥加密：%s", ids)}
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
