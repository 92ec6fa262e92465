package serverless

import "encoding/json"

// The types below are what the components take, by their own sources: devsapp/fc3 src/interface/*.ts and src/schema.json,
// devsapp/fc3-domain src/schema.json (both of May 2026). Left out is what cannot go with runtime go1: containers, custom
// runtimes, GPUs, sessions.

type document struct {
	Edition   string                `json:"edition"`
	Name      string                `json:"name"`
	Access    string                `json:"access"`
	Vars      map[string]any        `json:"vars"`
	Template  map[string]any        `json:"template"`
	Actions   map[string][]Action   `json:"actions"`
	Resources map[string]resource   `json:"resources"`
	Flow      map[string][][]string `json:"flow"`
}

type resource struct {
	Component string              `json:"component"`
	Access    string              `json:"access"`
	Extend    extend              `json:"extend"`
	Actions   map[string][]Action `json:"actions"`
	Props     json.RawMessage     `json:"props"`
}

type extend struct {
	Name string `json:"name"`
}

// Action is a command that runs before or after one of the tool's.
type Action struct {
	Run  string `json:"run"`
	Path string `json:"path"`
}

// FunctionProps are the props of the component fc3.
type FunctionProps struct {
	FunctionName            string            `json:"functionName"`
	Region                  string            `json:"region"`
	Description             string            `json:"description"`
	Runtime                 string            `json:"runtime"`
	Handler                 string            `json:"handler"`
	Code                    string            `json:"code"`
	CPU                     float64           `json:"cpu"`        // of vCPUs
	MemorySize              int               `json:"memorySize"` // MB
	DiskSize                int               `json:"diskSize"`   // MB
	Timeout                 int               `json:"timeout"`    // seconds
	InternetAccess          bool              `json:"internetAccess"`
	Role                    string            `json:"role"`
	EnvironmentVariables    map[string]string `json:"environmentVariables"`
	Triggers                []Trigger         `json:"triggers"`
	ConcurrencyConfig       *Concurrency      `json:"concurrencyConfig"`
	LogConfig               *Log              `json:"logConfig"`
	VPCConfig               *VPC              `json:"vpcConfig"`
	VPCBinding              *VPCBinding       `json:"vpcBinding"`
	InstanceLifecycleConfig *Lifecycle        `json:"instanceLifecycleConfig"`
	AsyncInvokeConfig       *AsyncInvoke      `json:"asyncInvokeConfig"`
	NASConfig               *NAS              `json:"nasConfig"`
	OSSMountConfig          *OSSMount         `json:"ossMountConfig"`
	CustomDNS               *DNS              `json:"customDNS"`
	TracingConfig           *Tracing          `json:"tracingConfig"`
	ProvisionConfig         *Provision        `json:"provisionConfig"`
	ScalingConfig           *Scaling          `json:"scalingConfig"`
	Layers                  []string          `json:"layers"`
	Tags                    []Tag             `json:"tags"`
	ResourceGroupID         string            `json:"resourceGroupId"`
	Endpoint                string            `json:"endpoint"`
}

// Concurrency is how many instances a function may have at once; they are taken out of the account's quota.
type Concurrency struct {
	ReservedConcurrency int `json:"reservedConcurrency"`
}

// Log is where a function's output goes. Auto lets the component make a project.
type Log struct {
	Auto                  bool   `json:"-"`
	Project               string `json:"project"`
	Logstore              string `json:"logstore"`
	EnableInstanceMetrics bool   `json:"enableInstanceMetrics"`
	EnableRequestMetrics  bool   `json:"enableRequestMetrics"`
	LogBeginRule          string `json:"logBeginRule"`
}

// VPC is the network a function can reach besides the internet. Auto lets the component make one.
type VPC struct {
	Auto            bool     `json:"-"`
	VPCID           string   `json:"vpcId"`
	VSwitchIDs      []string `json:"vSwitchIds"`
	SecurityGroupID string   `json:"securityGroupId"`
}

// VPCBinding are the only networks a function may be invoked from.
type VPCBinding struct {
	VPCIDs []string `json:"vpcIds"`
}

// Lifecycle are the hooks of an instance; FC 3.0 has no preFreeze.
type Lifecycle struct {
	Initializer *Hook `json:"initializer"`
	PreStop     *Hook `json:"preStop"`
}

// Hook is one of them.
type Hook struct {
	Handler string `json:"handler"`
	Timeout int    `json:"timeout"` // seconds
}

// AsyncInvoke says what becomes of an asynchronous invocation.
type AsyncInvoke struct {
	DestinationConfig struct {
		OnSuccess Destination `json:"onSuccess"`
		OnFailure Destination `json:"onFailure"`
	} `json:"destinationConfig"`
	MaxAsyncEventAgeInSeconds int    `json:"maxAsyncEventAgeInSeconds"`
	MaxAsyncRetryAttempts     int    `json:"maxAsyncRetryAttempts"`
	AsyncTask                 bool   `json:"asyncTask"`
	Qualifier                 string `json:"qualifier"`
}

