package story

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

// pooled is the transport of all tests, which keeps connections; of its own the SDK makes one a client and ends none.
type pooled struct{}

func (pooled) RoundTrip(r *http.Request) (*http.Response, error) {
	return http.DefaultTransport.RoundTrip(r)
}

// rpc calls the cloud's APIs behind pai-notify's back, as somebody in the console could.
func (c *cloud) rpc(version, action string, parameters ...string) string {
	c.t.Helper()
	client, err := sdk.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), credentials.NewAccessKeyCredential("LTAI-local", "local-secret"))
	if err != nil {
		c.t.Fatal(err)
	}
	client.SetTransport(pooled{})
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
	free := func(port int) bool {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		return err == nil && l.Close() == nil
	}
	for range 1000 {
		// Below the ports that the system itself gives to connections, which come and go by the hundred here.
		if port := 10_000 + rand.IntN(20_000); free(port) && free(port+1) && free(port+2) {
			return port
		}
	}
	t.Fatal("no three free ports in a row")
	return 0
}
