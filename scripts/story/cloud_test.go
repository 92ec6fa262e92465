package story

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

// rpc calls the cloud's APIs behind pai-notify's back, as somebody in the console could.
func (c *cloud) rpc(version, action string, parameters ...string) string {
	c.t.Helper()
	client, err := sdk.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), credentials.NewAccessKeyCredential("LTAI-local", "local-secret"))
	if err != nil {
		c.t.Fatal(err)
	}
	request := requests.NewCommonRequest()
	request.Method, request.Scheme, request.Domain = http.MethodPost, "http", strings.TrimPrefix(c.Cloud, "http://")
	request.Version, request.ApiName = version, action
	for i := 0; i+1 < len(parameters); i += 2 {
		request.FormParams[parameters[i]] = parameters[i+1]
	}
	request.SetReadTimeout(30 * time.Second)
	response, err := client.ProcessCommonRequest(request)
	if err != nil {
		c.t.Fatalf("%s: %v", action, err)
	}
	return response.GetHttpContentString()
}

// counts are EventBridge's.
func (c *cloud) counts() (counts struct{ Published, Pushes, Pushed, Pending, Dead, Dropped int }) {
	c.t.Helper()
	ask(c.t, http.MethodGet, c.Cloud+"/local/counts", nil).must(c.t, http.StatusOK).into(c.t, &counts)
	return counts
}

// faultsLeft is how many faults of the cloud have not been taken yet.
func (c *cloud) faultsLeft() (left int) {
	c.t.Helper()
	var list []struct{ Times int }
	ask(c.t, http.MethodGet, c.Cloud+"/local/faults", nil).must(c.t, http.StatusOK).into(c.t, &list)
	for _, f := range list {
		left += f.Times
	}
	return left
}

// freePorts is a base port with two more free behind it.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 50 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := first.Addr().(*net.TCPAddr).Port
		second, err2 := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+1))
		third, err3 := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+2))
		first.Close()
		if err2 == nil {
			second.Close()
		}
		if err3 == nil {
			third.Close()
		}
		if err2 == nil && err3 == nil {
			return port
		}
	}
	t.Fatal("no three free ports in a row")
	return 0
}