// Destination is the ARN that hears of it.
type Destination struct {
	Destination string `json:"destination"`
}

// NAS mounts file systems.
type NAS struct {
	Auto        bool `json:"-"`
	UserID      int  `json:"userId"`
	GroupID     int  `json:"groupId"`
	MountPoints []struct {
		EnableTLS  bool   `json:"enableTLS"`
		ServerAddr string `json:"serverAddr"`
		MountDir   string `json:"mountDir"`
	} `json:"mountPoints"`
}

// OSSMount mounts buckets.
type OSSMount struct {
	Auto        bool `json:"-"`
	MountPoints []struct {
		BucketName string `json:"bucketName"`
		BucketPath string `json:"bucketPath"`
		Endpoint   string `json:"endpoint"`
		MountDir   string `json:"mountDir"`
		ReadOnly   bool   `json:"readOnly"`
	} `json:"mountPoints"`
}

// DNS replaces an instance's resolver.
type DNS struct {
	Searches    []string `json:"searches"`
	NameServers []string `json:"nameServers"`
	DNSOptions  []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"dnsOptions"`
}

// Tracing sends spans.
type Tracing struct {
	JaegerConfig struct {
		Endpoint string `json:"endpoint"`
	} `json:"jaegerConfig"`
	Params string `json:"params"`
	Type   string `json:"type"`
}

// Provision keeps instances ready.
type Provision struct {
	DefaultTarget     int  `json:"defaultTarget"`
	AlwaysAllocateCPU bool `json:"alwaysAllocateCPU"`
}

// Scaling is Provision's successor; a function has one of the two.
type Scaling struct {
	MinInstances   int    `json:"minInstances"`
	ResidentPoolID string `json:"residentPoolId"`
}

// Tag marks a resource.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Domain are the props of the component fc3-domain: one address for several functions.
type Domain struct {
	Region      string      `json:"region"`
	DomainName  string      `json:"domainName"` // auto: the component makes one for tests
	AutoCName   bool        `json:"autoCName"`
	Protocol    string      `json:"protocol"` // HTTP, HTTPS, or HTTP,HTTPS
	RouteConfig RouteConfig `json:"routeConfig"`
	CertConfig  *Cert       `json:"certConfig"`
	TLSConfig   *TLS        `json:"tlsConfig"`
	WAFConfig   *WAF        `json:"wafConfig"`
	AuthConfig  *DomainAuth `json:"authConfig"`
}

// RouteConfig holds the routes; see [Domain.Route] for which one serves a path.
type RouteConfig struct {
	Routes []Route `json:"routes"`
}

// Route leads a path to a function.
type Route struct {
	Path         string   `json:"path"` // exact, or ending with /*
	FunctionName string   `json:"functionName"`
	Methods      []string `json:"methods"` // empty: all
	Qualifier    string   `json:"qualifier"`
}

// Cert is a certificate: kept by Alibaba Cloud (CertID), or given.
type Cert struct {
	CertID      int    `json:"certId"`
	CertName    string `json:"certName"`
	Certificate string `json:"certificate"`
	PrivateKey  string `json:"privateKey"`
}

// TLS narrows the versions and ciphers.
type TLS struct {
	MinVersion   string   `json:"minVersion"`
	MaxVersion   string   `json:"maxVersion"`
	CipherSuites []string `json:"cipherSuites"`
}

// WAF turns the web application firewall on.
type WAF struct {
	EnableWAF bool `json:"enableWAF"`
}

// DomainAuth is checked before a route's function.
type DomainAuth struct {
	AuthType string `json:"authType"`
	AuthInfo string `json:"authInfo"`
}

// auto is a value that is the word auto or an object.
type auto interface{ setAuto() }

func (l *Log) setAuto()      { l.Auto = true }
func (v *VPC) setAuto()      { v.Auto = true }
func (n *NAS) setAuto()      { n.Auto = true }
func (o *OSSMount) setAuto() { o.Auto = true }

// UnmarshalJSON takes the word auto too.
func (l *Log) UnmarshalJSON(text []byte) error {
	type plain Log
	return unmarshalAuto(text, l, (*plain)(l))
}

// UnmarshalJSON takes the word auto too.
func (v *VPC) UnmarshalJSON(text []byte) error {
	type plain VPC
	return unmarshalAuto(text, v, (*plain)(v))
}

// UnmarshalJSON takes the word auto too.
func (n *NAS) UnmarshalJSON(text []byte) error {
	type plain NAS
	return unmarshalAuto(text, n, (*plain)(n))
}

// UnmarshalJSON takes the word auto too.
func (o *OSSMount) UnmarshalJSON(text []byte) error {
	type plain OSSMount
	return unmarshalAuto(text, o, (*plain)(o))
}

func unmarshalAuto(text []byte, word auto, plain any) error {
	if string(text) == `"auto"` {
		word.setAuto()
		return nil
	}
	return json.Unmarshal(text, plain)
}
