package account

import (
	"context"
	"net/http"
	"regexp"

	"pai-notify/scripts/localcloud/rpc"
)

// help.aliyun.com/en/mns: at most 120 letters, digits and hyphens, beginning with a letter or digit.
var queueName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,119}$`)

func (a actions) createQueue(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := a.queueName(q)
	if err != nil {
		return nil, err
	}
	fresh, err := a.cloud.AddQueue(ctx, name)
	if err != nil {
		return nil, err
	}
	if !fresh {
		return nil, &rpc.Error{Status: http.StatusConflict, Code: "QueueAlreadyExist",
			Message: "The queue you want to create is already exist."}
	}
	return queueAnswer(map[string]any{"QueueName": name}), nil
}

func (a actions) getQueueAttributes(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := a.queueName(q)
	if err != nil {
		return nil, err
	}
	queues, err := a.cloud.Queues(ctx)
	if err != nil {
		return nil, err
	}
	n, ok := queues[name]
	if !ok {
		return nil, &rpc.Error{Status: http.StatusNotFound, Code: "QueueNotExist", Message: "The queue name you provided is not exist."}
	}
	return queueAnswer(map[string]any{"QueueName": name, "ActiveMessages": n, "InactiveMessages": 0, "DelayMessages": 0}), nil
}

func (a actions) queueName(q *rpc.Request) (string, error) {
	name, err := q.Need("QueueName")
	if err == nil && !queueName.MatchString(name) {
		err = rpc.Invalid("QueueName", "At most 120 letters, digits and hyphens, beginning with a letter or digit.")
	}
	return name, err
}

func queueAnswer(data map[string]any) rpc.Answer {
	data["Success"], data["Code"], data["Message"] = true, http.StatusOK, "operation success"
	return rpc.Answer{"Success": true, "Code": http.StatusOK, "Status": "Success", "Message": "operation success", "Data": data}
}
