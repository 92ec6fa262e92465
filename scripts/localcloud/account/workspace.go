package account

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"pai-notify/scripts/localcloud/rpc"
)

// listWorkspaces is ListWorkspaces of AIWorkSpace 2021-02-04. WorkspaceName finds by a part of the name.
func (a actions) listWorkspaces(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	number, err := q.Int("PageNumber", 1, 1_000_000, 1)
	if err != nil {
		return nil, err
	}
	size, err := q.Int("PageSize", 1, 100, 20)
	if err != nil {
		return nil, err
	}
	ids := strings.FieldsFunc(q.Get("WorkspaceIds"), func(r rune) bool { return r == ',' })
	found := []any{}
	for _, w := range a.Workspaces {
		if strings.Contains(w.Name, q.Get("WorkspaceName")) && (len(ids) == 0 || slices.Contains(ids, w.ID)) &&
			(q.Get("Status") == "" || q.Get("Status") == "ENABLED") {
			found = append(found, a.workspace(w))
		}
	}
	first := min((number-1)*size, len(found))
	page := found[first:min(first+size, len(found))]
	return rpc.Answer{"TotalCount": len(found), "Workspaces": page, "ResourceLimits": map[string]any{}}, nil
}

func (a actions) getWorkspace(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	for _, w := range a.Workspaces {
		if w.ID == q.Path("id") {
			return a.workspace(w), nil
		}
	}
	return nil, &rpc.Error{Status: http.StatusNotFound, Code: "100400004", Message: "Workspace not exists."}
}

func (a actions) workspace(w Workspace) rpc.Answer {
	return rpc.Answer{"WorkspaceId": w.ID, "WorkspaceName": w.Name, "DisplayName": w.Name, "Description": w.Description,
		"Creator": a.Account, "Status": "ENABLED", "IsDefault": false, "EnvTypes": []string{"prod"},
		"GmtCreateTime": "2026-01-05T02:00:00.000Z", "GmtModifiedTime": "2026-01-05T02:00:00.000Z"}
}
